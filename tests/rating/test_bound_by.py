"""What binds an account is told with a charge: its subscription, tenant, commitment or kind of charges."""

import duckdb
import pytest

from rebill.rating.explained import charges_at

TABLES = """
CREATE TABLE rated_lines AS SELECT 0 AS part, 1 AS part_row, 2 AS span_number, 3 AS product_number,
    1.5 AS quantity, 4 AS billed_cost, 5 AS statement_cost, 6 AS price, 0 AS guard, 1 AS base_kind;
CREATE TABLE products AS SELECT 3 AS product_number, 'Microsoft' AS provider, 'Storage' AS service,
    'Usage' AS charge_category, 'USD' AS currency;
CREATE TABLE prices AS SELECT 7 AS rule_set, 3 AS product_number, 8 AS rule_position, 1.1 AS factor,
    1.2 AS fallback_factor, NULL AS rate;
CREATE TABLE account_spans AS SELECT 2 AS span_number, 7 AS rule_set, ? AS bound_by, 's-1' AS subscription,
    't-1' AS tenant, 'r-1' AS commitment, 'usage' AS charge_kind, 'b-1' AS billing_account, NULL AS rules_month"""


@pytest.mark.parametrize(
    ("bound_by", "key"),
    [("subscription", "s-1"), ("azure_customer", "t-1"), ("commitment", "r-1"), ("charge_kind", "usage")],
)
def test_a_charge_is_told_with_the_account_that_binds_it(bound_by: str, key: str) -> None:
    with duckdb.connect() as engine:
        for table in TABLES.split(";"):
            engine.execute(table, [bound_by] if "?" in table else [])
        (row,) = engine.execute(charges_at([(0, 1)], "TRUE")).fetchall()
    assert row[:9] == (0, 1, 1.5, 4, 5, 6, bound_by, key, 0)
    assert row[9:13] == ("s-1", "t-1", "b-1", None)
    assert row[-4:] == ("Microsoft", "Storage", "Usage", "USD")
