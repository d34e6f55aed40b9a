"""What an act does to the assignments of one account: pure, decided day by day.

An act is planned from what stands (every assignment of the account that is not withdrawn, whoever the
customer) and is either a ``Plan`` or the sentence of a ``Fault``. The rules stand in ``docs/api.md``
(Azure account assignment).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from rebill.model.assignment import ASSIGNED_TO_ANOTHER, NOT_ASSIGNED, OVERLAPS, AssignmentOrder, Days
from rebill.model.audit import Act
from rebill.model.months import EARLIEST_DAY, BillingMonth
from rebill.store.accounts import KnownAccount
from rebill.store.assignments import StoredAssignment


@dataclass(frozen=True)
class Fault:
    """Why an act cannot be: a sentence with ``{account}`` where the kind of account belongs."""

    sentence: str


@dataclass(frozen=True)
class Plan:
    """What an act changes. ``shown``: the days that the answer tells; ``begins``: days of a new assignment.

    ``ends``: assignments that end before ``end_day``; ``withdraws``: those taken back as if never made.
    """

    shown: Days
    begins: Days | None = None
    ends: tuple[StoredAssignment, ...] = ()
    end_day: date | None = None
    withdraws: tuple[StoredAssignment, ...] = ()

    @cached_property  # Ten thousand accounts share one plan, and each asks.
    def changes(self) -> bool:
        """Whether anything is to be stored at all."""
        return self.begins is not None or bool(self.ends) or bool(self.withdraws)

    @property
    def first_changed(self) -> date:
        """The first day that changes hands; ``date.min`` where that is from the beginning."""
        spans = [stored.days for stored in self.withdraws] + ([] if self.begins is None else [self.begins])
        days = [span.first or date.min for span in spans] + ([] if self.end_day is None else [self.end_day])
        return min(days, default=date.max)


class ChangingAccount(NamedTuple):
    """An account whose assignments an act changes: what stood, and the plan that changes it."""

    account: KnownAccount
    standing: Sequence[StoredAssignment]
    plan: Plan


Planner = Callable[[Sequence[StoredAssignment], date, BillingMonth | None], Plan | Fault]
"""Plans an act on one account from what stands, today, and the first month that is not closed for the customer."""


def planner_of(act: Act, order: AssignmentOrder) -> Planner:
    """How an act (assign, move or remove) on each account of an order is planned."""

    def planner(standing: Sequence[StoredAssignment], today: date, first_open: BillingMonth | None) -> Plan | Fault:
        if act is Act.MOVE_ACCOUNTS:
            return plan_move(order.customer_id, standing, order.effective_from, today)
        if act is Act.REMOVE_ACCOUNTS:
            return plan_remove(order.customer_id, standing, order.effective_to, order.withdraw, today)
        return plan_assign(order.customer_id, standing, order.effective_from, today, first_open)

    return planner


def owners_after(customer_id: int, standing: Sequence[StoredAssignment], plan: Plan) -> list[tuple[int, Days]]:
    """Whose the account is from when to when (customer id, days), once ``plan`` for ``customer_id`` is carried out."""
    left = [(stored.customer_id, stored.days) for stored in standing if stored not in (*plan.ends, *plan.withdraws)]
    left += [(stored.customer_id, Days(stored.days.first, plan.end_day)) for stored in plan.ends]
    return left if plan.begins is None else [*left, (customer_id, plan.begins)]


def changed_days(plan: Plan) -> set[date]:
    """The days on which ``plan`` begins or ends anything: on no other day does it make a change of owner."""
    made = [stored.days for stored in plan.withdraws] + ([] if plan.begins is None else [plan.begins])
    edges = [edge for days in made for edge in (days.first, days.until)]
    edges += [plan.end_day, *(stored.days.until for stored in plan.ends)]
    return {edge for edge in edges if edge is not None}


def first_day_by_default(
    standing: Sequence[StoredAssignment], today: date, first_open_month: BillingMonth | None
) -> date | None:
    """Where an assignment starts when nobody says so.

    An account never assigned (withdrawn counts as never) starts with the first month that is not closed for
    the partner, and from the beginning (``None``) where no month is closed (``first_open_month`` is ``None``).
    One assigned before starts today, or on the greatest end of its assignments if that is later.
    """
    if not standing:
        return None if first_open_month is None else first_open_month.first_day
    return max([today, *(stored.days.until for stored in standing if stored.days.until is not None)])


def plan_assign(
    customer_id: int,
    standing: Sequence[StoredAssignment],
    effective_from: date | None,
    today: date,
    first_open_month: BillingMonth | None = None,
) -> Plan | Fault:
    """Assign an account to a customer from ``effective_from`` (or its default) on, without end.

    The wanted days are all days from there on. When every one of them is this customer's already, in one
    assignment or in several without a gap, the act succeeds and changes nothing; it then shows the last of them.
    Otherwise any assignment on a wanted day is a fault, this customer's own too: to begin earlier than
    an own assignment does, or to close a gap, is a move. So without ``effective_from``: an open assignment that
    has begun is a success that changes nothing; one with an end is followed by a new one from that end on; one
    that begins in the future is an overlap.
    """
    first = effective_from or first_day_by_default(standing, today, first_open_month)
    wanted = Days(first)
    own = _last_of_unbroken(customer_id, standing, wanted)
    if own is not None:
        return Plan(shown=own.days)
    in_the_way = [stored for stored in standing if stored.days.overlaps(wanted)]
    if any(stored.customer_id != customer_id and stored.days.covers(today) for stored in in_the_way):
        return Fault(ASSIGNED_TO_ANOTHER)
    if in_the_way:
        first_days = [max(stored.days.first or date.min, first or date.min) for stored in in_the_way]
        return Fault(OVERLAPS.replace("{first_day}", min(first_days).isoformat()))
    return Plan(shown=wanted, begins=wanted)


def plan_move(
    customer_id: int, standing: Sequence[StoredAssignment], effective_from: date | None, today: date
) -> Plan | Fault:
    """Give an account to a customer from ``effective_from`` (default today) on, whoever has it.

    What stands on or after that day ends before it, or is taken back where it starts no earlier; the
    customer's begins on it, so no day lies between. Already this customer's on every wanted day: a
    success that changes nothing. An account that nobody has simply begins.
    """
    day = effective_from or today
    wanted = Days(day)
    own = _last_of_unbroken(customer_id, standing, wanted)
    if own is not None:
        return Plan(shown=own.days)
    ends, withdraws = _cut(standing, day)
    return Plan(shown=wanted, begins=wanted, ends=ends, end_day=day, withdraws=withdraws)


def plan_remove(
    customer_id: int, standing: Sequence[StoredAssignment], effective_to: date | None, withdraw: bool, today: date
) -> Plan | Fault:
    """End a customer's assignment before ``effective_to`` (default today), or take it back.

    This acts on what the customer has today or later: the assignment in force and any that follows it, or,
    where none is in force, those that begin in the future. What ended before today stays as it was. Each ends on
    the day, or is taken back where it starts no earlier (``withdraw``: in any case). When nothing of it lasts
    to the day, it is removed already: the fault, so a repeat answers the fault.
    """
    own = [
        stored
        for stored in standing
        if stored.customer_id == customer_id and (stored.days.until is None or stored.days.until > today)
    ]
    if withdraw:
        return Plan(shown=own[0].days, withdraws=tuple(own)) if own else Fault(NOT_ASSIGNED)
    day = effective_to or today
    ends, withdraws = _cut(own, day)
    if not ends and not withdraws:
        return Fault(NOT_ASSIGNED)
    shown = Days(ends[0].days.first, day) if ends else withdraws[0].days
    return Plan(shown=shown, ends=ends, end_day=day, withdraws=withdraws)


def _cut(
    standing: Sequence[StoredAssignment], day: date
) -> tuple[tuple[StoredAssignment, ...], tuple[StoredAssignment, ...]]:
    """Those that must end before ``day``, and those that must go because they start no earlier."""
    lasting = [stored for stored in standing if stored.days.until is None or stored.days.until > day]
    # What stands from the beginning covers no day before the first one that there is.
    ends = tuple(stored for stored in lasting if (stored.days.first or EARLIEST_DAY) < day)
    return ends, tuple(stored for stored in lasting if stored not in ends)


def _last_of_unbroken(customer_id: int, standing: Sequence[StoredAssignment], wanted: Days) -> StoredAssignment | None:
    """The open assignment of the customer that, with those just before it, holds every wanted day; else ``None``.

    ``wanted`` has no end; ``standing`` is in order of days.
    """
    last = None
    for stored in standing:
        if stored.customer_id != customer_id:
            last = None
            continue
        follows = last is not None and stored.days.first == last.days.until
        holds_start = stored.days.first is None or (wanted.first is not None and stored.days.first <= wanted.first)
        last = stored if follows or holds_start else None
    return last if last is not None and last.days.until is None else None
