"""Acts see what issued statements bill by their charges, whatever month these are of: tenants, commitments, kinds."""

from datetime import date
from pathlib import Path

import pytest

from rebill.lake.account_days import KEYS
from rebill.model.assignment import AssignmentOrder
from rebill.model.audit import Act
from rebill.model.errors import Invalid, Unavailable
from rebill.model.identifiers import AccountKind
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.assignment_act import carry_out, look_ahead
from rebill.services.parties.delete_customer import delete_customer
from rebill.services.parties.issued_lines import NOTHING_FOUND
from rebill.services.parties.remove_accounts import remove_accounts
from tests.services.accountant import OCTOBER, Accountant, cost
from tests.services.acts_at_once import told_at_once
from tests.services.months import SEPTEMBER
from tests.services.steps import act_on, assign, listed, move, remove, stands, told

BILLED_IN_SEPTEMBER = {"BillingPeriodStart": "2024-09-01T00:00:00Z", "BillingPeriodEnd": "2024-10-01T00:00:00Z"}
COMMITMENT, CHARGE_KIND, SUBSCRIPTION = AccountKind.COMMITMENT, AccountKind.CHARGE_KIND, AccountKind.SUBSCRIPTION


def of_day(day: str, amount: str, subscription: str = "", **columns: str) -> dict[str, str]:
    """A charge of a day that September's invoice bills."""
    until = f"{day[:8]}{int(day[8:]) + 1:02}"
    days = {"ChargePeriodStart": f"{day}T00:00:00Z", "ChargePeriodEnd": f"{until}T00:00:00Z"}
    return cost(SEPTEMBER, amount, subscription, **days, **BILLED_IN_SEPTEMBER, **columns)


def purchase(day: str, amount: str, commitment: str = "") -> dict[str, str]:
    """A purchase of a day, without an account, that September's invoice bills."""
    return of_day(day, amount, ChargeCategory="Purchase", CommitmentDiscountId=commitment)


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    """Two customers, First and Second; Partner Center lists t-1, t-2 and t-3. Today is 15 October."""
    accountant = Accountant(installation, partner, tmp_path)
    listed(installation, partner, "t-1", "t-2", "t-3")
    accountant.customer("First")
    accountant.customer("Second")
    return accountant


def ids(accountant: Accountant) -> tuple[int, int]:
    return accountant.customers["First"].customer_id, accountant.customers["Second"].customer_id


def issued_to_first(accountant: Accountant, *charges: dict[str, str]) -> None:
    """September is issued to First alone, with these charges as far as they are its own."""
    accountant.deliver(SEPTEMBER, *charges)
    accountant.run()
    accountant.finalize(customer_id=ids(accountant)[0], override="The rest is not billed")


def would_change(kind: str, account: str, statements: str = "First (2024-09)") -> list[str]:
    sentence = f"{account}: {kind} would change issued statements of {statements}"
    return [f"{sentence}: allow it with correct_issued and a reason"]


def pending(accountant: Accountant) -> list[tuple[str, int, int]]:
    """Whose September would be corrected by now, from what to what."""
    found = accountant.run().pending
    return [(one.customer_name, one.issued_minor_units, one.recomputed_minor_units) for one in found]


