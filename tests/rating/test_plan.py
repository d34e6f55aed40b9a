"""What a month's plan is made of, for what its terms and books ask; without an engine."""

from dataclasses import replace

import pytest

from rebill.model.price_book import PatternKind, TextPattern
from rebill.rating.line_columns import asked_by
from rebill.rating.plan import PlanFeatures, Step, kept_tables, keys, lines

PLAIN = PlanFeatures(bill_input_tax=False, names_accounts=False, asked=asked_by(()))
RATED = replace(PLAIN, asked=replace(PLAIN.asked, fixed_rate=True))
KEYED = replace(PLAIN, keyed=True)
RULED = replace(PLAIN, has_line_rules=True, most_spread=2)
GUARDED = replace(PLAIN, has_guards=True)
OF_KEYS = ["accounts", "applicable", "ownerships", "account_spans", "products"]


def sql_of(steps: tuple[Step, ...], name: str) -> str:
    (found,) = [step.sql for step in steps if step.name == name]
    return found


@pytest.mark.parametrize("features", [PLAIN, RATED, RULED, GUARDED, KEYED])
def test_the_steps_make_the_tables_in_order_and_only_rated_lines_are_as_long_as_the_month(
    features: PlanFeatures,
) -> None:
    of_keys = ["resolved_keys"] if features.keyed else []
    assert [step.name for step in keys(features)] == [*OF_KEYS, *of_keys]
    of_keys = ["charge_days", "priced_keys"] if features.keyed else []
    assert [(step.name, step.large) for step in lines(features)] == [
        *((name, False) for name in ("prices", *of_keys)),
        ("rated_lines", True),
    ]


def test_rated_lines_keep_the_small_tables_that_they_refer_to() -> None:
    of_all = ("account_spans", "products", "prices")
    assert kept_tables(PLAIN) == of_all
    assert kept_tables(RULED) == (*of_all, "line_rules", "product_rules")


@pytest.mark.parametrize(
    ("features", "table", "told"),
    [
        (
            replace(PLAIN, names_accounts=True),
            "account_spans",
            "of_subscription.rule_set, of_tenant.rule_set, of_payer",
        ),
        (replace(PLAIN, names_accounts=True), "accounts", "l.BillingAccountId AS billing_account"),
        (replace(PLAIN, allocates=True), "accounts", "l.CommitmentDiscountId"),
        (replace(PLAIN, has_refunds=True), "accounts", "i.rules_month AS rules_month"),
        (replace(PLAIN, has_refunds=True), "accounts", "FROM cost_lines AS l"),
        (RATED, "products", "(l.PricingQuantity IS NOT NULL) AS quantified"),
        (replace(PLAIN, bill_input_tax=True), "prices", "WHEN charge_category = 'Tax' THEN 2"),
        (KEYED, "priced_keys", "s.owner_until_day END AS usage_until_day"),
        (replace(KEYED, has_line_rules=True), "priced_keys", ", s.line_rule_set"),
        (replace(KEYED, has_guards=True), "priced_keys", ", s.rule_set, p.own_base_source"),
        (KEYED, "rated_lines", "LEFT JOIN priced_keys AS p"),
        (
            replace(KEYED, has_guards=True),
            "rated_lines",
            "LEFT JOIN products AS d ON d.product_number = p.product_number",
        ),
        (replace(PLAIN, has_refunds=True), "rated_lines", "LEFT JOIN refunded_invoices AS i"),
        (RATED, "rated_lines", "CASE WHEN by_rate THEN"),
        (
            RULED,
            "rated_lines",
            "spread_over, support, support_listed, support_source, support_factor, share_1, share_2",
        ),
        (RULED, "rated_lines", "AS price, spans_transfer, guard\nFROM"),
        (replace(RULED, has_guards=True), "rated_lines", "list_price, guarded, cap, floor_at_cost, margin_factor"),
        (GUARDED, "rated_lines", "LEFT JOIN guards AS g ON g.rule_set = s.rule_set"),
        (replace(KEYED, has_guards=True), "rated_lines", "LEFT JOIN guards AS g ON g.rule_set = p.rule_set"),
    ],
)
def test_what_a_month_asks_stands_in_its_plan_and_in_no_other(features: PlanFeatures, table: str, told: str) -> None:
    assert told in sql_of((*keys(features), *lines(features)), table)
    without = replace(PLAIN, keyed=features.keyed and features != KEYED)
    assert all(told not in step.sql for step in (*keys(without), *lines(without)) if step.name == table)


def test_products_are_read_from_keys_where_those_tell_them_apart_and_else_from_all_lines() -> None:
    asked = replace(PLAIN.asked, regions=frozenset({TextPattern(PatternKind.EXACT, "eastus")}))
    assert "FROM cost_lines AS l" in sql_of(keys(replace(PLAIN, asked=asked)), "products")
    assert "FROM line_keys AS l" in sql_of(keys(replace(KEYED, asked=asked)), "products")
