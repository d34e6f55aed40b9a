"""Usage of more than a day across a change of owner: it stays whole with the owner on its first day, and is shown."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from rebill.model.months import BillingMonth

LINES_LISTED: Final = 100
"""How many such lines an answer lists; all of them are counted."""


@dataclass(frozen=True)
class SpanningLine:
    """A line and where it came from. ``changes_on``: the first day on which the account is another owner's.

    ``commitment``: the one it names. ``charge_kind``: what a line that names no account may be allocated by; else
    ``None``. ``start`` and ``end``: its charge period, the end not included. ``billed_cost`` in ``currency``.
    """

    data_set_id: int
    month: BillingMonth
    source_file: str
    source_row: int
    subscription: str | None
    azure_customer: str | None
    commitment: str | None
    charge_kind: str | None
    start: datetime
    end: datetime
    changes_on: date
    billed_cost: Decimal
    currency: str


@dataclass(frozen=True)
class SpanningUsage:
    """The lines across the changes of owner that an act makes: how many, and the first ``LINES_LISTED`` of them.

    ``fault``: why the cost could not be read, where it could not: then nothing is known of such lines.
    """

    count: int = 0
    lines: tuple[SpanningLine, ...] = ()
    fault: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether there is anything to tell."""
        return self.count > 0 or self.fault is not None


NO_SPANNING_USAGE: Final = SpanningUsage()
