"""Acts on assignments know which months are closed: by `billing_start`, and by the statements issued to a customer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rebill.lake.account_days import KEYS
from rebill.model.assignment import AccountEntry, AssignmentOrder, AssignmentOutcome
from rebill.model.customer import NewCustomer
from rebill.model.errors import Unavailable
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.partner import PartnerSettingsChange
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.partner_settings import change_partner_settings
from rebill.services.parties.remove_accounts import remove_accounts
from tests.beginnings import Beginnings
from tests.conftest import SettableClock
from tests.services.accountant import AUGUST, OCTOBER, Accountant, begun, cost
from tests.services.months import SEPTEMBER
from tests.services.steps import assign, day, listed, move, remove, told

Act = Callable[[Installation, Caller, AssignmentOrder], AssignmentOutcome]


@pytest.fixture
def september(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Accountant:
    """September is issued to First, who has tenant t-1 from the beginning, and to nobody else; today is 15 October."""
    return begun(beginnings, installation, tmp_path, "September issued to First", _september_begins)


def _september_begins(accountant: Accountant) -> None:
    listed(accountant.installation, accountant.caller, "t-1", "t-2", "t-3")
    first = accountant.customer("First")
    accountant.customer("Second")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10", "s-1", x_CustomerId="t-1"))
    assign(accountant.installation, accountant.caller, first, "t-1")
    accountant.run()
    accountant.finalize()


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


@pytest.fixture
def under_tenants(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Accountant:
    """September is issued to First with what subscriptions s-1 and s-2 cost under its tenant T-1; nobody has them.

    Of s-3, under it too, there is cost in August alone, which is issued to nobody; s-8 is under no tenant; s-9 is
    under t-2, which is Second's, to whom nothing is issued.
    """
    return begun(beginnings, installation, tmp_path, "September under tenants", _under_tenants_begins)


def _under_tenants_begins(accountant: Accountant) -> None:
    listed(accountant.installation, accountant.caller, "T-1", "t-2")
    first, second = accountant.customer("First"), accountant.customer("Second")
    accountant.deliver(AUGUST, cost(AUGUST, "3", "s-3", x_CustomerId="t-1"), scope="august")
    accountant.deliver(
        SEPTEMBER,
        cost(SEPTEMBER, "10", "s-1", x_CustomerId="t-1"),
        cost(SEPTEMBER, "20", "/subscriptions/S-2", x_CustomerId="ORG:T-1"),
        cost(SEPTEMBER, "5", "s-8"),
        cost(SEPTEMBER, "7", "s-9", x_CustomerId="t-2"),
    )
    assign(accountant.installation, accountant.caller, first, "t-1")
    assign(accountant.installation, accountant.caller, second, "t-2")
    accountant.run()
    accountant.finalize(customer_id=first, override="The rest is not billed")


def bind(act: Act, accountant: Accountant, customer_id: int, *subscriptions: str, **more: object) -> list[str]:
    """An act on subscriptions, told as lines. The dry run of the same tells the same before."""
    given = {name: day(value) if isinstance(value, str) else value for name, value in more.items()}
    order = AssignmentOrder(AccountKind.SUBSCRIPTION, customer_id, subscriptions, **given)  # type: ignore[arg-type] # keywords by name
    trial = told(act(accountant.installation, accountant.caller, replace(order, dry_run=True)))
    done = told(act(accountant.installation, accountant.caller, order))
    assert [line.replace(": would not [", ": held back [").replace(": would [", ": done [") for line in trial] == done
    return done


def subscription_would_change(subscription: str, statements: str) -> str:
    return would_change(subscription, statements).replace("azure_customer_id", "azure_subscription")


def test_a_subscription_begins_behind_the_months_issued_to_the_owner_of_its_tenant(under_tenants: Accountant) -> None:
    _, second = ids(under_tenants)
    assert bind(assign_accounts, under_tenants, second, "s-1", "s-8", "/subscriptions/S-2", "s-9") == [
        "s-1: done [2024-10-01, ...)",
        "s-8: done [..., ...)",
        "s-2: done [2024-10-01, ...)",
        "s-9: done [..., ...)",
    ]
    assert under_tenants.run().pending == ()


def test_charges_count_for_the_month_that_bills_them(under_tenants: Accountant) -> None:
    _, second = ids(under_tenants)
    late = cost(OCTOBER, "2", "s-3", x_CustomerId="t-1", BillingPeriodStart="2024-09-01T00:00:00Z")
    early = cost(AUGUST, "4", "s-4", x_CustomerId="t-1", BillingPeriodStart="2024-09-01T00:00:00Z")
    under_tenants.deliver(SEPTEMBER, late, early, scope="more")
    assert bind(assign_accounts, under_tenants, second, "s-3", "s-4") == [
        "s-3: done [2024-11-01, ...)",
        "s-4: done [2024-09-01, ...)",
    ]


def test_a_subscription_without_charges_in_an_issued_month_changes_nothing(under_tenants: Accountant) -> None:
    _, second = ids(under_tenants)
    done = ["s-3: done [2024-09-01, ...)"]
    assert bind(assign_accounts, under_tenants, second, "s-3", effective_from="2024-09-01") == done
    assert bind(remove_accounts, under_tenants, second, "s-3", withdraw=True) == done
    assert bind(assign_accounts, under_tenants, second, "s-3") == ["s-3: done [..., ...)"]


def test_a_tenant_that_nobody_has_or_whose_owner_has_nothing_issued_is_free(under_tenants: Accountant) -> None:
    third = under_tenants.customer("Third")
    done = ["s-9: done [2024-09-01, ...)"]
    assert bind(assign_accounts, under_tenants, third, "s-9", effective_from="2024-09-01") == done
    remove(under_tenants.installation, under_tenants.caller, ids(under_tenants)[1], "t-2", withdraw=True)
    assert bind(remove_accounts, under_tenants, third, "s-9", withdraw=True) == done
    assert bind(assign_accounts, under_tenants, third, "s-9") == ["s-9: done [..., ...)"]


def test_charges_of_a_tenant_that_are_issued_become_anothers_only_when_somebody_says_so(
    under_tenants: Accountant,
) -> None:
    _, second = ids(under_tenants)
    refused = [subscription_would_change("s-1", "First (2024-09)")]
    assert bind(assign_accounts, under_tenants, second, "s-1", effective_from="2024-09-02") == refused
    assert bind(move_accounts, under_tenants, second, "s-1", effective_from="2024-09-02") == refused
    done = ["s-1: done [2024-09-02, ...)"]
    assert bind(assign_accounts, under_tenants, second, "s-1", effective_from="2024-09-02", correct_issued=True) == done
    pending = next(one for one in under_tenants.run().pending if one.customer_name == "First")
    assert (pending.issued_minor_units, pending.recomputed_minor_units) == (3000, 2000)


def test_a_day_behind_the_last_charge_of_an_issued_month_is_free(under_tenants: Accountant) -> None:
    _, second = ids(under_tenants)
    done = ["s-1: done [2024-09-03, ...)"]
    assert bind(assign_accounts, under_tenants, second, "s-1", effective_from="2024-09-03") == done
    assert under_tenants.run().pending == ()


def test_an_assignment_that_is_corrected_begins_by_default_behind_issued_months(under_tenants: Accountant) -> None:
    _, second = ids(under_tenants)
    done = ["s-1: done [2024-10-01, ...)"]
    assert bind(assign_accounts, under_tenants, second, "s-1", correct_issued=True) == done


@pytest.fixture
def own(under_tenants: Accountant) -> Accountant:
    """Second has s-1 itself by now, and First's September is corrected; Second's is not issued."""
    first, second = ids(under_tenants)
    bind(assign_accounts, under_tenants, second, "s-1", effective_from="2024-09-01", correct_issued=True)
    under_tenants.run()
    under_tenants.correct(customer_id=first)
    return under_tenants


def test_what_ends_or_is_taken_back_falls_to_the_owner_of_the_tenant(own: Accountant) -> None:
    _, second = ids(own)
    refused = [subscription_would_change("s-1", "First (2024-09)")]
    assert bind(remove_accounts, own, second, "s-1", withdraw=True) == refused
    assert bind(remove_accounts, own, second, "s-1", effective_to="2024-09-02") == refused
    done = ["s-1: done [2024-09-01, 2024-09-03)"]
    assert bind(remove_accounts, own, second, "s-1", effective_to="2024-09-03") == done
    assert own.run().pending == ()


def test_what_falls_to_the_owner_of_the_tenant_awaits_a_correction(own: Accountant) -> None:
    _, second = ids(own)
    done = ["s-1: done [2024-09-01, ...)"]
    assert bind(remove_accounts, own, second, "s-1", withdraw=True, correct_issued=True) == done
    (pending,) = own.run().pending
    assert (pending.customer_name, pending.issued_minor_units, pending.recomputed_minor_units) == ("First", 2000, 3000)


def test_a_subscription_that_moves_to_another_leaves_the_owner_of_its_tenant_alone(own: Accountant) -> None:
    first, third = ids(own)[0], own.customer("Third")
    done = ["s-1: done [2024-09-01, ...)"]
    assert bind(move_accounts, own, third, "s-1", effective_from="2024-09-01") == done
    refused = [subscription_would_change("s-1", "First (2024-09)")]
    assert bind(move_accounts, own, first, "s-1", effective_from="2024-09-02") == refused


def test_charges_are_those_of_the_owner_that_the_tenant_has_on_their_days(under_tenants: Accountant) -> None:
    _, second = ids(under_tenants)
    installation, partner = under_tenants.installation, under_tenants.caller
    third = under_tenants.customer("Third")
    day_later = {"ChargePeriodStart": "2024-09-03T00:00:00Z", "ChargePeriodEnd": "2024-09-04T00:00:00Z"}
    under_tenants.deliver(
        SEPTEMBER,
        cost(SEPTEMBER, "10", "s-1", x_CustomerId="t-1"),
        cost(SEPTEMBER, "20", "s-1", x_CustomerId="t-1", **day_later),
    )
    move(installation, partner, second, "t-1", effective_from="2024-09-03", correct_issued=True)
    assert bind(assign_accounts, under_tenants, third, "s-1", effective_from="2024-09-03") == [
        "s-1: done [2024-09-03, ...)"
    ]
    assert bind(move_accounts, under_tenants, third, "s-1", effective_from="2024-09-02") == [
        subscription_would_change("s-1", "First (2024-09)")
    ]


def test_cost_that_cannot_be_read_lets_no_act_pass_silently(under_tenants: Accountant) -> None:
    _, second = ids(under_tenants)
    files = sorted(under_tenants.installation.lake_folder.rglob(f"2024-09/*/{KEYS}"))
    kept = files[0].read_bytes()
    for content in (None, b"no Parquet"):
        files[0].unlink() if content is None else files[0].write_bytes(content)
        for is_trial in (True, False):
            order = AssignmentOrder(AccountKind.SUBSCRIPTION, second, ("s-1",), dry_run=is_trial)
            with pytest.raises(Unavailable, match=r"cost of 2024-09.*cannot be read.*Restore the lake") as refusal:
                assign_accounts(under_tenants.installation, under_tenants.caller, order)
            assert refusal.value.code == "cost_not_readable"
    # An act on tenants does not ask for it.
    assert remove(under_tenants.installation, under_tenants.caller, second, "t-2") == ["t-2: done [..., 2024-10-15)"]
    done = ["s-1: done [2024-10-01, ...)"]
    allowed = {"effective_from": "2024-10-01", "correct_issued": True}
    assert bind(assign_accounts, under_tenants, second, "s-1", **allowed) == done
    files[0].write_bytes(kept)
    assert bind(assign_accounts, under_tenants, second, "s-2") == ["s-2: done [2024-10-01, ...)"]
