"""The arithmetic of money: one rounding rule, exact factors, minor units that always add up."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebill.model.money import (
    checked_percent,
    discount_factor,
    entered_amount,
    increase_factor,
    kept_amount,
    minor_units,
    parse_decimal,
    product_of,
    round_half_away,
    shown_minor_units,
    text_of,
    text_of_minor_units,
)

amounts = st.decimals(min_value=-(10**14), max_value=10**14, places=12)
percents = st.integers(0, 998_999_999).map(lambda units: Decimal(units).scaleb(-4))


@pytest.mark.parametrize("text", ["0", "-1", "+1.5", ".5", "5.", "1e3", "1.5E-7", "007", "-.0e+1"])
def test_number_text_that_is_read(text: str) -> None:
    assert parse_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1,5", "1_000", "1.2.3", "--1", "NaN", "Infinity", "0x10", "1e", "e5", "$5", "١", "1\n", "."],
)
def test_number_text_that_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_decimal(text)


def test_amounts_of_any_size_are_too_great_or_rounded() -> None:
    for text in ("1e999999999", "-1e400", "9" * 5_000, "1e16", "9999999999999999.9999999999995"):
        with pytest.raises(ValueError, match="at most 16 digits before the point"):
            entered_amount(parse_decimal(text))
    assert entered_amount(parse_decimal("1e-999999999")) == 0
    assert entered_amount(parse_decimal("-9999999999999999.9999999999994")) == Decimal("-9999999999999999.999999999999")


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [
        ("0.5", 0, "1"),
        ("-0.5", 0, "-1"),
        ("1.5", 0, "2"),
        ("2.5", 0, "3"),
        ("0.49999", 0, "0"),
        ("-0.0000000000005", 12, "-0.000000000001"),
    ],
)
def test_rounding_is_half_away_from_zero(value: str, decimals: int, rounded: str) -> None:
    assert round_half_away(Decimal(value), decimals) == Decimal(rounded)


@pytest.mark.parametrize("value", ["-0", "-0.004", "-0.0", "0"])
def test_what_rounds_to_0_has_no_sign(value: str) -> None:
    assert text_of(round_half_away(Decimal(value), 2)) == "0.00"
    assert text_of(product_of(Decimal(value), Decimal("0.000000000000001"))) == "0.000000000000"


@given(percents)
def test_factors_are_exact(percent: Decimal) -> None:
    assert Fraction(increase_factor(percent)) == 1 + Fraction(percent) / 100
    if percent <= 100:
        assert Fraction(discount_factor(percent)) == 1 - Fraction(percent) / 100


@pytest.mark.parametrize("percent", ["-0.0001", "99900", "1.00001", "NaN", "Infinity"])
def test_percents_out_of_bounds_or_too_fine_are_refused(percent: str) -> None:
    with pytest.raises(ValueError, match="percent"):
        checked_percent(Decimal(percent))


def test_a_discount_is_at_most_a_hundred_percent() -> None:
    assert discount_factor(Decimal(100)) == 0
    with pytest.raises(ValueError, match="between 0 and 100"):
        discount_factor(Decimal("100.0001"))


@given(st.lists(amounts, max_size=30), st.sampled_from([0, 2, 3, 4]))
def test_shown_lines_add_up_and_stay_within_one_unit(exact: list[Decimal], digits: int) -> None:
    shown = shown_minor_units(exact, digits)
    assert sum(shown) == minor_units(sum(exact, Decimal(0)), digits)
    for amount, units in zip(exact, shown, strict=True):
        floor = int(amount.scaleb(digits).to_integral_value(rounding=ROUND_FLOOR))
        assert units - floor in ((0,) if amount.scaleb(digits) == floor else (0, 1))


def test_ties_go_to_the_earlier_line() -> None:
    assert shown_minor_units([Decimal("0.005")] * 4, 2) == [1, 1, 0, 0]
    assert shown_minor_units([Decimal("-0.005")] * 3, 2) == [0, -1, -1]


@given(amounts, st.sampled_from([0, 2, 3]))
def test_minor_units_and_their_text_agree_with_plain_rounding(amount: Decimal, digits: int) -> None:
    text = text_of_minor_units(minor_units(amount, digits), digits)
    assert text == format(amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP) + 0, "f")
    assert len(text.partition(".")[2]) == digits


def test_amounts_keep_twelve_decimals() -> None:
    assert format(kept_amount(Decimal("1.0000000000005")), "f") == "1.000000000001"