def test_late_usage_of_a_tenant_counts_for_the_month_that_bills_it(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-1")
    remove(installation, partner, first, "t-1", effective_to="2024-09-01")
    issued_to_first(accountant, of_day("2024-08-28", "10", "s-1", x_CustomerId="t-1"))
    assert move(installation, partner, second, "t-1", effective_from="2024-08-20") == would_change(
        "azure_customer_id", "t-1"
    )
    assert stands(installation, partner) == ["t-1: First [..., 2024-09-01)"]
    assert pending(accountant) == []
    # Behind the last charge nothing is billed any more.
    assert move(installation, partner, second, "t-1", effective_from="2024-08-29") == ["t-1: done [2024-08-29, ...)"]
    assert pending(accountant) == []
    allowed = {"effective_from": "2024-08-20", "correct_issued": True}
    assert move(installation, partner, second, "t-1", **allowed) == ["t-1: done [2024-08-20, ...)"]
    assert pending(accountant) == [("First", 1000, 0)]


def test_a_tenant_that_ends_takes_along_what_was_billed_ahead(accountant: Accountant) -> None:
    installation, partner, (first, _) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-1")
    issued_to_first(accountant, of_day("2024-10-20", "10", "s-1", x_CustomerId="t-1"))
    assert remove(installation, partner, first, "t-1") == would_change("azure_customer_id", "t-1")
    assert remove(installation, partner, first, "t-1", dry_run=True) == would_change("azure_customer_id", "t-1")
    assert remove(installation, partner, first, "t-1", effective_to="2024-10-21") == ["t-1: done [..., 2024-10-21)"]
    assert pending(accountant) == []


def test_a_new_tenant_begins_behind_charges_that_an_issued_month_bills(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-1")
    issued_to_first(
        accountant,
        of_day("2024-09-02", "1", "s-1", x_CustomerId="t-1"),
        of_day("2024-10-02", "10", "s-2", x_CustomerId="t-2"),
        of_day("2024-10-02", "10", "s-3", x_CustomerId="t-3"),
    )
    assert assign(installation, partner, first, "t-2", effective_from="2024-10-01") == would_change(
        "azure_customer_id", "t-2"
    )
    assert assign(installation, partner, first, "t-2") == ["t-2: done [2024-11-01, ...)"]
    assert assign(installation, partner, second, "t-3") == ["t-3: done [..., ...)"]
    assert pending(accountant) == []


def test_lines_of_a_subscription_that_somebody_has_stay_his_whoever_gets_the_tenant(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, second, "t-1")
    remove(installation, partner, second, "t-1", effective_to="2024-09-01")
    accountant.deliver(SEPTEMBER, of_day("2024-08-28", "10", "s-1", x_CustomerId="t-1"))
    act_on(installation, partner, assign_accounts, SUBSCRIPTION, first, "s-1")
    issued_to_first(accountant, of_day("2024-08-28", "10", "s-1", x_CustomerId="t-1"))
    done = ["t-1: done [2024-08-20, ...)"]
    third = accountant.customer("Third")
    assert move(installation, partner, third, "t-1", effective_from="2024-08-20") == done
    assert pending(accountant) == []


def test_a_commitment_begins_behind_what_is_issued_to_the_owner_of_its_kind(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    accountant.deliver(SEPTEMBER, purchase("2024-08-28", "10", "C-1"), purchase("2024-09-03", "20", "c-2"))
    act_on(installation, partner, assign_accounts, CHARGE_KIND, first, "purchase")
    issued_to_first(accountant, purchase("2024-08-28", "10", "C-1"), purchase("2024-09-03", "20", "c-2"))
    refused = would_change("commitment_discount_id", "c-1")
    allowed = {"effective_from": "2024-08-28", "correct_issued": True}
    with_days = {"effective_from": "2024-08-28"}
    assert act_on(installation, partner, assign_accounts, COMMITMENT, second, "c-1", **with_days) == refused
    assert act_on(installation, partner, assign_accounts, COMMITMENT, second, "c-1", "c-2") == [
        "C-1: done [2024-09-01, ...)",
        "c-2: done [2024-10-01, ...)",
    ]
    assert pending(accountant) == []
    done = ["C-1: done [2024-08-28, ...)"]
    assert act_on(installation, partner, move_accounts, COMMITMENT, second, "c-1", **allowed) == done
    assert pending(accountant) == [("First", 3000, 2000)]


def test_a_commitment_that_ends_falls_to_the_owner_of_its_kind(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    charges = purchase("2024-08-28", "10", "c-1"), purchase("2024-09-03", "20")
    accountant.deliver(SEPTEMBER, *charges)
    act_on(installation, partner, assign_accounts, CHARGE_KIND, first, "purchase")
    act_on(installation, partner, assign_accounts, COMMITMENT, second, "c-1")
    issued_to_first(accountant, *charges)
    refused = would_change("commitment_discount_id", "c-1")
    assert act_on(installation, partner, remove_accounts, COMMITMENT, second, "c-1", withdraw=True) == refused
    done = ["c-1: done [..., 2024-10-15)"]
    assert act_on(installation, partner, remove_accounts, COMMITMENT, second, "c-1") == done


def test_a_kind_of_charges_takes_along_what_no_commitment_of_somebody_else_holds(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    charges = purchase("2024-10-20", "10", "c-1"), purchase("2024-10-25", "20"), purchase("2024-09-03", "1")
    accountant.deliver(SEPTEMBER, *charges)
    act_on(installation, partner, assign_accounts, CHARGE_KIND, first, "purchase")
    act_on(installation, partner, assign_accounts, COMMITMENT, second, "c-1")
    issued_to_first(accountant, *charges)
    refused = would_change("charge_kind", "purchase")
    for until in ("2024-10-16", "2024-10-25"):
        given = {"effective_to": until}
        assert act_on(installation, partner, remove_accounts, CHARGE_KIND, first, "purchase", **given) == refused
    done = ["purchase: done [..., 2024-10-26)"]
    assert (
        act_on(installation, partner, remove_accounts, CHARGE_KIND, first, "purchase", effective_to="2024-10-26")
        == done
    )
    assert pending(accountant) == []


def test_a_customer_whose_lines_would_fall_to_what_is_issued_is_not_deleted(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    charges = (
        of_day("2024-10-20", "10", "s-1", x_CustomerId="t-1"),
        of_day("2024-09-02", "5", "s-2", x_CustomerId="t-1"),
    )
    accountant.deliver(SEPTEMBER, *charges)
    assign(installation, partner, first, "t-1")
    act_on(installation, partner, assign_accounts, SUBSCRIPTION, second, "s-1")
    assign(installation, partner, second, "t-2")
    issued_to_first(accountant, *charges)
    with pytest.raises(Invalid, match=r"Nothing was deleted.*correct_issued") as refusal:
        delete_customer(installation, partner, second)
    assert refusal.value.code == "deletion_changes_issued"
    assert refusal.value.fields == {
        "s-1": "azure_subscription would change issued statements of First (2024-09): allow it with correct_issued and "
        "a reason"
    }
    assert stands(installation, partner, ["t-2"]) == ["t-2: Second [..., ...)"]
    allowed = {"correct_issued": True}
    assert act_on(installation, partner, remove_accounts, SUBSCRIPTION, second, "s-1", **allowed) == [
        "s-1: done [..., 2024-10-15)"
    ]
    delete_customer(installation, partner, second)
    assert stands(installation, partner, ["t-2"]) == ["t-2: Second [..., 2024-10-15)"]
    assert pending(accountant) == [("First", 500, 1500)]


@pytest.mark.parametrize("tenant_first", [True, False])
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_tenant_and_its_subscription_that_change_hands_at_once_leave_what_is_issued(
    accountant: Accountant, tenant_first: bool
) -> None:
    """Each of the two is sound alone, and leaves the other one to change what is issued: the later one is told so."""
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-2")
    charges = (
        of_day("2024-10-20", "10", "s-1", x_CustomerId="t-1"),
        of_day("2024-09-02", "5", "s-2", x_CustomerId="t-2"),
    )
    accountant.deliver(SEPTEMBER, *charges)
    act_on(installation, partner, assign_accounts, SUBSCRIPTION, second, "s-1")
    issued_to_first(accountant, *charges)

    def gives_tenant() -> list[str]:
        return assign(installation, partner, first, "t-1", effective_from="2024-10-01")

    def ends_subscription() -> list[str]:
        return act_on(installation, partner, remove_accounts, SUBSCRIPTION, second, "s-1")

    told_of = {
        gives_tenant: (["t-1: done [2024-10-01, ...)"], would_change("azure_customer_id", "t-1")),
        ends_subscription: (["s-1: done [..., 2024-10-15)"], would_change("azure_subscription", "s-1")),
    }
    acts = (gives_tenant, ends_subscription) if tenant_first else (ends_subscription, gives_tenant)
    sooner, later = acts
    assert told_at_once(installation, sooner, later) == (told_of[sooner][0], told_of[later][1])
    assert pending(accountant) == []


def test_cost_is_asked_for_only_where_something_is_issued_to_those_concerned(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-1")
    issued_to_first(accountant, of_day("2024-09-02", "5", "s-1", x_CustomerId="t-1"))
    for file in installation.lake_folder.rglob(KEYS):
        file.unlink()
    assert assign(installation, partner, second, "t-2") == ["t-2: done [..., ...)"]
    assert remove(installation, partner, second, "t-2") == ["t-2: done [..., 2024-10-15)"]
    with pytest.raises(Unavailable, match=r"cost of 2024-09.*cannot be read"):
        assign(installation, partner, first, "t-3")
    order = AssignmentOrder(AccountKind.SUBSCRIPTION, second, ("s-1",))
    with pytest.raises(Unavailable):
        assign_accounts(installation, partner, order)


def test_cost_whose_last_day_is_known_is_not_asked_again_from_a_later_day_on(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-1")
    issued_to_first(accountant, of_day("2024-09-20", "5", "s-1", x_CustomerId="t-1"))
    assert assign(installation, partner, first, "t-2") == ["t-2: done [2024-10-01, ...)"]
    (file,) = installation.lake_folder.rglob(KEYS)
    aside = file.rename(file.with_suffix(".aside"))
    assert assign(installation, partner, first, "t-3") == ["t-3: done [2024-10-01, ...)"]
    assert move(installation, partner, second, "t-3", effective_from="2024-09-21", correct_issued=True) == [
        "t-3: done [2024-09-21, ...)"
    ]
    with pytest.raises(Unavailable, match=r"cost of 2024-09.*cannot be read"):
        move(installation, partner, second, "t-1", effective_from="2024-09-20")
    aside.rename(file)
    # What came since is looked into.
    accountant.deliver(SEPTEMBER, of_day("2024-10-20", "2", "s-7", x_CustomerId="t-2"), scope="more")
    assert move(installation, partner, second, "t-2", effective_from="2024-10-15") == would_change(
        "azure_customer_id", "t-2"
    )


def test_cost_that_is_in_force_no_more_holds_nothing_up(accountant: Accountant) -> None:
    installation, partner, (first, _) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-1")
    issued_to_first(accountant, of_day("2024-10-20", "10", "s-1", x_CustomerId="t-1"))
    accountant.deliver(SEPTEMBER, of_day("2024-10-10", "10", "s-1", x_CustomerId="t-1"))
    accountant.deliver(OCTOBER, cost(OCTOBER, "1", "s-1", x_CustomerId="t-1"), scope="october")
    assert remove(installation, partner, first, "t-1") == ["t-1: done [..., 2024-10-15)"]


def test_what_came_since_cost_was_looked_into_ahead_is_looked_into_alone(accountant: Accountant) -> None:
    installation, partner, (first, second) = accountant.installation, accountant.caller, ids(accountant)
    assign(installation, partner, first, "t-1")
    issued_to_first(accountant, of_day("2024-08-28", "10", "s-1", x_CustomerId="t-1"))
    order = AssignmentOrder(SUBSCRIPTION, second, ("s-1", "s-7"), effective_from=date(2024, 8, 1))
    ahead = look_ahead(installation, partner, Act.ASSIGN_ACCOUNTS, order)
    looked_into = list(installation.lake_folder.rglob(KEYS))
    accountant.deliver(SEPTEMBER, of_day("2024-08-28", "2", "s-7", x_CustomerId="t-1"), scope="more")
    for file in looked_into:
        file.unlink()
    outcome = carry_out(installation, partner, Act.ASSIGN_ACCOUNTS, order, ahead).outcome
    assert told(outcome) == [
        *would_change("azure_subscription", "s-1"),
        *would_change("azure_subscription", "s-7"),
    ]


def test_what_stands_in_the_way_of_an_act_is_told_by_the_act_and_not_ahead(accountant: Accountant) -> None:
    order = AssignmentOrder(SUBSCRIPTION, 999, ("s-1",))
    assert look_ahead(accountant.installation, accountant.caller, Act.ASSIGN_ACCOUNTS, order) == NOTHING_FOUND
