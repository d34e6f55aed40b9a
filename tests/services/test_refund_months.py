"""Refunds are priced by the rules of the month whose invoice they name, and by nothing else of that month."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.source_row import SourceRow
from rebill.model.terms import Basis
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import BillRun
from rebill.services.parties.change_customer import change_customer
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.verify_statements import verify_month
from tests.conftest import SettableClock
from tests.services.accountant import AUGUST, NOW_IN_DECEMBER, OCTOBER, Accountant, cost
from tests.services.months import SEPTEMBER


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock) -> Accountant:
    clock.now = NOW_IN_DECEMBER
    return Accountant(installation, partner, tmp_path)


def terms(accountant: Accountant, customer_id: int, month: BillingMonth, basis: Basis) -> None:
    change = CustomerChange(terms=TermsChange(basis=basis, from_month=month))
    change_customer(accountant.installation, accountant.caller, customer_id, change)


def charged(
    month: BillingMonth, billed: str, listed: str, invoice: str = "", previous: str = "", **columns: str
) -> dict[str, str]:
    line = cost(month, billed, InvoiceId=invoice, **columns)
    return {**line, "ListCost": listed, "x_PreviousInvoiceId": previous}


def prices(run: BillRun) -> list[str]:
    return [one.statement.price_text for one in run.statements]


@pytest.fixture
def first(accountant: Accountant) -> int:
    """Paid retail in August and pays the partner's cost from September on; August cost 8 and listed 10."""
    customer_id = accountant.customer("First", basis=Basis.LIST)
    terms(accountant, customer_id, SEPTEMBER, Basis.BILLED)
    accountant.deliver(AUGUST, charged(AUGUST, "8", "10", "G-8"))
    accountant.subscriptions(customer_id, "s-1")
    assert prices(accountant.run(AUGUST)) == ["10.00"]
    return customer_id


def test_a_refund_after_close_takes_back_what_was_charged(accountant: Accountant, first: int) -> None:
    accountant.finalize(AUGUST)
    accountant.deliver(
        SEPTEMBER,
        charged(SEPTEMBER, "4", "5", "G-9"),
        charged(SEPTEMBER, "-8", "-10", "G-9", "G-8"),
    )
    run = accountant.run()
    # The charge by September's terms, 4; the refund by August's, -10.
    assert prices(run) == ["-6.00"]
    assert all(
        not one.difference for one in verify_month(accountant.installation, accountant.caller, SEPTEMBER).verifications
    )
    accountant.finalize()
    assert accountant.run().pending == ()


@pytest.mark.parametrize(
    ("line", "price"),
    [
        (charged(SEPTEMBER, "-8", "-10", "G-9", "G-9"), "-8.00"),
        (charged(SEPTEMBER, "-8", "-10", "G-9", "unheard of"), "-8.00"),
        (charged(SEPTEMBER, "-8", "-10", "G-9"), "-8.00"),
        (charged(SEPTEMBER, "8", "10", "G-9", "G-8"), "8.00"),
        (charged(SEPTEMBER, "8", "10", "G-9", "G-8", ChargeClass="Correction"), "10.00"),
        (charged(SEPTEMBER, "-8", "-10", "G-9", "G-8", ChargeCategory="Purchase"), "-10.00"),
        (charged(SEPTEMBER, "-8", "-10", "G-9", "G-8", ChargeCategory="Credit"), "-8.00"),
    ],
    ids=["own month", "unknown", "none", "no refund", "correction", "purchase", "credit"],
)
def test_only_a_refund_that_names_an_earlier_months_invoice_follows_its_rules(
    accountant: Accountant, first: int, line: dict[str, str], price: str
) -> None:
    accountant.deliver(SEPTEMBER, charged(SEPTEMBER, "0", "0", "G-9"), line)
    assert prices(accountant.run()) == [price]


def test_of_several_months_with_the_invoice_the_last_before_counts(accountant: Accountant, first: int) -> None:
    accountant.deliver(SEPTEMBER, charged(SEPTEMBER, "8", "10", "G-8"))
    accountant.deliver(OCTOBER, charged(OCTOBER, "-8", "-10", "G-10", "G-8"))
    assert prices(accountant.run(OCTOBER)) == ["-8.00"]


def test_the_owner_and_whether_it_is_billed_are_the_refunds_own(accountant: Accountant, first: int) -> None:
    second = accountant.customer("Second", basis=Basis.BILLED)
    accountant.move(second, "2024-09-01", "s-1")
    accountant.deliver(SEPTEMBER, charged(SEPTEMBER, "-8", "-10", "G-9", "G-8"))
    (record,) = accountant.run().statements
    # Second was never billed in August by any other terms than its own.
    assert (record.customer_name, record.statement.price_text) == ("Second", "-8.00")


def test_a_refund_of_what_was_not_billed_is_priced_as_of_its_own_month(accountant: Accountant, first: int) -> None:
    change = CustomerChange(terms=TermsChange(billing_enabled=False, from_month=AUGUST))
    change_customer(accountant.installation, accountant.caller, first, change)
    enabled = CustomerChange(terms=TermsChange(billing_enabled=True, from_month=SEPTEMBER))
    change_customer(accountant.installation, accountant.caller, first, enabled)
    accountant.deliver(SEPTEMBER, charged(SEPTEMBER, "-8", "-10", "G-9", "G-8"))
    assert prices(accountant.run()) == ["-8.00"]


def test_the_explanation_names_the_month_whose_rules_follow(accountant: Accountant, first: int) -> None:
    accountant.deliver(SEPTEMBER, charged(SEPTEMBER, "-8", "-10", "G-9", "G-8"))
    (record,) = accountant.run().statements
    explained = explain_statement(accountant.installation, accountant.caller, record.statement_id, 1, SourceRow(1))
    (charge,) = explained.lines[0].charges
    told = {step.name: step for step in charge.steps}
    assert "2024-08" in told["rules_month"].sentence
    assert told["base"].amount == Decimal(-10)
