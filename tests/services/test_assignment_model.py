"""Random acts against a model small enough to see through: who owns which account on which day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from rebill.model.assignment import AssignmentOrder, AssignmentOutcome
from rebill.model.listing import Page
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.keeping.initialise import create_partner
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.remove_accounts import remove_accounts
from rebill.store.tables import partners
from tests.conftest import SettableClock
from tests.services.steps import TENANT, customer, listed

FIRST_DAY = date(2024, 1, 1)
LAST = 12
"""The model's days are 0 to 12; 12 stands for every later day, too."""
ACCOUNTS = ("first", "second")
Begun = tuple[str, int]
"""The owner of a day: the customer's name, and the number of the act that made it so."""
DayOwners = list[Begun | None]

Act = tuple[str, int, int, frozenset[str], int | None, bool]
ACT = st.tuples(
    st.sampled_from(["assign", "move", "remove"]),
    st.integers(0, 2),
    st.integers(0, 2),
    st.frozensets(st.sampled_from(ACCOUNTS), min_size=1),
    st.none() | st.integers(1, LAST - 1),
    st.booleans(),
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(acts=st.lists(ACT, min_size=1, max_size=12))
def test_any_acts_leave_what_the_model_says(installation: Installation, clock: SettableClock, acts: list[Act]) -> None:
    """``act, customer, days that pass before, accounts, day, withdraw``; time starts on day 1."""
    partner, names = _new_partner(installation, clock)
    owners: dict[str, DayOwners] = {account: [None] * (LAST + 1) for account in ACCOUNTS}
    today = 1
    for number, (name, who, passing, accounts, day, withdraw) in enumerate(acts):
        today = min(today + passing, LAST - 1)
        clock.now = datetime(2024, 1, 1, 9, tzinfo=UTC) + timedelta(days=today)
        customer_id = list(names)[who]
        begun = (names[customer_id], number)
        expected = {account: MODEL[name](owners[account], begun, day, today, withdraw) for account in accounts}
        outcome = _act(installation, partner, name, customer_id, sorted(accounts), day, withdraw)
        refused = {account for account, after in expected.items() if after is None}
        assert {fault.identifier for fault in outcome.faults} == refused
        if not refused:
            owners |= {account: after for account, after in expected.items() if after is not None}
        named = {account: [owner and owner[0] for owner in days] for account, days in owners.items()}
        assert _stored(installation, partner) == named


def _assigned(days: DayOwners, begun: Begun, day: int | None, today: int, _withdraw: bool) -> DayOwners | None:
    start = day if day is not None else _default_start(days, today)
    if all(owner is not None and owner[0] == begun[0] for owner in days[start:]):
        return days
    if any(owner is not None for owner in days[start:]):
        return None
    return days[:start] + [begun] * (LAST + 1 - start)


def _default_start(days: DayOwners, today: int) -> int:
    if all(owner is None for owner in days):
        return 0
    ends = [day + 1 for day in range(LAST) if days[day] is not None and days[day + 1] != days[day]]
    return max([today, *ends])


def _moved(days: DayOwners, begun: Begun, day: int | None, today: int, _withdraw: bool) -> DayOwners | None:
    start = today if day is None else day
    if all(owner is not None and owner[0] == begun[0] for owner in days[start:]):
        return days
    return days[:start] + [begun] * (LAST + 1 - start)


def _removed(days: DayOwners, begun: Begun, day: int | None, today: int, withdraw: bool) -> DayOwners | None:
    """What lasts beyond today loses its days from the end on, or all of them when withdrawn."""
    end = today if day is None else day
    lasting = {owner for owner in days[today:] if owner is not None and owner[0] == begun[0]}
    after = [None if owner in lasting and (withdraw or number >= end) else owner for number, owner in enumerate(days)]
    return None if after == days else after


Model = Callable[[DayOwners, Begun, int | None, int, bool], DayOwners | None]
MODEL: dict[str, Model] = {"assign": _assigned, "move": _moved, "remove": _removed}
"""The owners of an account's days after an act; ``None`` = the act is refused."""


def _new_partner(installation: Installation, clock: SettableClock) -> tuple[Caller, dict[int, str]]:
    clock.now += timedelta(seconds=1)
    with installation.database.reading() as connection:
        number = connection.scalar(select(func.count()).select_from(partners))
    partner = Caller(create_partner(installation, f"Partner {number}").partner_id, Role.ADMIN)
    listed(installation, partner, *ACCOUNTS)
    return partner, {customer(installation, partner, name): name for name in ("Ann", "Bob", "Cy")}


def _act(
    installation: Installation,
    partner: Caller,
    name: str,
    customer_id: int,
    accounts: list[str],
    day: int | None,
    withdraw: bool,
) -> AssignmentOutcome:
    on = None if day is None else FIRST_DAY + timedelta(days=day)
    if name == "remove":
        end = None if withdraw else on
        order = AssignmentOrder(TENANT, customer_id, tuple(accounts), effective_to=end, withdraw=withdraw)
        return remove_accounts(installation, partner, order)
    order = AssignmentOrder(TENANT, customer_id, tuple(accounts), effective_from=on)
    return (assign_accounts if name == "assign" else move_accounts)(installation, partner, order)


def _stored(installation: Installation, partner: Caller) -> dict[str, list[str | None]]:
    """Who owns each day, read through the list ``as_of`` that day."""
    owners: dict[str, list[str | None]] = {account: [None] * (LAST + 1) for account in ACCOUNTS}
    for day in range(LAST + 1):
        on = FIRST_DAY + timedelta(days=day)
        for one in list_assignments(installation, partner, TENANT, None, Page(), as_of=on).items:
            owners[one.identifier][day] = one.customer_name
    return owners
