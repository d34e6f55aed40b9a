"""Margins by customer, service, month and rule: each adds up to the same, to the last decimal."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.billing_rule import BillingRuleOrder, CustomersChange, RuleAction, RuleCloud, RuleType
from rebill.model.closing import LateCost
from rebill.model.errors import Forbidden, Invalid
from rebill.model.manual_line import NewManualLine
from rebill.model.margin import Margin, MarginsBy
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.proof.read_margins import MarginsOrder, read_margins
from tests.services.accountant import OCTOBER, Accountant
from tests.services.months import SEPTEMBER, charge


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def margins(
    accountant: Accountant, by: MarginsBy, month: BillingMonth | None = None, customer_id: int | None = None
) -> list[Margin]:
    return read_margins(accountant.installation, accountant.caller, MarginsOrder(by, month, customer_id))


def told(found: list[Margin]) -> list[str]:
    """Each row: what it is told by, price, cost, margin, percent."""
    return [
        " ".join(
            [
                str(one.customer_name or one.service or one.month or f"{one.price_book or '-'}/{one.rule}"),
                *(f"{amount.normalize():f}" for amount in (one.price, one.cost, one.margin)),
                f"{one.percent}",
            ]
        )
        for one in found
    ]


def two_customers(accountant: Accountant) -> int:
    """First pays a tenth more than list, Second what is billed: its subscription costs more than it brings."""
    first = accountant.customer("First", markup_percent=Decimal(10))
    second = accountant.customer("Second")
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-02", "8.001", "10.003", SubAccountId="s-1", ServiceName="Storage"),
        charge("2024-09-02", "4", "5", SubAccountId="s-1"),
        charge("2024-09-02", "3", "2", SubAccountId="s-2", ServiceName="Storage"),
    )
    accountant.subscriptions(first, "s-1")
    accountant.subscriptions(second, "s-2")
    accountant.run()
    return first


def together(found: list[Margin]) -> tuple[Decimal, Decimal]:
    return sum((one.price for one in found), Decimal(0)), sum((one.cost for one in found), Decimal(0))


def test_margins_are_told_by_what_is_asked(accountant: Accountant) -> None:
    two_customers(accountant)
    assert told(margins(accountant, MarginsBy.CUSTOMER)) == [
        "First 16.5 12.001 4.499 27.27",
        "Second 2 3 -1 -50.00",
    ]
    assert told(margins(accountant, MarginsBy.SERVICE, SEPTEMBER)) == [
        "Storage 13 11.001 1.999 15.38",
        "Virtual Machines 5.5 4 1.5 27.27",
    ]
    assert told(margins(accountant, MarginsBy.MONTH)) == ["2024-09 18.5 15.001 3.499 18.91"]
    book = f"Markup of customer {accountant.customers['First'].customer_id}"
    assert told(margins(accountant, MarginsBy.RULE, SEPTEMBER)) == [
        f"{book}/1 Markup 16.5033 12.001 4.5023 27.28",
        "no price book/no rule 2 3 -1 -50.00",
        "-/minor units -0.0033 0 -0.0033 100.00",
    ]


def test_every_billing_rule_is_a_row_of_its_own_by_its_name_whatever_its_lines_are_called(
    accountant: Accountant,
) -> None:
    two_customers(accountant)
    for name, fee in (("Onboarding", "5"), ("Care", "2.5"), ("Hotline", "1")):
        rule = BillingRuleOrder(
            name=name,
            cloud=RuleCloud.AZURE,
            billing_rule_type=RuleType.CUSTOM,
            rule_action=RuleAction.FLAT_FEE,
            apply_flat_fee_cost=Decimal(fee),
            add_csp_customers=CustomersChange(everyone=True),
            product_name="Service",
            product_description="Service",
            start_month=SEPTEMBER,
        )
        create_billing_rule(accountant.installation, accountant.caller, rule)
    accountant.run()
    assert told(margins(accountant, MarginsBy.RULE, SEPTEMBER))[2:-1] == [
        "-/custom: Care 5 0 5 100.00",
        "-/custom: Hotline 2 0 2 100.00",
        "-/custom: Onboarding 10 0 10 100.00",
    ]


def test_however_told_margins_add_up_to_the_same_after_notes_and_voids(accountant: Accountant) -> None:
    first = two_customers(accountant)
    accountant.finalize()
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-02", "9.001", "11.003", SubAccountId="s-1", ServiceName="Storage"),
        charge("2024-09-02", "3", "2", SubAccountId="s-2", ServiceName="Storage"),
    )
    accountant.run()
    accountant.correct()
    assert told(margins(accountant, MarginsBy.CUSTOMER)) == ["First 12.1 9.001 3.099 25.61", "Second 2 3 -1 -50.00"]
    assert told(margins(accountant, MarginsBy.SERVICE, SEPTEMBER, first)) == [
        "Storage 12.1 9.001 3.099 25.61",
        "Virtual Machines 0 0 0 None",
    ]
    accountant.void(accountant.statement_id("S2024-000002" if first > second_id(accountant) else "S2024-000001"))
    sums = {together(margins(accountant, by, SEPTEMBER)) for by in MarginsBy}
    assert sums == {(Decimal("14.10"), Decimal("12.001"))}


def second_id(accountant: Accountant) -> int:
    return accountant.customers["Second"].customer_id


def test_what_an_entry_costs_stands_beside_what_it_comes_to_and_rounding_costs_nothing(accountant: Accountant) -> None:
    first = two_customers(accountant)
    nobody = accountant.customer("Nobody", billing_enabled=False)
    entries = [
        enter_manual_line(
            accountant.installation,
            accountant.caller,
            NewManualLine(customer_id, SEPTEMBER, Decimal(amount), reason, "USD", Decimal(cost)),
        )
        for customer_id, amount, reason, cost in (
            (first, "-2.345", "goodwill", "0.10"),
            (second_id(accountant), "7", "goodwill", "5"),
            (nobody, "7", "goodwill", "3"),
        )
    ]
    accountant.run()
    services = [
        "Storage 13 11.001 1.999 15.38",
        "Virtual Machines 5.5 4 1.5 27.27",
        "goodwill 4.66 5.1 -0.44 -9.44",
    ]
    book = f"Markup of customer {accountant.customers['First'].customer_id}"
    assert told(margins(accountant, MarginsBy.SERVICE, SEPTEMBER)) == services
    assert told(margins(accountant, MarginsBy.RULE, SEPTEMBER)) == [
        f"{book}/1 Markup 16.5033 12.001 4.5023 27.28",
        "no price book/no rule 2 3 -1 -50.00",
        "-/manual: goodwill 4.655 5.1 -0.445 -9.56",
        "-/minor units 0.0017 0 0.0017 100.00",
    ]
    accountant.finalize()
    withdraw_manual_line(accountant.installation, accountant.caller, entries[1].manual_line_id)
    accountant.run()
    accountant.correct()
    assert told(margins(accountant, MarginsBy.RULE, SEPTEMBER))[-2:] == [
        "-/manual: goodwill -2.345 0.1 -2.445 104.26",
        "-/minor units 0.0017 0 0.0017 100.00",
    ]
    sums = {together(margins(accountant, by, SEPTEMBER)) for by in MarginsBy}
    assert sums == {(Decimal("16.16"), Decimal("15.101"))}


def test_a_correction_on_a_later_statement_counts_for_the_month_it_corrects(accountant: Accountant) -> None:
    accountant.settle(late_cost=LateCost.NEXT)
    two_customers(accountant)
    accountant.finalize()
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-02", "12", "15", SubAccountId="s-1"),
        charge("2024-09-02", "3", "2", SubAccountId="s-2", ServiceName="Storage"),
    )
    accountant.run()
    accountant.correct()
    # It is issued only with the statement that it stands on.
    assert told(margins(accountant, MarginsBy.MONTH)) == ["2024-09 18.5 15.001 3.499 18.91"]


def test_services_and_rules_are_of_one_month_and_no_customers_business(accountant: Accountant) -> None:
    first = two_customers(accountant)
    for by in (MarginsBy.SERVICE, MarginsBy.RULE):
        with pytest.raises(Invalid) as refusal:
            margins(accountant, by)
        assert refusal.value.code == "month_required"
        assert margins(accountant, by, OCTOBER) == []
    customer = Caller(accountant.caller.partner_id, Role.CUSTOMER_READ_ONLY, customer_id=first)
    with pytest.raises(Forbidden):
        read_margins(accountant.installation, customer, MarginsOrder(MarginsBy.CUSTOMER))


def test_another_partner_sees_none_of_it(accountant: Accountant, other_partner: Caller) -> None:
    first = two_customers(accountant)
    for by in MarginsBy:
        order = MarginsOrder(by, SEPTEMBER, first)
        assert read_margins(accountant.installation, other_partner, order) == []
