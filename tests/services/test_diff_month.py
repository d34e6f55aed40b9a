"""A month against what was issued or another run: every difference has its causes, and they add up exactly."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.billing_rule import BillingRuleOrder, CustomersChange, RuleAction, RuleCloud, RuleType
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Forbidden, NotFound
from rebill.model.party import Caller, Role
from rebill.model.terms import Basis
from rebill.services.acting.installation import Installation
from rebill.services.parties.change_customer import change_customer
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.proof.diff_month import MonthDifference, diff_month
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.verify_statements import verify_month
from tests.services.accountant import Accountant, cost
from tests.services.months import SEPTEMBER, charge


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def compared(accountant: Accountant, run_id: int | None = None, against: int | None = None) -> MonthDifference:
    """A comparison of which everything is added up once more."""
    found = diff_month(accountant.installation, accountant.caller, SEPTEMBER, run_id, against)
    for total in found.totals:
        exact = {
            cause: sum(
                one.amount
                for one in found.differences
                if (one.customer_id, one.currency, one.cause) == (total.customer_id, total.currency, cause)
            )
            for cause in total.by_cause
            if cause != "minor_units"
        }
        assert exact == {cause: amount for cause, amount in total.by_cause.items() if cause != "minor_units"}
        assert sum(total.by_cause.values()) * 100 == total.after - total.before
    return found


def told(found: MonthDifference) -> list[str]:
    names = {total.customer_id: total.customer_name for total in found.totals}
    return [
        f"{names[one.customer_id]}: {one.service} {one.cause} {one.amount.normalize():f}" for one in found.differences
    ]


def totals(found: MonthDifference) -> list[str]:
    return [f"{one.customer_name}: {one.before} {one.after}" for one in found.totals]


def finalized(accountant: Accountant) -> int:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10", ServiceName="Storage"), cost(SEPTEMBER, "5.004"))
    accountant.subscriptions(first, "s-1")
    accountant.run()
    accountant.finalize()
    return first


def to_basis_billed(accountant: Accountant, customer_id: int) -> None:
    """Terms of a month with an issued statement can be changed only for a month that has none: a partner of before."""
    change = CustomerChange(terms=TermsChange(basis=Basis.BILLED))
    change_customer(accountant.installation, accountant.caller, customer_id, change)


def test_nothing_differs_from_what_was_issued(accountant: Accountant) -> None:
    finalized(accountant)
    found = compared(accountant)
    assert (found.before_run_id, found.changes, found.differences) == (None, (), ())
    assert totals(found) == ["First: 1500 1500"]


def test_cost_that_came_late_is_the_cause_of_its_difference(accountant: Accountant) -> None:
    finalized(accountant)
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "12.5", ServiceName="Storage"), cost(SEPTEMBER, "5.009"))
    accountant.run()
    found = compared(accountant)
    assert told(found) == ["First: Storage cost 2.5", "First: Virtual Machines cost 0.005"]
    assert totals(found) == ["First: 1500 1751"]
    assert found.totals[0].by_cause == {"cost": Decimal("2.505"), "minor_units": Decimal("0.005")}
    assert {cause for cause, _ in found.changes} == {"cost"}
    accountant.correct()
    assert compared(accountant).differences == ()


def test_several_changes_are_told_apart_and_what_they_make_together_is_named(accountant: Accountant) -> None:
    first = accountant.customer("First")
    second = accountant.customer("Second")
    accountant.deliver(SEPTEMBER, charge("2024-09-02", "8", "10", SubAccountId="s-1"))
    accountant.subscriptions(first, "s-1")
    before = accountant.run().run_id
    accountant.deliver(SEPTEMBER, charge("2024-09-02", "16", "20", SubAccountId="s-1"))
    to_basis_billed(accountant, first)
    after = accountant.run().run_id
    found = compared(accountant, against=before)
    # More cost alone: 10. Basis billed alone: -2. Together 6, so -2 more.
    assert told(found) == [
        "First: Virtual Machines cost 10",
        "First: Virtual Machines other -2",
        "First: Virtual Machines terms -2",
    ]
    assert (found.before_run_id, found.after_run_id) == (before, after)
    assert ("terms", f"The terms of customer First ({first}) changed.") in found.changes
    accountant.move(second, "2024-09-01", "s-1")
    create_billing_rule(
        accountant.installation,
        accountant.caller,
        BillingRuleOrder(
            name="Fee",
            cloud=RuleCloud.AZURE,
            billing_rule_type=RuleType.CUSTOM,
            rule_action=RuleAction.FLAT_FEE,
            apply_flat_fee_cost=Decimal("1.5"),
            start_month=SEPTEMBER,
            add_csp_customers=CustomersChange(False, (second,)),
            product_name="Care",
            product_description="Care",
        ),
    )
    accountant.run()
    assert sorted(told(compared(accountant))) == [
        "First: Virtual Machines assignment -16",
        "Second: Care billing_rule 1.5",
        "Second: Virtual Machines assignment 20",
    ]
    assert totals(compared(accountant, after, before)) == ["First: 1000 1600"]


def test_a_price_book_is_a_cause(accountant: Accountant) -> None:
    first = accountant.customer("First", markup_percent=Decimal(10))
    second = accountant.customer("Second", markup_percent=Decimal(20))
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10"))
    accountant.subscriptions(first, "s-1")
    accountant.run()
    accountant.move(second, "2024-09-01", "s-1")
    accountant.run()
    assert sorted(told(compared(accountant))) == [
        "First: Virtual Machines assignment -11",
        "Second: Virtual Machines assignment 12",
    ]


def test_who_had_nothing_issued_is_not_issued_yet(accountant: Accountant) -> None:
    finalized(accountant)
    accountant.move(accountant.customer("Second"), "1900-01-02", "s-1", correct_issued=True)
    accountant.run()
    assert sorted(told(compared(accountant))) == [
        "First: Storage assignment -10",
        "First: Virtual Machines assignment -5.004",
        "Second: Storage not_issued 10",
        "Second: Virtual Machines not_issued 5.004",
    ]


def test_what_was_voided_is_not_issued(accountant: Accountant) -> None:
    finalized(accountant)
    accountant.void(accountant.statement_id("S2024-000001"))
    accountant.run()
    with pytest.raises(NotFound):
        compared(accountant, against=1)
    found = compared(accountant)
    assert (found.before_run_id is None, found.differences) == (False, ())


def test_a_month_without_another_run_says_so(accountant: Accountant) -> None:
    for code in ("run_not_found", "nothing_to_compare"):
        with pytest.raises(NotFound) as refusal:
            compared(accountant)
        assert refusal.value.code == code
        accountant.run()
    customer = Caller(accountant.caller.partner_id, Role.CUSTOMER_READ_ONLY, customer_id=1)
    with pytest.raises(Forbidden):
        diff_month(accountant.installation, customer, SEPTEMBER)


def test_a_currency_that_a_correction_took_back_altogether(accountant: Accountant) -> None:
    in_yen = cost(SEPTEMBER, "900", ServiceName="Storage", BillingCurrency="JPY")
    accountant.deliver(SEPTEMBER, in_yen)
    accountant.subscriptions(accountant.customer("First"), "s-1")
    accountant.run()
    accountant.finalize()
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "5.004"))
    accountant.run()
    accountant.correct()
    found = diff_month(accountant.installation, accountant.caller, SEPTEMBER)
    assert [(one.currency, one.before, one.after) for one in found.totals] == [("JPY", 0, 0), ("USD", 0, 500)]
    verified = verify_month(accountant.installation, accountant.caller, SEPTEMBER).verifications
    assert [(one.difference, one.document.total) for one in verified if one.document.currency == "JPY"] == [
        ("", 900),
        ("", -900),
    ]
    note = explain_statement(accountant.installation, accountant.caller, accountant.statement_id("N2024-000001"))
    assert (note.document.total, note.minor_digits) == (-900, 0)
