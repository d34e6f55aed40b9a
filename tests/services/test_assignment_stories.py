"""Assign, move and remove, told as stories. Today is 15 October 2024 unless a story says otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from rebill.model.assignment import AccountEntry, AccountFault
from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.parties.assign_accounts import assign_accounts
from rebill.services.parties.list_assignments import assigned_identifiers, list_assignments
from rebill.services.parties.remove_accounts import remove_accounts
from tests.conftest import SettableClock
from tests.services.steps import TENANT, assign, customer, listed, move, order, remove, stands

ANOTHER = "azure_customer_id is already assigned to another customer"
UNKNOWN = "azure_customer_id not found"
NOT_THEIRS = "azure_customer_id is not assigned to this customer"


@pytest.fixture
def azure_two(installation: Installation, partner: Caller) -> int:
    """The customer "Azure Two" of a partner whose catalogue lists ab123, cd456 and ef789."""
    listed(installation, partner, "ab123", "cd456", "ef789")
    return customer(installation, partner, "Azure Two")


@pytest.fixture
def rival(installation: Installation, partner: Caller, azure_two: int) -> int:
    """The customer "Rival" of the same partner."""
    return customer(installation, partner, "Rival")


def test_an_account_never_assigned_is_assigned_from_the_beginning(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assert assign(installation, partner, azure_two, "ab123") == ["ab123: done [..., ...)"]
    assert stands(installation, partner) == ["ab123: Azure Two [..., ...)"]


def test_one_fault_holds_everything_back(installation: Installation, partner: Caller, azure_two: int) -> None:
    answer = assign(installation, partner, azure_two, "ab123", "fgh345", "cd456")
    assert answer == ["ab123: held back [..., ...)", f"fgh345: {UNKNOWN}", "cd456: held back [..., ...)"]
    assert stands(installation, partner) == []


def test_a_sound_entry_held_back_bears_the_time_of_the_call(
    installation: Installation, partner: Caller, azure_two: int, clock: SettableClock
) -> None:
    outcome = assign_accounts(installation, partner, order(azure_two, "ab123", "fgh345"))
    entry, fault = outcome.entries
    assert isinstance(entry, AccountEntry) and isinstance(fault, AccountFault)
    assert (entry.created_at, entry.updated_at) == (clock.now, clock.now)
    assert outcome.done_count == 0 and outcome.faults == (fault,)


def test_what_is_this_customers_already_stays_true_beside_a_fault(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123")
    answer = assign(installation, partner, azure_two, "ab123", "fgh345", "cd456")
    assert answer == ["ab123: done [..., ...)", f"fgh345: {UNKNOWN}", "cd456: held back [..., ...)"]


def test_ids_are_shown_as_the_catalogue_spells_them_and_faults_as_first_asked(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    answer = assign(installation, partner, azure_two, " AB123\t", "ab123", " Fgh345 ", "FGH345")
    assert answer == ["ab123: held back [..., ...)", f"Fgh345: {UNKNOWN}"]


def test_only_a_to_z_is_folded(installation: Installation, partner: Caller, azure_two: int) -> None:
    listed(installation, partner, "straße-é", partial=True)
    assert assign(installation, partner, azure_two, "STRAßE-é") == ["straße-é: done [..., ...)"]
    assert assign(installation, partner, azure_two, "straße-É") == [f"straße-É: {UNKNOWN}"]


def test_a_repeat_is_a_success_that_changes_nothing(
    installation: Installation, partner: Caller, azure_two: int, clock: SettableClock
) -> None:
    first = assign_accounts(installation, partner, order(azure_two, "ab123"))
    clock.now += timedelta(days=40)
    again = assign_accounts(installation, partner, order(azure_two, "ab123"))
    (made,), (repeated,) = first.entries, again.entries
    assert isinstance(made, AccountEntry)
    assert (repeated, again.done_count) == (made._replace(changes=False), 1)
    assert len(stands(installation, partner)) == 1


def test_a_repeat_that_asks_for_days_within_changes_nothing(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123", effective_from="2024-03-01")
    answer = assign(installation, partner, azure_two, "ab123", effective_from="2024-06-01")
    assert answer == ["ab123: done [2024-03-01, ...)"]
    assert stands(installation, partner) == ["ab123: Azure Two [2024-03-01, ...)"]


def test_to_begin_earlier_than_ones_own_assignment_is_an_overlap(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123", effective_from="2024-03-01")
    answer = assign(installation, partner, azure_two, "ab123", effective_from="2024-02-01")
    assert answer == ["ab123: azure_customer_id overlaps an assignment from 2024-03-01"]


def test_a_move_to_the_same_customer_begins_it_earlier(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123", effective_from="2024-03-01")
    assert move(installation, partner, azure_two, "ab123", effective_from="2024-02-01") == [
        "ab123: done [2024-02-01, ...)"
    ]
    assert stands(installation, partner) == ["ab123: Azure Two [2024-02-01, ...)"]


def test_another_customers_account_is_refused(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, rival, "ab123")
    assert assign(installation, partner, azure_two, "ab123") == [f"ab123: {ANOTHER}"]


def test_only_days_that_overlap_matter(installation: Installation, partner: Caller, azure_two: int, rival: int) -> None:
    """Rival had ab123 until July; Azure Two may have it from July on, not from June."""
    assign(installation, partner, rival, "ab123", effective_from="2024-01-01")
    remove(installation, partner, rival, "ab123", effective_to="2024-07-01")
    answer = assign(installation, partner, azure_two, "ab123", effective_from="2024-06-15")
    assert answer == ["ab123: azure_customer_id overlaps an assignment from 2024-06-15"]
    assert assign(installation, partner, azure_two, "ab123", effective_from="2024-07-01") == [
        "ab123: done [2024-07-01, ...)"
    ]


def test_what_begins_in_the_future_overlaps_but_is_not_yet_assigned(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, rival, "ab123", effective_from="2024-12-01")
    assert assign(installation, partner, azure_two, "ab123") == [
        "ab123: azure_customer_id overlaps an assignment from 2024-12-01"
    ]


def test_assigned_before_it_starts_today(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, rival, "ab123", effective_from="2024-01-01")
    remove(installation, partner, rival, "ab123", effective_to="2024-07-01")
    assert assign(installation, partner, azure_two, "ab123") == ["ab123: done [2024-10-15, ...)"]


def test_assigned_until_a_later_day_it_starts_on_that_day(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, rival, "ab123")
    remove(installation, partner, rival, "ab123", effective_to="2024-11-01")
    assert assign(installation, partner, azure_two, "ab123") == ["ab123: done [2024-11-01, ...)"]
    assert stands(installation, partner) == ["ab123: Rival [..., 2024-11-01)", "ab123: Azure Two [2024-11-01, ...)"]


def test_ones_own_assignment_with_an_end_is_followed_by_the_next(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123")
    remove(installation, partner, azure_two, "ab123", effective_to="2024-11-01")
    for _ in range(2):
        assert assign(installation, partner, azure_two, "ab123") == ["ab123: done [2024-11-01, ...)"]
    assert stands(installation, partner) == ["ab123: Azure Two [..., 2024-11-01)", "ab123: Azure Two [2024-11-01, ...)"]
    assert assign(installation, partner, azure_two, "ab123", effective_from="2020-01-01") == [
        "ab123: done [2024-11-01, ...)"
    ]


def test_a_withdrawn_assignment_counts_as_never_made(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, rival, "ab123")
    assert remove(installation, partner, rival, "ab123", withdraw=True) == ["ab123: done [..., ...)"]
    assert assign(installation, partner, azure_two, "ab123") == ["ab123: done [..., ...)"]


def test_an_end_on_the_first_day_of_all_takes_back_what_began_with_it(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    first = "1900-01-01"
    assign(installation, partner, azure_two, "ab123")
    assert remove(installation, partner, azure_two, "ab123", effective_to=first) == ["ab123: done [..., ...)"]
    assert assign(installation, partner, azure_two, "ab123") == ["ab123: done [..., ...)"]
    assert move(installation, partner, rival, "ab123", effective_from=first) == ["ab123: done [1900-01-01, ...)"]
    assert remove(installation, partner, rival, "ab123", withdraw=True) == ["ab123: done [1900-01-01, ...)"]
    assert assign(installation, partner, azure_two, "ab123") == ["ab123: done [..., ...)"]


def test_removed_today_and_a_repeat_answers_the_fault(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123")
    assert remove(installation, partner, azure_two, "AB123") == ["ab123: done [..., 2024-10-15)"]
    before = stands(installation, partner)
    assert remove(installation, partner, azure_two, "ab123") == [f"ab123: {NOT_THEIRS}"]
    assert stands(installation, partner) == before == ["ab123: Azure Two [..., 2024-10-15)"]


def test_an_end_on_or_before_the_start_takes_the_assignment_back(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    for end in ("2024-03-01", "2024-01-01"):
        assign(installation, partner, azure_two, "ab123", effective_from="2024-03-01")
        assert remove(installation, partner, azure_two, "ab123", effective_to=end) == ["ab123: done [2024-03-01, ...)"]
        assert stands(installation, partner) == []


def test_an_end_in_the_future_and_then_a_sooner_one(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123")
    assert remove(installation, partner, azure_two, "ab123", effective_to="2024-12-01") == [
        "ab123: done [..., 2024-12-01)"
    ]
    for later in ("2024-12-01", "2025-01-01"):
        assert remove(installation, partner, azure_two, "ab123", effective_to=later) == [f"ab123: {NOT_THEIRS}"]
    assert remove(installation, partner, azure_two, "ab123") == ["ab123: done [..., 2024-10-15)"]


def test_what_begins_in_the_future_is_removed_by_taking_it_back(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123", effective_from="2024-12-01")
    assert remove(installation, partner, azure_two, "ab123") == ["ab123: done [2024-12-01, ...)"]
    assert stands(installation, partner) == []


def test_what_begins_in_the_future_may_end_in_the_future(
    installation: Installation, partner: Caller, azure_two: int
) -> None:
    assign(installation, partner, azure_two, "ab123", effective_from="2024-12-01")
    remove(installation, partner, azure_two, "ab123", effective_to="2024-12-24")
    assert stands(installation, partner) == ["ab123: Azure Two [2024-12-01, 2024-12-24)"]


def test_a_removal_leaves_the_past_and_other_customers_alone(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, azure_two, "ab123", effective_from="2024-01-01")
    remove(installation, partner, azure_two, "ab123", effective_to="2024-02-01")
    assign(installation, partner, rival, "ab123", effective_from="2024-02-01")
    assert remove(installation, partner, azure_two, "ab123", withdraw=True) == [f"ab123: {NOT_THEIRS}"]
    assert remove(installation, partner, rival, "ab123", withdraw=True) == ["ab123: done [2024-02-01, ...)"]
    assert stands(installation, partner) == ["ab123: Azure Two [2024-01-01, 2024-02-01)"]


def test_a_removal_with_a_fault_removes_nothing(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, azure_two, "ab123")
    assign(installation, partner, rival, "cd456")
    answer = remove(installation, partner, azure_two, "ab123", "cd456", "nobody")
    assert answer == ["ab123: held back [..., 2024-10-15)", f"cd456: {NOT_THEIRS}", f"nobody: {UNKNOWN}"]
    assert stands(installation, partner) == ["ab123: Azure Two [..., ...)", "cd456: Rival [..., ...)"]


def test_a_move_leaves_no_day_between(installation: Installation, partner: Caller, azure_two: int, rival: int) -> None:
    assign(installation, partner, rival, "ab123")
    assert move(installation, partner, azure_two, "ab123") == ["ab123: done [2024-10-15, ...)"]
    assert stands(installation, partner) == ["ab123: Rival [..., 2024-10-15)", "ab123: Azure Two [2024-10-15, ...)"]
    assert move(installation, partner, azure_two, "ab123") == ["ab123: done [2024-10-15, ...)"]


def test_a_move_to_an_earlier_day_takes_back_what_began_later(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, rival, "ab123", effective_from="2024-05-01")
    move(installation, partner, azure_two, "ab123", effective_from="2024-05-01")
    assert stands(installation, partner) == ["ab123: Azure Two [2024-05-01, ...)"]


def test_a_move_of_what_nobody_has_begins_today(installation: Installation, partner: Caller, azure_two: int) -> None:
    assert move(installation, partner, azure_two, "ab123") == ["ab123: done [2024-10-15, ...)"]


def test_a_dry_run_answers_the_same_and_stores_nothing(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, rival, "cd456")
    assert assign(installation, partner, azure_two, "ab123", dry_run=True) == ["ab123: would [..., ...)"]
    assert assign(installation, partner, azure_two, "ab123", "cd456", dry_run=True) == [
        "ab123: would not [..., ...)",
        f"cd456: {ANOTHER}",
    ]
    assert move(installation, partner, azure_two, "cd456", dry_run=True) == ["cd456: would [2024-10-15, ...)"]
    assert remove(installation, partner, rival, "cd456", dry_run=True) == ["cd456: would [..., 2024-10-15)"]
    assert assign_accounts(installation, partner, order(rival, "cd456", dry_run=True)).done_count == 0
    assert stands(installation, partner) == ["cd456: Rival [..., ...)"]


def test_the_account_record_is_made_once_and_touched_by_each_change(
    installation: Installation, partner: Caller, azure_two: int, rival: int, clock: SettableClock
) -> None:
    begun = clock.now
    assign(installation, partner, azure_two, "ab123")
    clock.now += timedelta(days=1)
    moved = clock.now
    move(installation, partner, rival, "ab123")
    clock.now += timedelta(days=1)
    (entry,) = remove_accounts(installation, partner, order(azure_two, "cd456", "ab123")).entries[1:]
    assert isinstance(entry, AccountFault)
    (old, new) = list_assignments(installation, partner, TENANT, None, Page(), history=True).items
    assert (old.customer_id, old.created_at, old.updated_at) == (azure_two, begun, moved)
    assert (new.customer_id, new.created_at, new.updated_at) == (rival, moved, moved)


def test_days_are_utc(installation: Installation, partner: Caller, azure_two: int, clock: SettableClock) -> None:
    clock.now = datetime.fromisoformat("2024-10-15T23:30:00-05:00")
    assert move(installation, partner, azure_two, "ab123") == ["ab123: done [2024-10-16, ...)"]


def test_lists_show_what_is_in_force_on_a_day(
    installation: Installation, partner: Caller, azure_two: int, rival: int, clock: SettableClock
) -> None:
    assign(installation, partner, rival, "cd456", "ab123")
    move(installation, partner, azure_two, "ab123", effective_from="2024-11-01")

    def names(**more: object) -> list[str]:
        found = list_assignments(installation, partner, TENANT, None, Page(), **more)  # type: ignore[arg-type] # by name
        return [f"{one.identifier} {one.customer_name}" for one in found.items]

    assert names() == ["cd456 Rival", "ab123 Rival"]
    assert names(as_of=datetime(2024, 11, 1, tzinfo=UTC).date()) == ["cd456 Rival", "ab123 Azure Two"]
    assert names(history=True) == ["cd456 Rival", "ab123 Rival", "ab123 Azure Two"]
    assert assigned_identifiers(installation, partner, TENANT, rival) == ["cd456", "ab123"]
    clock.now = datetime(2024, 11, 1, tzinfo=UTC)
    assert assigned_identifiers(installation, partner, TENANT, rival) == ["cd456"]


def test_lists_are_paged_by_number_and_by_key(installation: Installation, partner: Caller, azure_two: int) -> None:
    ids = [f"tenant-{number}" for number in range(7)]
    listed(installation, partner, *ids)
    assign(installation, partner, azure_two, *ids)
    second = list_assignments(installation, partner, TENANT, azure_two, Page(number=2, per_page=3))
    assert [one.identifier for one in second.items] == ids[3:6]
    assert (second.total, second.more) == (7, True)
    rest = list_assignments(installation, partner, TENANT, None, Page(per_page=3, after_id=second.last_id))
    assert ([one.identifier for one in rest.items], rest.total, rest.more) == (ids[6:], None, False)
    beyond = list_assignments(installation, partner, TENANT, None, Page(number=10**18, per_page=1000))
    assert (list(beyond.items), beyond.total, beyond.more) == ([], 7, False)


@pytest.mark.parametrize("identifiers", [(), ("ab123",) * 10_001])
def test_no_ids_and_too_many_are_refused(
    installation: Installation, partner: Caller, azure_two: int, identifiers: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        assign(installation, partner, azure_two, *identifiers)
    assert refused.value.fields == {"azure_customer_ids": "give 1 to 10,000 ids"}


def test_every_id_that_cannot_be_is_named(installation: Installation, partner: Caller, azure_two: int) -> None:
    with pytest.raises(Invalid) as refused:
        assign(installation, partner, azure_two, "ab123", " \t ", "x" * 129, "nul\0", "\ud800", "\U0001f600" * 128)
    assert list(refused.value.fields) == [f"azure_customer_ids[{place}]" for place in (1, 2, 3, 4)]


@pytest.mark.parametrize("customer_id", [7, 2**63, 10**30, -1])
def test_an_unknown_customer_is_not_found(installation: Installation, partner: Caller, customer_id: int) -> None:
    with pytest.raises(NotFound):
        assign(installation, partner, customer_id, "not read")


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.CUSTOMER_READ_ONLY])
def test_readers_may_not_assign(installation: Installation, partner: Caller, azure_two: int, role: Role) -> None:
    own = azure_two if role is Role.CUSTOMER_READ_ONLY else None
    with pytest.raises(Forbidden):
        assign(installation, Caller(partner.partner_id, role, own), azure_two, "ab123")


def test_a_customers_key_sees_its_own_assignments_only(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, azure_two, "ab123")
    assign(installation, partner, rival, "cd456")
    own = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, azure_two)
    seen = list_assignments(installation, own, TENANT, None, Page()).items
    assert [one.identifier for one in seen] == ["ab123"]
    with pytest.raises(NotFound):
        list_assignments(installation, own, TENANT, rival, Page())


def test_lists_stand_in_order_of_creation_though_ids_tell_nothing(
    installation: Installation, partner: Caller, azure_two: int, rival: int, other_partner: Caller
) -> None:
    ids = [f"t{number * 37 % 50}" for number in range(50)]
    for whose in (partner, other_partner):
        listed(installation, whose, *ids)
    foreign = customer(installation, other_partner, "Foreign")
    # All at one moment: acts follow each other, and each keeps the order it was asked in.
    assign(installation, partner, azure_two, *ids[:20])
    assign(installation, other_partner, foreign, *reversed(ids))
    for first in range(20, 50, 2):
        assign(installation, partner, rival, *ids[first : first + 2])
    whole = list_assignments(installation, partner, TENANT, None, Page(per_page=1000)).items
    assert [one.identifier for one in whole] == ids
    assert assigned_identifiers(installation, partner, TENANT, rival) == ids[20:]
    # A cursor that counted would grow with every assignment, whoever's.
    cursors = [one.assignment_id for one in whole]
    assert cursors != sorted(cursors)
    assert all(10**8 <= cursor <= 10**9 for cursor in cursors)


def test_paging_by_key_goes_on_behind_what_has_ended(
    installation: Installation, partner: Caller, azure_two: int, rival: int
) -> None:
    assign(installation, partner, azure_two, "ab123", "cd456")
    assign(installation, partner, azure_two, "ef789")
    first = list_assignments(installation, partner, TENANT, None, Page(per_page=1, after_id=0))
    remove(installation, partner, azure_two, "ab123", withdraw=True)
    then = list_assignments(installation, partner, TENANT, azure_two, Page(after_id=first.last_id))
    assert [one.identifier for one in (*first.items, *then.items)] == ["ab123", "cd456", "ef789"]
    others = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, rival)
    for caller, unknown in ((partner, 5), (partner, 2**63), (others, first.last_id)):
        with pytest.raises(Invalid) as refused:
            list_assignments(installation, caller, TENANT, None, Page(after_id=unknown))
        assert list(refused.value.fields) == ["after_id"]


def test_ten_thousand_ids_at_once(installation: Installation, partner: Caller, azure_two: int, rival: int) -> None:
    ids = [f"tenant-{number:05}" for number in range(10_000)]
    listed(installation, partner, *ids)
    for act in (assign, remove, assign):
        assert all(": done [" in line for line in act(installation, partner, azure_two, *ids))
    with _counted_statements(installation) as statements:
        assert all(": done [" in line for line in move(installation, partner, rival, *ids))
    # A thousand new rows a statement, and every other step in one.
    assert len(statements) < 50
    with _counted_statements(installation) as statements:
        assert assigned_identifiers(installation, partner, AccountKind.AZURE_CUSTOMER, rival) == ids
        assert len(list_assignments(installation, partner, TENANT, None, Page(3, 1000)).items) == 1000
    assert len(statements) < 10


@contextmanager
def _counted_statements(installation: Installation) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(installation.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(installation.database.engine, "before_cursor_execute", note)
