"""Months, identifiers, days, currencies and price books: what is read, what is refused."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebill.model.assignment import Days
from rebill.model.currencies import MINOR_DIGITS, minor_digits
from rebill.model.identifiers import azure_customer_key, cost_line_azure_customer_key, fold, subscription_key
from rebill.model.months import BillingMonth, parse_day
from rebill.model.price_book import AdjustmentKind, markup_adjustment
from rebill.model.statement import PricedLine, drawn_up, line_order


def test_a_month_knows_its_days() -> None:
    december = BillingMonth.parse("2024-12")
    assert (december.first_day, december.last_day) == (date(2024, 12, 1), date(2024, 12, 31))
    assert str(december.following) == "2025-01"
    assert BillingMonth.of(date(2024, 2, 29)).last_day == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["", "2024-13", "2024-0", "24-01", "2024-01-01", "2024/01", "0000-01", "2024-00"])
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        BillingMonth.parse(text)


@pytest.mark.parametrize("text", ["2024-02-30", "1899-12-31", "3000-01-01", "20240101", "2024-1-1", "today", ""])
def test_what_is_not_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a day|lies outside"):
        parse_day(text)


def test_identifiers_fold_ascii_letters_and_nothing_else() -> None:
    assert fold("ABC\u00c4\u0130\u212a") == "abc\u00c4\u0130\u212a"
    assert azure_customer_key(" \tAB-1\r\n") == "ab-1"
    assert subscription_key("/Subscriptions/ABC") == subscription_key("abc") == "abc"
    assert cost_line_azure_customer_key("org:D7F5") == "d7f5"
    assert cost_line_azure_customer_key("00000000-0000-0000-0000-000000000000") == ""


days = st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2024, 2, 1)))


@given(days, days, days, days)
def test_spans_overlap_exactly_when_a_day_lies_in_both(
    first: date | None, until: date | None, other_first: date | None, other_until: date | None
) -> None:
    one, other = Days(first, until), Days(other_first, other_until)
    probes = [
        date.fromordinal(ordinal) for ordinal in range(date(2023, 12, 30).toordinal(), date(2024, 2, 5).toordinal())
    ]
    empty = any(span.first and span.until and span.first >= span.until for span in (one, other))
    if not empty:
        assert one.overlaps(other) == any(one.covers(day) and other.covers(day) for day in probes)


def test_currencies_have_their_iso_digits() -> None:
    assert [minor_digits(code) for code in ("USD", "JPY", "KWD", "CLF")] == [2, 0, 3, 4]
    assert len(MINOR_DIGITS) > 160
    with pytest.raises(ValueError, match="not an ISO 4217"):
        minor_digits("usd")


def test_a_markup_is_one_rule_over_everything() -> None:
    up, down = markup_adjustment(Decimal(15)), markup_adjustment(Decimal("-12.5"))
    assert (up.kind, up.factor) == (AdjustmentKind.PERCENT_INCREASE, Decimal("1.15"))
    assert (down.kind, down.factor) == (AdjustmentKind.PERCENT_DISCOUNT, Decimal("0.875"))
    with pytest.raises(ValueError, match="between 0 and 100"):
        markup_adjustment(Decimal(-101))


def test_lines_stand_in_code_point_order_with_absent_last() -> None:
    def line(*key: str | None) -> PricedLine:
        return PricedLine(*key, None, None, Decimal(1), 1)  # type: ignore[call-arg,arg-type]  # four key columns

    lines = [
        line("b", None, "x", "Usage"),
        line("b", "é", "x", "Usage"),
        line("b", "z", "x", "Usage"),
        line(None, "a", "x", "Tax"),
    ]
    lines.append(line("B", "a", None, "Usage"))
    assert [(found.provider, found.subscription) for found in sorted(lines, key=line_order)] == [
        ("B", "a"),
        ("b", "z"),
        ("b", "é"),
        ("b", None),
        (None, "a"),
    ]
    statement = drawn_up(1, BillingMonth(2024, 9), "USD", lines, Decimal(4))
    assert [found.number for found in statement.lines] == [1, 2, 3, 4, 5]
    assert (statement.price_text, statement.margin) == ("5.00", Decimal("1.00"))
