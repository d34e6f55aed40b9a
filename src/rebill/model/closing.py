"""Closing a month: the partner's rules for it, what stands in its way, and the act itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.reconciliation import Tolerance

GREATEST_CLOSE_DAY = 28
"""Every month has it."""


class Numbering(StrEnum):
    """Who gives issued documents their numbers."""

    GAPLESS = "gapless"
    """rebill: without a gap for each partner, year and series, in the transaction that issues."""
    EXTERNAL = "external"
    """The partner's own system, afterwards."""


class LateCost(StrEnum):
    """How a correction of an issued month reaches the customer."""

    NOTE = "note"
    """As a credit or debit note of its own."""
    NEXT = "next"
    """As a block on the next statement."""


@dataclass(frozen=True)
class ClosingSettings:
    """A partner's rules for closing its months.

    ``unassigned_threshold``: the greatest unassigned cost of a month and currency, in that currency, either side
    of 0. ``close_day``: the day of the following month from which on a month may be closed, 1 to 28.
    ``needs_approval``: a second person approves what is issued. ``late_cost``: for customers whose terms say nothing.
    ``tolerance_percent`` and ``tolerance_amount``: as ``Tolerance`` has them. ``movement_percent``: what moves more
    than this from month to month is odd.
    """

    unassigned_threshold: Decimal = ZERO
    close_day: int = 1
    needs_approval: bool = False
    numbering: Numbering = Numbering.GAPLESS
    late_cost: LateCost = LateCost.NOTE
    tolerance_percent: Decimal = Decimal("0.5")
    tolerance_amount: Decimal = Decimal(5)
    movement_percent: Decimal = Decimal(25)

    @property
    def tolerance(self) -> Tolerance:
        """How much imported cost may differ from Microsoft's invoices."""
        return Tolerance(self.tolerance_percent, self.tolerance_amount)

    def closes_on(self, month: BillingMonth) -> date:
        """The first day on which ``month`` may be closed."""
        return month.following.first_day.replace(day=self.close_day)


class BlockerKind(StrEnum):
    """Why a month is not closed unless somebody says why it may be all the same; stable."""

    BALANCE_FAILED = "balance_failed"
    UNASSIGNED_COST = "unassigned_cost"
    UNBILLED_DELIVERY = "unbilled_delivery"
    CLOSE_DAY_NOT_COME = "close_day_not_come"
    DELIVERY_MISSING = "delivery_missing"
    REJECTED_ROWS = "rejected_rows"
    LINES_NEED_ATTENTION = "lines_need_attention"
    EARLIER_MONTH_NOT_RUN = "earlier_month_not_run"
    OUT_OF_TOLERANCE = "out_of_tolerance"


@dataclass(frozen=True)
class Blocker:
    """One thing in the way of closing a month: ``sentence`` says what, and what to do about it."""

    kind: BlockerKind
    sentence: str


def blocker_fields(blockers: tuple[Blocker, ...]) -> Mapping[str, str]:
    """Blockers as the fields of a refusal; several of a kind are numbered."""
    fields: dict[str, str] = {}
    for blocker in blockers:
        same = sum(name.split(" ")[0] == blocker.kind for name in fields)
        fields[blocker.kind.value + (f" {same + 1}" if same else "")] = blocker.sentence
    return fields


class ClosingAct(StrEnum):
    """What issues documents."""

    FINALIZE = "finalize"
    CORRECT = "correct"
    VOID = "void"

    @property
    def needs_reason(self) -> bool:
        """Whether it is never done without saying why."""
        return self is not ClosingAct.FINALIZE


@dataclass(frozen=True)
class ClosingOrder:
    """A month to act on: all of its statements, or one customer's.

    ``reason``: to finalize, why whatever stands in the way does not hold it back; to correct or void, why it is done.
    ``statement_id``: of a void, what it takes back.
    """

    act: ClosingAct
    month: BillingMonth
    customer_id: int | None = None
    reason: str = ""
    statement_id: int | None = None


@dataclass(frozen=True)
class Closing:
    """An act that issued documents, or waits for a second person to approve it (``closed_by`` is ``""``).

    ``blockers``: what stood in the way and was overridden by the order's reason. ``requested_by`` and ``closed_by``
    name a user, a key, or somebody at the command line.
    """

    closing_id: int
    order: ClosingOrder
    blockers: tuple[Blocker, ...]
    documents_sha256: str
    requested_by: str
    requested_at: datetime
    closed_by: str = ""
    closed_at: datetime | None = None

    @property
    def waits(self) -> bool:
        return not self.closed_by
