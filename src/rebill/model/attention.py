"""Lines of a month that a person must look at, and the act of accepting them as they are (``docs/closing.md``)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from rebill.model.money import text_of
from rebill.model.months import BillingMonth, instant_text
from rebill.model.rating import Attention


@dataclass(frozen=True)
class LineToAccept:
    """What an acceptance holds for: the source row, what is to be looked at in it, and whose it is.

    ``source_sha256``: of the source file. ``customer_id``: ``None`` where the line is nobody's. The same row of the
    same file, of another customer or for another cause, is another line.
    """

    kind: Attention
    source_sha256: str
    source_row: int
    customer_id: int | None


@dataclass(frozen=True)
class AttentionLine:
    """A line that needs attention, as a run found it; ``start`` and ``end``: its charge period."""

    line: LineToAccept
    data_set_id: int
    source_file: str
    subscription: str | None
    azure_customer: str | None
    start: datetime
    end: datetime | None
    billed_cost: Decimal
    currency: str

    @property
    def place(self) -> str:
        """Where it stands, as orders name it: ``FILE:ROW``."""
        return f"{self.source_file}:{self.line.source_row}"

    def document(self, accepted: bool) -> dict[str, Any]:
        """As commands and calls show it."""
        return {
            "kind": self.line.kind.value,
            "line": self.place,
            "dataset_id": self.data_set_id,
            "customer_id": self.line.customer_id,
            "subscription": self.subscription,
            "azure_customer_id": self.azure_customer,
            "charge_period_start": instant_text(self.start),
            "charge_period_end": None if self.end is None else instant_text(self.end),
            "billed_cost": text_of(self.billed_cost),
            "currency": self.currency,
            "accepted": accepted,
        }


@dataclass(frozen=True)
class AttentionList:
    """Lines of a month's last run that need attention: the first of them, and how many of each kind there are.

    ``accepted``: those of ``lines`` that are. ``counts`` and ``open_counts`` by kind.
    """

    month: BillingMonth
    run_id: int
    lines: tuple[AttentionLine, ...]
    accepted: frozenset[LineToAccept]
    counts: dict[str, int]
    open_counts: dict[str, int]

    def document(self) -> dict[str, Any]:
        """As commands and calls show it."""
        return {
            "period": str(self.month),
            "run_id": self.run_id,
            "attention": self.counts,
            "open_attention": self.open_counts,
            "lines": [one.document(one.line in self.accepted) for one in self.lines],
        }


@dataclass(frozen=True)
class AcceptanceOrder:
    """Which lines of a month are accepted, or opened again, and why; what is left out does not narrow them down.

    ``places``: ``FILE:ROW`` of single lines.
    """

    month: BillingMonth
    reason: str
    kind: Attention | None = None
    customer_id: int | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Acceptance:
    """What an act accepted: its id (``None``: nothing was open), how many lines, and what is open still, by kind."""

    acceptance_id: int | None
    month: BillingMonth
    accepted_count: int
    open_counts: dict[str, int]


@dataclass(frozen=True)
class Reopening:
    """How many accepted lines an act opened again, and what is open now, by kind."""

    month: BillingMonth
    reopened_count: int
    open_counts: dict[str, int]
