"""What billing rules do to charges, as the tables that a month's lines find it by; without an engine."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rebill.model.billing_rule import ChosenCustomers, RuleAction, RuleInForce
from rebill.model.rating import RefundRules
from rebill.rating.line_rules import (
    KEPT_PRICE,
    LIST_PRICE,
    NO_LINE_RULES,
    NO_PRICE,
    is_aws_support,
    line_rule_tables,
    line_rules_of,
    product_rule_table,
    rule_flags,
)
from rebill.rating.tables import FACTOR_TYPE
from tests.rating.months import MONTH
from tests.rating.test_added_lines import BILLED, OTHER, UNBILLED, custom, month_of
from tests.rating.test_support_fees import support

ONE = Decimal(1)
NOBODY = ChosenCustomers()


@pytest.mark.parametrize(
    "service",
    [
        "AWS Support (Business)",
        "AWS Premium Support",
        "AWS Developer Support",
        "AWS Business Support",
        "AWS Enterprise Support",
        "AWS Enterprise On-Ramp",
        "AWSSupportBusiness",
        "AWSDeveloperSupport",
        "AWSBusinessSupport",
        "AWSEnterpriseSupport",
        "OCBPremiumSupport",
    ],
)
def test_support_is_told_by_how_its_name_begins_in_any_case(service: str) -> None:
    for name in (service, service.upper(), service.lower(), f" {service} Plan "):
        assert is_aws_support(name), name
    for name in (service[1:], f"My {service}", service.replace("S", "Z")):
        assert not is_aws_support(name), name
    assert not is_aws_support(None)


@pytest.mark.parametrize(
    ("provider", "service", "category", "flags"),
    [
        ("Microsoft", "Storage", "Usage", (True, False, False)),
        ("Microsoft", "Storage", "Purchase", (True, False, False)),
        ("Microsoft", "AWS Support", "Usage", (True, False, False)),
        ("Microsoft", None, "Credit", (False, False, False)),
        (None, None, "Usage", (True, False, False)),
        ("AWS", "AWS Support", "Usage", (False, True, True)),
        ("AWS", "AWS Support", "Purchase", (False, True, True)),
        ("AWS", "AWS Support", "Credit", (False, True, False)),
        ("AWS", "AmazonEC2", "Usage", (False, False, False)),
        ("Another", "AWS Support", "Usage", (False, False, False)),
    ],
)
def test_rules_may_act_on_usage_and_purchases_of_their_cloud_and_free_all_of_support(
    provider: str | None, service: str | None, category: str, flags: tuple[bool, bool, bool]
) -> None:
    assert rule_flags(provider, service, category) == flags
    product = {"product_number": 3, "provider": provider, "service": service, "charge_category": category}
    table = product_rule_table([product])
    flags_of = [(name, "BOOLEAN") for name in ("spread_over", "support", "support_listed")]
    assert (table.name, table.columns) == ("product_rules", (("product_number", "INTEGER"), *flags_of))
    assert table.rows == ([("3", *map(str, flags))] if any(flags) else [])


def test_what_rules_do_to_charges_stands_in_a_place_for_each_in_order_of_their_ids() -> None:
    of_one = ChosenCustomers(customer_ids=(OTHER,))
    rules = (
        custom(9, RuleAction.SPEND_RATIO, percent=Decimal(5), csp_customers=of_one),
        support(RuleAction.LIST_PRICE, 8),
        custom(7, RuleAction.SPEND_RATIO, percent=Decimal(10)),
        custom(6, RuleAction.SPEND_RATIO, percent=ONE, csp_customers=NOBODY, enterprise_agreements=((OTHER, (4711,)),)),
    )
    line_rules, holders = line_rule_tables(line_rules_of(month_of(billing_rules=rules)))
    assert (line_rules.name, holders.name) == ("line_rules", "customer_line_rules")
    places = [
        column for place in (1, 2, 3) for column in ((f"rule_{place}", "BIGINT"), (f"share_{place}", FACTOR_TYPE))
    ]
    support_columns = [("support_rule", "BIGINT"), ("support_source", "INTEGER"), ("support_factor", FACTOR_TYPE)]
    assert line_rules.columns == (("line_rule_set", "INTEGER"), *support_columns, *places)
    at_list = ("8", str(LIST_PRICE), "1")
    assert line_rules.rows == [
        ("1", *at_list, "7", "0.100000", None, None, None, None),
        ("2", *at_list, "7", "0.100000", "9", "0.050000", None, None),
        ("3", *at_list, "6", "0.010000", "7", "0.100000", "9", "0.050000"),
    ]
    texts = (("agreement", "STRING"), ("rules_month", "STRING"))
    assert holders.columns == (("customer_id", "BIGINT"), *texts, ("line_rule_set", "INTEGER"))
    assert holders.rows == [
        (str(BILLED), None, None, "1"),
        (str(OTHER), None, None, "2"),
        (str(OTHER), "4711", None, "3"),
    ]


@pytest.mark.parametrize(
    ("rule", "effect"),
    [
        (support(RuleAction.SUPPRESS_CHARGE, 8), ("8", str(NO_PRICE), None)),
        (support(RuleAction.FLAT_FEE, 8, fee=ONE), ("8", str(NO_PRICE), None)),
        (support(RuleAction.LIST_PRICE, 8), ("8", str(LIST_PRICE), "1")),
        (support(RuleAction.PERCENTAGE_DISCOUNT, 8, percent=Decimal(25)), ("8", str(LIST_PRICE), "0.750000")),
        (custom(8, RuleAction.SPEND_RATIO, percent=ONE), (None, str(KEPT_PRICE), None)),
    ],
)
def test_what_a_rule_prices_support_from_stands_beside_its_id(
    rule: RuleInForce, effect: tuple[str | None, str, str | None]
) -> None:
    line_rules, _ = line_rule_tables(line_rules_of(month_of(billing_rules=(rule,))))
    assert next(row[1:4] for row in line_rules.rows) == effect


def test_refunds_are_priced_by_the_rules_of_their_month_where_their_customer_was_billed_then() -> None:
    now, then = (custom(number, RuleAction.SPEND_RATIO, percent=Decimal(number)) for number in (7, 8))
    inputs = month_of(billing_rules=(now,))
    by_id = {one.customer_id: one for one in inputs.terms}
    # The second customer was billed in neither month, the third in this one alone.
    terms = (by_id[BILLED], by_id[UNBILLED], replace(by_id[OTHER], billing_enabled=False))
    refunds = RefundRules(MONTH.preceding, ("G-1",), terms, billing_rules=(then,))
    none_billed = RefundRules(MONTH.preceding.preceding, ("G-2",), terms[1:], billing_rules=(then,))
    found = line_rules_of(replace(inputs, refund_rules=(refunds, none_billed)))
    assert [one.spread for one in found.numbered] == [(now,), (then,)]
    earlier, earliest = str(refunds.month), str(none_billed.month)
    assert found.customers == (
        (BILLED, None, None, 1),
        (OTHER, None, None, 1),
        (OTHER, None, earlier, 1),
        (BILLED, None, earlier, 2),
        (BILLED, None, earliest, 1),
        (OTHER, None, earliest, 1),
    )
    assert found.most_spread == 1
    assert line_rules_of(month_of()).most_spread == 0


def test_one_that_makes_support_free_decides_before_one_that_prices_it_then_the_lowest_id() -> None:
    at_list, discount = support(RuleAction.LIST_PRICE, 5), support(RuleAction.PERCENTAGE_DISCOUNT, 3, percent=ONE)
    free, fee = support(RuleAction.SUPPRESS_CHARGE, 9), support(RuleAction.FLAT_FEE, 7, fee=ONE)
    for rules, decides in (
        ((at_list, discount), discount),
        ((free, at_list), free),
        ((free, discount, fee), fee),
        ((custom(1, RuleAction.SPEND_RATIO, percent=ONE), at_list), at_list),
    ):
        (found,) = line_rules_of(month_of(billing_rules=rules)).numbered
        assert found.support is decides
    assert NO_LINE_RULES == 0
