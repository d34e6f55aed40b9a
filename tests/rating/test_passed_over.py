"""Which fixed rates do not price lines that their rules are for in everything else, and why; without an engine."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb

from rebill.model.price_book import Adjustment, AdjustmentKind, PriceRule, ProductCondition
from rebill.model.rating import CommitmentRole
from rebill.rating.line_columns import asked_by
from rebill.rating.passed_over import LINES_PASSED_OVER, PassedOver, lines_of_products_passed_over, passed_over
from rebill.rating.products import products
from rebill.rating.rule_matching import kinds_of
from tests.rating.test_rules_matched import PRODUCT

STORAGE = (ProductCondition("Storage"),)
PER_GB = PriceRule(1, "Per GB", Adjustment(AdjustmentKind.FIXED_RATE, Decimal("0.5"), unit="GB"), STORAGE)
IN_EUROS = PriceRule(2, "In euros", Adjustment(AdjustmentKind.FIXED_RATE, Decimal(1), currency="EUR"), STORAGE)
ALL_OF_IT = PriceRule(3, "All", Adjustment(AdjustmentKind.PERCENT_INCREASE, Decimal(10)))
VARIANTS: tuple[dict[str, Any], ...] = (
    {"pricing_unit": "GB", "service": "Machines"},
    {"pricing_unit": "GB"},
    {"pricing_unit": "1 Hour"},
    {"pricing_unit": None},
    {"pricing_unit": "GB", "currency": "EUR"},
    {"pricing_unit": "GB", "currency": "JPY"},
    {"pricing_unit": "GB", "quantified": False},
    {"pricing_unit": "GB", "commitment_role": CommitmentRole.USED},
)
PRODUCTS = [{**PRODUCT, **one, "product_number": number} for number, one in enumerate(VARIANTS, 11)]
IN_DOLLARS = "and the rate is in USD"
BILLED_IN_DOLLARS = "they are billed in USD, and the rate is in EUR"
NO_QUANTITY, OF_A_COMMITMENT = "they have no quantity", "they name a commitment"


def told(*matchers: tuple[PriceRule, ...]) -> list[PassedOver]:
    kinds = kinds_of(PRODUCTS, asked_by([PER_GB, IN_EUROS, ALL_OF_IT]), (), False)
    return list(passed_over(matchers, kinds, "USD"))


def test_what_no_other_rate_and_no_earlier_rule_prices_is_told_with_the_first_reason() -> None:
    first, last = replace(ALL_OF_IT, position=1), replace(PER_GB, position=2)
    assert told((ALL_OF_IT,), (PER_GB, IN_EUROS, ALL_OF_IT), (first, last), (IN_EUROS,)) == [
        PassedOver(2, 13, 1, "they are priced in '1 Hour', and the rate is for 'GB'"),
        PassedOver(2, 14, 1, "they are priced in no unit, and the rate is for 'GB'"),
        PassedOver(2, 16, 1, f"they are billed in JPY, {IN_DOLLARS}"),
        PassedOver(2, 17, 1, NO_QUANTITY),
        PassedOver(2, 18, 1, OF_A_COMMITMENT),
        PassedOver(4, 12, 2, BILLED_IN_DOLLARS),
        PassedOver(4, 13, 2, BILLED_IN_DOLLARS),
        PassedOver(4, 14, 2, BILLED_IN_DOLLARS),
        PassedOver(4, 16, 2, BILLED_IN_DOLLARS.replace("USD", "JPY")),
        PassedOver(4, 17, 2, NO_QUANTITY),
        PassedOver(4, 18, 2, OF_A_COMMITMENT),
    ]


def test_a_rate_without_a_currency_is_in_the_home_currency() -> None:
    kinds = kinds_of(PRODUCTS, asked_by([PER_GB]), (), False)
    in_yen = [(one.product_number, one.reason) for one in passed_over([(PER_GB,)], kinds, "JPY")]
    assert in_yen[0] == (12, "they are billed in USD, and the rate is in JPY")
    assert 16 not in dict(in_yen)


OF_RUN = """
CREATE TABLE rated_sums AS SELECT * FROM (VALUES (1, 11, 4), (2, 11, 3), (1, 12, 2), (3, 11, 50), (4, 11, 70))
    AS r(span_number, product_number, line_count);
CREATE TABLE account_spans AS SELECT * FROM (VALUES (1, 5, 'billed'), (2, 5, 'billed'), (3, 5, 'unassigned'),
    (4, 6, 'billed')) AS s(span_number, rule_set, binding);
CREATE TABLE rule_sets AS SELECT * FROM (VALUES (5, 8), (6, 9)) AS t(rule_set, matcher);
CREATE TABLE passed_over AS SELECT * FROM (VALUES (8, 11, 1, 'unit'), (8, 13, 1, 'unit'), (9, 12, 2, 'currency'))
    AS o(matcher, product_number, rule_position, reason)"""


def test_billed_lines_that_rates_passed_over_are_counted_by_rule_set_rule_and_reason() -> None:
    with duckdb.connect() as engine:
        engine.execute(OF_RUN)
        assert engine.execute(LINES_PASSED_OVER).fetchall() == [(5, 1, "unit", 7)]


def test_lines_of_products_are_counted_whoever_has_them() -> None:
    columns = [(column, "VARCHAR") for column in ("ProviderName", "ServiceName", "ChargeCategory", "PricingUnit")]
    columns += [("BillingCurrency", "VARCHAR"), ("CommitmentDiscountId", "VARCHAR")]
    columns += [("CommitmentDiscountStatus", "VARCHAR"), ("PricingQuantity", "INTEGER")]
    asked = asked_by([replace(PER_GB, products=(ProductCondition(),))])
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE cost_lines ({', '.join(map(' '.join, columns))})")
        for service, count in (("Backup", 2), ("Storage", 3), ("Virtual Machines", 5)):
            row = f"(NULL, '{service}', 'Usage', 'GB', 'USD', NULL, NULL, 1)"
            engine.execute(f"INSERT INTO cost_lines VALUES {', '.join([row] * count)}")
        engine.execute(f"CREATE TABLE products AS {products(asked)}")
        engine.execute("CREATE TABLE passed_over AS SELECT 2 AS product_number, 4 AS rule_position, 'unit' AS reason")
        assert engine.execute(lines_of_products_passed_over(asked)).fetchall() == [(4, "unit", 3)]


def test_lines_are_counted_of_products_as_books_tell_them_apart() -> None:
    asked = asked_by([PER_GB])
    assert "AND (l.PricingQuantity IS NOT NULL) = d.quantified" in lines_of_products_passed_over(asked)
