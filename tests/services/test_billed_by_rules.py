"""Billing rules in the life of a bill: what corrections, dry runs, documents and deleted customers make of them."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from rebill.documents import statement_csv, statement_json
from rebill.model.billing_rule import (
    BillingRuleOrder,
    CustomersChange,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleInForce,
    RuleType,
)
from rebill.model.dry_run import DryRunOrder
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.model.price_book_record import PriceBookOrder
from rebill.model.statement import LineKind, StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.billing.read_statements import every_statement, get_statement
from rebill.services.parties.delete_customer import delete_customer
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.pricing.update_billing_rule import update_billing_rule
from rebill.services.runs.recorded_rules import billing_rule_document, billing_rule_of
from rebill.services.trials.dry_run_price_book import dry_run_price_book
from tests.conftest import SettableClock
from tests.rating.random_rules import billing_rules
from tests.services.accountant import OCTOBER, Accountant, cost
from tests.services.months import SEPTEMBER

EVERYONE = CustomersChange(everyone=True)
BOOK = """<CHTBillingRules date="2024-09-01"><RuleGroup><BillingRule name="Gold">
<BasicBillingRule billingAdjustment="{percent}" billingRuleType="percentIncrease"/><Product productName="ANY"/>
</BillingRule></RuleGroup></CHTBillingRules>"""


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def rule(accountant: Accountant, name: str, action: RuleAction, **more: object) -> int:
    """A recurring azure rule for all, from September on; its id."""
    order = BillingRuleOrder(
        name=name,
        cloud=RuleCloud.AZURE,
        billing_rule_type=RuleType.CUSTOM,
        rule_action=action,
        start_month=SEPTEMBER,
        frequency=RuleFrequency.RECURRING,
        product_name=name,
        product_description=f"What {name} is",
        add_csp_customers=EVERYONE,
        **more,  # type: ignore[arg-type]  # names are those of BillingRuleOrder
    )
    return create_billing_rule(accountant.installation, accountant.caller, order).billing_rule_id


def fee(accountant: Accountant, amount: str) -> int:
    return rule(accountant, "Desk", RuleAction.FLAT_FEE, apply_flat_fee_cost=Decimal(amount))


def share(accountant: Accountant, percent: str, as_line: bool) -> int:
    given = {"apply_rate_in_percentage": Decimal(percent), "add_spend_ratio_as_custom_line_item": as_line}
    return rule(accountant, "Management" if as_line else "Uplift", RuleAction.SPEND_RATIO, **given)


def storage(amount: str, month: BillingMonth = SEPTEMBER) -> dict[str, str]:
    return cost(month, amount, ServiceName="Storage")


def test_a_correction_has_the_difference_of_a_rules_line_by_the_rules_id(accountant: Accountant) -> None:
    rule_id = share(accountant, "10", as_line=True)
    fee(accountant, "5")
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, storage("10"))
    accountant.subscriptions(first, "s-1")
    accountant.run()
    accountant.finalize()
    accountant.deliver(SEPTEMBER, storage("30"))
    (pending,) = accountant.run().pending
    assert pending.difference_minor_units == 2200
    accountant.correct()
    # The fee is the same, so that the note has no line of it.
    assert accountant.lines("N2024-000001") == ["1 Storage 20 20.00", "2 custom What Management is 2 2.00"]
    note = accountant.whole(accountant.statement_id("N2024-000001")).statement
    assert [line.priced.reference for line in note.lines] == [None, rule_id]
    assert accountant.run().pending == ()


def test_a_changed_rule_leaves_issued_months_as_they_are_and_acts_from_the_next_one_on(accountant: Accountant) -> None:
    rule_id = fee(accountant, "5")
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, storage("10"))
    accountant.subscriptions(first, "s-1")
    accountant.run()
    accountant.finalize()
    change = BillingRuleOrder(apply_flat_fee_cost=Decimal(7), product_name="Service desk")
    update_billing_rule(accountant.installation, accountant.caller, rule_id, change)
    assert accountant.run().pending == ()
    # October has no cost at all: the fee alone makes its statement.
    accountant.run(OCTOBER)
    assert accountant.documents(OCTOBER) == ["First: statement - Estimated 7.00 USD"]


def test_a_dry_run_under_a_book_tells_what_a_run_under_it_would(accountant: Accountant) -> None:
    share(accountant, "10", as_line=False)
    share(accountant, "3", as_line=True)
    fee(accountant, "5.005")
    first = accountant.customer("First", markup_percent=Decimal(20))
    accountant.customer("Second")
    accountant.deliver(SEPTEMBER, storage("100.01"), cost(SEPTEMBER, "0.005", ServiceName="Bandwidth"))
    accountant.subscriptions(first, "s-1")
    (now, _) = sorted(accountant.run().statements, key=lambda one: one.customer_name)
    # 100.015 × 1.5 × 1.1 = 165.02475; its 3 % are 4.9507425; with the fee 174.9804925.
    for percent, wanted in (("20", now.statement.total_minor_units), ("50", 17498)):
        order = PriceBookOrder(f"Book of {percent}", BOOK.format(percent=percent))
        book = create_price_book(accountant.installation, accountant.caller, order)
        tried = dry_run_price_book(
            accountant.installation, accountant.caller, DryRunOrder(book.price_book_id, first, SEPTEMBER), None
        )
        (found,) = tried.differences
        assert found.today_minor_units == now.statement.total_minor_units
        assert found.under_book_minor_units == wanted
        by_service = {one.service: (one.today, one.under_book) for one in found.services}
        assert by_service["Desk"] == (Decimal("5.005"), Decimal("5.005"))


def test_documents_show_a_rules_line_to_the_customer_and_never_a_cost(accountant: Accountant) -> None:
    rule_id = share(accountant, "12.5", as_line=True)
    first = accountant.customer("First", markup_percent=Decimal(20))
    accountant.deliver(SEPTEMBER, storage("71.77"))
    accountant.subscriptions(first, "s-1")
    accountant.run()
    customer = Caller(accountant.caller.partner_id, Role.CUSTOMER_READ_ONLY, first)
    (seen,) = every_statement(accountant.installation, customer, StatementFilter())
    whole = get_statement(accountant.installation, customer, seen.statement_id)
    as_csv = statement_csv(whole.statement_id, whole.statement, whole.document)
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert [(row["kind"], row["service"], row["reference"], row["amount"]) for row in rows] == [
        ("charges", "Storage", "", "86.12"),
        ("custom", "Management", str(rule_id), "10.77"),
    ]
    assert rows[1]["description"] == "What Management is"
    as_json = statement_json(whole.statement_id, whole.statement, whole.document)
    assert "71.77" not in as_csv + str(as_json)


def test_a_deleted_customer_pays_fees_up_to_the_month_of_its_end(accountant: Accountant, clock: SettableClock) -> None:
    fee(accountant, "5")
    first = accountant.customer("First")
    clock.now = datetime(2024, 10, 20, tzinfo=UTC)
    delete_customer(accountant.installation, accountant.caller, first)
    for month, expected in ((SEPTEMBER, 1), (OCTOBER, 1), (OCTOBER.following, 0)):
        assert len(accountant.run(month).statements) == expected


def test_a_run_of_one_customer_draws_up_the_same_lines_as_a_run_of_all(accountant: Accountant) -> None:
    share(accountant, "7.77", as_line=True)
    fee(accountant, "1")
    first = accountant.customer("First")
    accountant.customer("Second")
    accountant.deliver(SEPTEMBER, storage("3.333"))
    accountant.subscriptions(first, "s-1")
    (alone,) = accountant.run(customer_id=first).statements
    lines = accountant.whole(alone.statement_id).statement.lines
    assert [line.priced.kind for line in lines] == [LineKind.CHARGES, LineKind.CUSTOM, LineKind.CUSTOM]
    accountant.run()
    assert accountant.whole(alone.statement_id).statement.lines == lines


@settings(max_examples=60, deadline=None)
@given(rules=billing_rules((101, 102), SEPTEMBER))
def test_a_rule_is_read_back_from_what_a_run_writes_down(rules: tuple[RuleInForce, ...]) -> None:
    for one in rules:
        assert billing_rule_of(billing_rule_document(one)) == one
