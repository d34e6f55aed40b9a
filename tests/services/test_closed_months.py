"""Acts on assignments know which months are closed: by `billing_start`, and by the statements issued to a customer."""

from pathlib import Path

import pytest

from rebill.model.assignment import AccountEntry, AssignmentOrder
from rebill.model.customer import NewCustomer
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.partner import PartnerSettingsChange
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.parties.assign_accounts import assign_accounts
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.partner_settings import change_partner_settings
from tests.conftest import SettableClock
from tests.services.accountant import AUGUST, OCTOBER, Accountant, cost
from tests.services.months import SEPTEMBER
from tests.services.steps import assign, listed, move, remove


@pytest.fixture
def september(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    """September is issued to First, who has tenant t-1 from the beginning, and to nobody else; today is 15 October."""
    accountant = Accountant(installation, partner, tmp_path)
    listed(installation, partner, "t-1", "t-2", "t-3")
    first = accountant.customer("First")
    accountant.customer("Second")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1", x_CustomerId="t-1"))
    assign(installation, partner, first, "t-1")
    accountant.run()
    accountant.finalize()
    return accountant


def ids(accountant: Accountant) -> tuple[int, int]:
    return accountant.customers["First"].customer_id, accountant.customers["Second"].customer_id


def would_change(account: str, statements: str) -> str:
    sentence = f"azure_customer_id would change issued statements of {statements}"
    return f"{account}: {sentence}: allow it with correct_issued and a reason"


def test_a_new_account_starts_at_the_first_month_that_is_open_for_its_customer(september: Accountant) -> None:
    installation, partner, (first, second) = september.installation, september.caller, ids(september)
    assert assign(installation, partner, first, "t-2") == ["t-2: done [2024-10-01, ...)"]
    assert assign(installation, partner, second, "t-3") == ["t-3: done [..., ...)"]


def test_billing_start_closes_months_for_every_customer_new_ones_too(september: Accountant) -> None:
    installation, partner, (first, second) = september.installation, september.caller, ids(september)
    change = PartnerSettingsChange(billing_start=BillingMonth(2024, 8), changes_billing_start=True)
    change_partner_settings(installation, partner, change)
    assert assign(installation, partner, second, "t-2") == ["t-2: done [2024-08-01, ...)"]
    create_customer(installation, partner, NewCustomer("Third", azure_customer_id="t-3"))
    found = list_assignments(installation, partner, AccountKind.AZURE_CUSTOMER, None, Page(), history=True).items
    assert {one.identifier: str(one.days.first) for one in found if one.customer_name == "Third"} == {
        "t-3": "2024-08-01"
    }
    change = PartnerSettingsChange(billing_start=BillingMonth(2024, 11), changes_billing_start=True)
    change_partner_settings(installation, partner, change)
    assert remove(installation, partner, second, "t-2", withdraw=True) == ["t-2: done [2024-08-01, ...)"]
    assert assign(installation, partner, first, "t-2") == ["t-2: done [2024-11-01, ...)"]


def test_days_of_an_issued_month_change_hands_only_when_somebody_says_so(september: Accountant) -> None:
    installation, partner, (_, second) = september.installation, september.caller, ids(september)
    refused = [would_change("t-1", "First (2024-09)")]
    assert move(installation, partner, second, "t-1", effective_from="2024-09-30") == refused
    assert move(installation, partner, second, "t-1", effective_from="2024-09-30", dry_run=True) == refused
    assert september.run().pending == ()
    done = ["t-1: done [2024-09-02, ...)"]
    assert move(installation, partner, second, "t-1", effective_from="2024-09-02", correct_issued=True) == done
    (pending,) = september.run().pending
    assert (pending.customer_name, pending.issued_minor_units, pending.recomputed_minor_units) == ("First", 1000, 0)


def test_what_begins_behind_issued_months_is_not_held_up(september: Accountant) -> None:
    installation, partner, (first, second) = september.installation, september.caller, ids(september)
    assert remove(installation, partner, first, "t-1", effective_to="2024-10-01") == ["t-1: done [..., 2024-10-01)"]
    assert assign(installation, partner, second, "t-1", effective_from="2024-10-01") == ["t-1: done [2024-10-01, ...)"]
    assert move(installation, partner, first, "t-1") == ["t-1: done [2024-10-15, ...)"]


def test_taking_an_assignment_back_or_ending_it_early_changes_its_issued_months(september: Accountant) -> None:
    installation, partner, (first, _) = september.installation, september.caller, ids(september)
    refused = [would_change("t-1", "First (2024-09)")]
    assert remove(installation, partner, first, "t-1", withdraw=True) == refused
    assert remove(installation, partner, first, "t-1", effective_to="2024-09-02") == refused
    done = ["t-1: done [..., 2024-09-02)"]
    assert remove(installation, partner, first, "t-1", effective_to="2024-09-02", correct_issued=True) == done


def test_one_account_at_fault_holds_the_others_back(september: Accountant) -> None:
    installation, partner, (first, _) = september.installation, september.caller, ids(september)
    assert assign(installation, partner, first, "t-2", "t-3", effective_from="2024-09-30") == [
        would_change("t-2", "First (2024-09)"),
        would_change("t-3", "First (2024-09)"),
    ]
    assert move(installation, partner, first, "t-1", "t-2", effective_from="2024-09-30") == [
        "t-1: done [..., ...)",
        would_change("t-2", "First (2024-09)"),
    ]


def test_customers_and_months_are_named_all_of_them(september: Accountant, clock: SettableClock) -> None:
    installation, partner, (first, second) = september.installation, september.caller, ids(september)
    move(installation, partner, second, "t-1", effective_from="2024-10-10")
    clock.now = clock.now.replace(month=11)
    september.deliver(
        OCTOBER,
        cost(OCTOBER, "10", "s-1", x_CustomerId="t-1"),
        cost(OCTOBER, "5", "s-1", x_CustomerId="t-1") | {"ChargePeriodStart": "2024-10-20", "ChargePeriodEnd": ""},
    )
    september.run(OCTOBER)
    september.finalize(OCTOBER)
    assert move(installation, partner, first, "t-1", effective_from="2024-10-10") == [
        would_change("t-1", "First (2024-10); Second (2024-10)")
    ]
    assert remove(installation, partner, second, "t-1", withdraw=True) == [would_change("t-1", "Second (2024-10)")]


def test_an_import_says_which_of_its_months_are_closed(september: Accountant) -> None:
    change = PartnerSettingsChange(billing_start=SEPTEMBER, changes_billing_start=True)
    change_partner_settings(september.installation, september.caller, change)
    charges = [cost(month, "1", "s-2") for month in (AUGUST, SEPTEMBER, OCTOBER)]
    done = september.cost(*charges, scope="late", name="late.csv")
    assert done.closed.issued == (SEPTEMBER,)
    assert done.closed.before_billing_start == (AUGUST,)


def test_a_voided_month_is_open_again(september: Accountant) -> None:
    installation, partner, (first, second) = september.installation, september.caller, ids(september)
    september.void(september.statement_id("S2024-000001"))
    assert move(installation, partner, second, "t-1", effective_from="2024-09-02") == ["t-1: done [2024-09-02, ...)"]
    assert assign(installation, partner, first, "t-2") == ["t-2: done [..., ...)"]


def test_another_partners_issued_months_close_nothing_here(september: Accountant, other_partner: Caller) -> None:
    installation = september.installation
    listed(installation, other_partner, "t-1")
    theirs = create_customer(installation, other_partner, NewCustomer("Theirs")).customer_id
    assert assign(installation, other_partner, theirs, "t-1") == ["t-1: done [..., ...)"]


def test_subscriptions_are_held_to_the_same_months(september: Accountant) -> None:
    first, second = ids(september)
    order = AssignmentOrder(AccountKind.SUBSCRIPTION, first, ("s-1",))
    (entry,) = assign_accounts(september.installation, september.caller, order).entries
    assert isinstance(entry, AccountEntry)
    assert str(entry.days.first) == "2024-10-01"
    order = AssignmentOrder(AccountKind.SUBSCRIPTION, second, ("s-1",))
    assert assign_accounts(september.installation, september.caller, order).faults


def test_a_customer_without_issued_statements_takes_an_account_on_any_day(september: Accountant) -> None:
    installation, partner, (_, second) = september.installation, september.caller, ids(september)
    assert assign(installation, partner, second, "t-2", effective_from="2024-08-05") == ["t-2: done [2024-08-05, ...)"]
