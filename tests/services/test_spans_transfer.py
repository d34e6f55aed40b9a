"""An act that changes whose an account is lists the usage of several days that goes on across the change."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from rebill.api import azure_accounts
from rebill.api.allocations import act_answer
from rebill.model.assignment import AccountFault, AssignmentOrder, AssignmentOutcome
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.months import parse_day
from rebill.model.party import Caller
from rebill.model.rating import Attention
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.remove_accounts import remove_accounts
from rebill.store.tables import data_sets
from tests.conftest import SettableClock
from tests.services.accountant import Accountant
from tests.services.months import charge
from tests.services.steps import listed

ACROSS_MIDNIGHT = {"ChargePeriodStart": "2024-09-14T23:30:00Z", "ChargePeriodEnd": "2024-09-15T00:30:00Z"}
TENANT = AccountKind.AZURE_CUSTOMER
SUBSCRIPTION = AccountKind.SUBSCRIPTION
COMMITMENT = AccountKind.COMMITMENT
CHARGE_KIND = AccountKind.CHARGE_KIND


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def usage(
    first: str,
    until: str,
    cost: str = "10",
    subscription: str = "s-1",
    tenant: str = "",
    commitment: str = "",
    status: str = "",
) -> dict[str, str]:
    """Usage from a day up to, not including, another."""
    of_commitment = {"CommitmentDiscountId": commitment, "CommitmentDiscountStatus": status}
    end = f"{until}T00:00:00Z"
    return charge(
        first, cost, cost, SubAccountId=subscription, x_CustomerId=tenant, ChargePeriodEnd=end, **of_commitment
    )


def ordered(
    customer_id: int, *ids: str, kind: AccountKind = SUBSCRIPTION, dry_run: bool = False, **days: str
) -> AssignmentOrder:
    parsed: dict[str, Any] = {name: parse_day(day) for name, day in days.items()}
    return AssignmentOrder(kind, customer_id, ids, dry_run=dry_run, **parsed)


def move(
    month: Accountant, customer_id: int, day: str, *ids: str, kind: AccountKind = SUBSCRIPTION, dry_run: bool = False
) -> AssignmentOutcome:
    order = ordered(customer_id, *ids, kind=kind, dry_run=dry_run, effective_from=day)
    return move_accounts(month.installation, month.caller, order)


def told(outcome: AssignmentOutcome) -> list[str]:
    """``row account first..until changes-on cost`` of each line that is listed."""
    found = outcome.spans_transfer
    assert found.count == len(found.lines)
    return [
        f"{line.source_row} {line.subscription or line.azure_customer or line.charge_kind} "
        f"{line.start.date()}..{line.end.date()} {line.changes_on} {line.billed_cost.normalize():f} {line.currency}"
        for line in found.lines
    ]


def test_a_move_lists_usage_across_the_day_it_changes_hands_and_nothing_else(month: Accountant) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(
        usage("2024-09-10", "2024-09-20"),
        usage("2024-09-10", "2024-09-15", "3"),
        usage("2024-09-14", "2024-09-15", "1"),
        # Across midnight, but of an hour: it is its first day's.
        charge("2024-09-14", "4", "4", SubAccountId="s-1", **ACROSS_MIDNIGHT),
        usage("2024-09-15", "2024-09-18", "2"),
        usage("2024-09-13", "2024-09-16", "7", subscription="s-2"),
        charge("2024-09-01", "5", "5", SubAccountId="s-1", ChargePeriodEnd="2024-10-01", ChargeCategory="Purchase"),
    )
    month.subscriptions(first, "s-1", "s-2")
    outcome = move(month, second, "2024-09-15", "s-1")
    assert told(outcome) == ["1 s-1 2024-09-10..2024-09-20 2024-09-15 10 USD"]
    (data_set,) = list_data_sets(month.installation, month.caller)
    (line,) = outcome.spans_transfer.lines
    assert (line.data_set_id, line.month, line.source_file) == (
        data_set.data_set_id,
        data_set.billing_month,
        "cost.csv",
    )
    assert month.run().attention == ((Attention.SPANS_TRANSFER, 1),)
    assert told(move(month, second, "2024-09-15", "s-1")) == []


@pytest.fixture
def reservation(month: Accountant) -> Accountant:
    """Usage of a reservation that names no account, of ten days and of one; a support plan's; a subscription's own."""
    of_reservation = {"commitment": "R-1", "status": "Unused"}
    month.cost(
        usage("2024-09-10", "2024-09-20", subscription="", **of_reservation),
        usage("2024-09-14", "2024-09-15", "1", subscription="", **of_reservation),
        usage("2024-09-12", "2024-09-18", "3", subscription="", commitment="R-2", status="Unused"),
        usage("2024-09-11", "2024-09-19", "5", subscription=""),
        usage("2024-09-10", "2024-09-20", "7", subscription="s-1", **of_reservation),
    )
    return month


def test_an_allocation_that_moves_lists_usage_that_names_its_commitment_and_no_account(reservation: Accountant) -> None:
    first, second = reservation.customer("First"), reservation.customer("Second")
    assert told(move(reservation, first, "2024-09-01", "r-1", kind=COMMITMENT)) == []
    tried = move(reservation, second, "2024-09-15", "r-1", kind=COMMITMENT, dry_run=True)
    outcome = move(reservation, second, "2024-09-15", "r-1", kind=COMMITMENT)
    assert told(tried) == told(outcome) == ["1 unused_commitment 2024-09-10..2024-09-20 2024-09-15 10 USD"]
    (line,) = outcome.spans_transfer.lines
    assert (line.commitment, line.subscription, line.azure_customer) == ("R-1", None, None)
    (shown,) = act_answer(outcome, ["r-1"]).model_dump()["spans_transfer"]["lines"]
    assert (shown["commitment_discount_id"], shown["charge_kind"]) == ("R-1", "unused_commitment")
    assert reservation.run().attention == ((Attention.SPANS_TRANSFER, 1),)


def test_a_kind_that_is_allocated_lists_usage_that_no_commitment_of_somebody_covers(reservation: Accountant) -> None:
    first, second = reservation.customer("First"), reservation.customer("Second")
    move(reservation, first, "2024-09-01", "r-1", kind=COMMITMENT)
    begun = move(reservation, second, "2024-09-16", "unused_commitment", "usage", kind=CHARGE_KIND)
    assert told(begun) == [
        "3 unused_commitment 2024-09-12..2024-09-18 2024-09-16 3 USD",
        "4 usage 2024-09-11..2024-09-19 2024-09-16 5 USD",
    ]
    assert reservation.run().attention == ((Attention.SPANS_TRANSFER, 2),)
    ended = ordered(second, "usage", kind=CHARGE_KIND, effective_to="2024-09-18")
    assert told(remove_accounts(reservation.installation, reservation.caller, ended)) == [
        "4 usage 2024-09-11..2024-09-19 2024-09-18 5 USD"
    ]


def test_a_dry_run_lists_the_same_and_stores_nothing(month: Accountant) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(usage("2024-09-10", "2024-09-20"))
    month.subscriptions(first, "s-1")
    tried = move(month, second, "2024-09-15", "s-1", dry_run=True)
    assert told(tried) == ["1 s-1 2024-09-10..2024-09-20 2024-09-15 10 USD"]
    assert month.run().attention == ()
    assert told(move(month, second, "2024-09-15", "s-1")) == told(tried)


def test_an_assignment_that_begins_or_ends_within_usage_lists_it(month: Accountant, clock: SettableClock) -> None:
    first = month.customer("First")
    month.cost(usage("2024-09-10", "2024-09-20"), usage("2024-09-01", "2024-09-03"))
    begun = assign_accounts(month.installation, month.caller, ordered(first, "s-1", effective_from="2024-09-12"))
    assert told(begun) == ["1 s-1 2024-09-10..2024-09-20 2024-09-12 10 USD"]
    ended = remove_accounts(month.installation, month.caller, ordered(first, "s-1", effective_to="2024-09-18"))
    assert told(ended) == ["1 s-1 2024-09-10..2024-09-20 2024-09-18 10 USD"]
    clock.now = datetime(2024, 9, 13, tzinfo=UTC)
    withdrawn = AssignmentOrder(SUBSCRIPTION, first, ("s-1",), withdraw=True)
    assert told(remove_accounts(month.installation, month.caller, withdrawn)) == []


def test_a_faulty_request_lists_nothing(month: Accountant) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(usage("2024-09-10", "2024-09-20"))
    month.subscriptions(first, "s-1")
    outcome = move(month, second, "2024-09-15", "s-1", "nobody")
    assert outcome.faults
    assert told(outcome) == []


def test_the_tenants_transfer_does_not_concern_a_subscription_that_is_bound_by_itself(month: Accountant) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(usage("2024-09-10", "2024-09-20", tenant="t-1"), usage("2024-09-10", "2024-09-20", "4", "s-2", "t-1"))
    listed(month.installation, month.caller, "t-1")
    month.subscriptions(first, "s-1")
    assign_accounts(month.installation, month.caller, ordered(first, "t-1", kind=TENANT))
    order = ordered(second, "t-1", kind=TENANT, effective_from="2024-09-15")
    assert told(move_accounts(month.installation, month.caller, order)) == [
        "2 s-2 2024-09-10..2024-09-20 2024-09-15 4 USD"
    ]
    assert month.run().attention == ((Attention.SPANS_TRANSFER, 1),)


def test_many_lines_are_counted_and_the_first_hundred_listed(month: Accountant) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(*(usage("2024-09-10", "2024-09-20", str(number)) for number in range(1, 131)))
    month.subscriptions(first, "s-1")
    found = move(month, second, "2024-09-15", "s-1").spans_transfer
    assert found.count == 130
    assert [line.source_row for line in found.lines] == list(range(1, 101))


def test_data_sets_know_their_longest_usage_and_those_of_before_are_looked_into(month: Accountant) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(usage("2024-09-10", "2024-09-11", subscription="s-2"), scope="short", name="short.csv")
    month.cost(
        usage("2024-09-10", "2024-09-20"),
        charge("2024-09-01", "5", "5", SubAccountId="s-1", ChargePeriodEnd="2024-12-01", ChargeCategory="Purchase"),
        scope="long",
        name="long.csv",
    )
    kept = {found.scope: found.greatest_usage_days for found in list_data_sets(month.installation, month.caller)}
    assert kept == {"short": 1, "long": 10}
    with month.installation.database.writing() as connection:
        connection.execute(update(data_sets).values(greatest_usage_days=None))
    month.subscriptions(first, "s-1")
    assert told(move(month, second, "2024-09-15", "s-1")) == ["1 s-1 2024-09-10..2024-09-20 2024-09-15 10 USD"]


def _damage(month: Accountant, how: str) -> None:
    (part,) = (found for data_set in list_data_sets(month.installation, month.caller) for found in data_set.parts)
    file = month.installation.lake_folder / part.path
    if how == "gone":
        file.unlink()
    else:
        content = file.read_bytes()
        file.write_bytes(content[:4] + bytes(len(content) // 2) + content[len(content) // 2 + 4 :])


@pytest.mark.parametrize("how", ["gone", "overwritten"])
def test_an_act_stands_and_says_so_although_the_lake_is_damaged(month: Accountant, how: str) -> None:
    first, second = month.customer("First"), month.customer("Second")
    month.cost(usage("2024-09-10", "2024-09-20"))
    month.subscriptions(first, "s-1")
    _damage(month, how)
    outcome = move(month, second, "2024-09-15", "s-1")
    assert [entry.identifier for entry in outcome.entries if not isinstance(entry, AccountFault) and entry.done] == [
        "s-1"
    ]
    assert outcome.spans_transfer.fault is not None
    assert (outcome.spans_transfer.count, outcome.spans_transfer.lines) == (0, ())
    shown = azure_accounts.spans_transfer(outcome)
    assert shown is not None
    assert shown.model_dump().keys() == {"count", "lines", "fault"}
    held = list_assignments(month.installation, month.caller, SUBSCRIPTION, second, Page(), history=True)
    assert [one.identifier for one in held.items] == ["s-1"]
