"""Rated lines are kept in 64 bits where a month's amounts let them, and in 128 where one of them does not."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.engines.duckdb import DuckDBEngine
from rebill.rating.line_columns import asked_by
from rebill.rating.plan import AMOUNT_COLUMNS, GREATEST_FACTOR, QUANTITY_COLUMNS, PlanFeatures, narrowed
from tests.rating.lines import Line
from tests.rating.months import write_parts

ONE = Decimal(1)
PLAIN = PlanFeatures(bill_input_tax=False, names_accounts=False, asked=asked_by(()))
START = datetime.combine(date(2024, 9, 3), time())
LINE = Line(
    billed=Decimal(7),
    listed=None,
    effective=None,
    quantity=None,
    unit=None,
    start=START,
    end=START + timedelta(hours=1),
    category="Usage",
    currency="USD",
    provider=None,
    service=None,
    subscription=None,
    tenant=None,
    commitment=None,
    commitment_status=None,
)


def test_the_greatest_number_is_told_without_its_sign_over_all_files_and_columns(tmp_path: Path) -> None:
    lines = [LINE, replace(LINE, listed=Decimal("-8.5")), replace(LINE, effective=Decimal("3"))]
    parts = write_parts(lines, tmp_path, 3)
    with DuckDBEngine(tmp_path / "spill", "200MB") as engine:
        assert engine.greatest_number(parts, AMOUNT_COLUMNS) == Decimal("8.5")
        assert engine.greatest_number(parts[:1], AMOUNT_COLUMNS) == 7
        assert engine.greatest_number(parts, QUANTITY_COLUMNS) == 0
        assert engine.greatest_number(write_parts([], tmp_path, 1), AMOUNT_COLUMNS) is None


def test_the_greatest_factor_is_that_of_any_rule_and_one_at_least(tmp_path: Path) -> None:
    columns = (("factor", "DECIMAL(9,6)"), ("fallback_factor", "DECIMAL(9,6)"))
    for rows, greatest in (
        ([("1.5", "2"), ("0.5", "1")], "2"),
        ([("1", "1.25"), ("3.5", "2")], "3.5"),
        ([("0.5", "0.25")], "1"),
    ):
        with DuckDBEngine(tmp_path / "spill", "200MB") as engine:
            engine.create_table("prices", columns, rows)
            assert engine.rows(GREATEST_FACTOR) == [(Decimal(greatest),)]


@pytest.mark.parametrize(
    ("amount", "factor", "kept"),
    [
        ("999998.999999999999", "1", True),
        ("999999", "1", False),
        ("99999.8", "9.999999", True),
        ("100000", "9.999999", False),
        ("100000", "10", False),
        ("218060.84", "4.5", True),
    ],
)
def test_amounts_are_narrow_where_no_price_can_reach_seven_digits(amount: str, factor: str, kept: bool) -> None:
    found = narrowed(PLAIN, Decimal(amount), Decimal(0), Decimal(factor))
    assert [name in found for name in ("billed_cost", "statement_cost", "price")] == [kept] * 3
    assert Decimal(amount) * Decimal(factor) < 10**6 or not kept


def test_what_is_not_known_stays_wide() -> None:
    assert narrowed(PLAIN, None, None, ONE) == {}
    assert list(narrowed(PLAIN, None, Decimal("9999999999"), ONE)) == ["quantity"]
    assert "quantity" not in narrowed(PLAIN, ONE, Decimal(10**10), ONE)


RATED = replace(PLAIN, asked=replace(PLAIN.asked, fixed_rate=True))


@pytest.mark.parametrize("features", [replace(PLAIN, has_line_rules=True), replace(PLAIN, has_guards=True), RATED])
def test_a_price_that_more_than_a_factor_makes_stays_wide(features: PlanFeatures) -> None:
    assert sorted(narrowed(features, ONE, ONE, ONE)) == ["billed_cost", "quantity", "statement_cost"]


def test_every_amount_and_quantity_that_a_price_is_made_of_is_looked_at() -> None:
    assert AMOUNT_COLUMNS == ("BilledCost", "ListCost", "EffectiveCost")
    assert QUANTITY_COLUMNS == ("PricingQuantity",)
