"""What a month needs before it is closed, as one list: each step with what was found and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rebill.model.closing import BlockerKind
from rebill.model.months import BillingMonth
from rebill.model.movement import Alarm


class Step(StrEnum):
    """A step of closing a month, in the order in which they are taken; stable."""

    CATALOGUE = "catalogue"
    DELIVERIES = "deliveries"
    REJECTS = "rejects"
    RECONCILIATION = "reconciliation"
    MOVEMENTS = "movements"
    RUN = "run"
    UNASSIGNED = "unassigned"
    ATTENTION = "attention"
    CLOSE_DAY = "close_day"
    ELECTRONIC_INVOICES = "electronic_invoices"
    STATEMENTS = "statements"
    APPROVALS = "approvals"


STEP_OF: Final[Mapping[BlockerKind, Step]] = {
    BlockerKind.BALANCE_FAILED: Step.RUN,
    BlockerKind.UNASSIGNED_COST: Step.UNASSIGNED,
    BlockerKind.UNBILLED_DELIVERY: Step.DELIVERIES,
    BlockerKind.CLOSE_DAY_NOT_COME: Step.CLOSE_DAY,
    BlockerKind.DELIVERY_MISSING: Step.DELIVERIES,
    BlockerKind.REJECTED_ROWS: Step.REJECTS,
    BlockerKind.LINES_NEED_ATTENTION: Step.ATTENTION,
    BlockerKind.EARLIER_MONTH_NOT_RUN: Step.RUN,
    BlockerKind.OUT_OF_TOLERANCE: Step.RECONCILIATION,
}
"""Which step each blocker belongs to."""


class StepState(StrEnum):
    """How a step stands; stable."""

    DONE = "done"
    LOOK = "look"
    """Something to look at, which holds nothing back."""
    OPEN = "open"
    """Still to be done: the month is not closed before."""


@dataclass(frozen=True)
class ChecklistStep:
    """A step: ``found`` in sentences, ``next_step``: what to do, ``""`` where nothing is."""

    step: Step
    state: StepState
    found: tuple[str, ...]
    next_step: str = ""


@dataclass(frozen=True)
class UnassignedAccount:
    """Cost of a month that is nobody's, by the subscription and the tenant that its lines name (``None`` = neither).

    ``is_new``: the month before had no cost of it, though it had cost.
    """

    subscription: str | None
    azure_customer: str | None
    currency: str
    lines: int
    cost: Decimal
    is_new: bool


@dataclass(frozen=True)
class NewCustomer:
    """An Azure customer that was first listed since the month began, and is assigned to nobody today."""

    azure_customer_id: str
    name: str
    domain: str
    first_seen_at: datetime


@dataclass(frozen=True)
class IncompleteDocument:
    """A document that is no electronic invoice, or would be none; ``fields``: what it lacks, each with what is needed.

    ``is_issued``: then it stays so, since it keeps what it was issued with. ``is_correction``: it is the note
    that is to correct ``statement_id``.
    """

    statement_id: int
    customer_id: int
    customer_name: str
    is_issued: bool
    fields: Mapping[str, str]
    is_correction: bool = False


@dataclass(frozen=True)
class MonthChecklist:
    """All that a month needs.

    ``unassigned``, ``new_customers`` and ``incomplete``: the first of ``unassigned_count``, ``new_customer_count`` and
    ``incomplete_count``.
    """

    month: BillingMonth
    steps: tuple[ChecklistStep, ...]
    unassigned: tuple[UnassignedAccount, ...]
    unassigned_count: int
    new_customers: tuple[NewCustomer, ...]
    new_customer_count: int
    alarms: tuple[Alarm, ...]
    incomplete: tuple[IncompleteDocument, ...]
    incomplete_count: int

    @property
    def is_done(self) -> bool:
        """Whether no step is open: the month is closed, or has nothing to close."""
        return all(one.state is not StepState.OPEN for one in self.steps)

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands in the way of finalizing."""
        after = (Step.STATEMENTS, Step.APPROVALS)
        return all(one.state is not StepState.OPEN for one in self.steps if one.step not in after)
