"""Charts say what stands below their bars so that it can be read, on a desk and on a telephone."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from rebill.console.charts import NARROW, WIDTH, BarChart, day_chart, month_chart
from rebill.console.showing import short_month
from rebill.documents.wording import wording_of
from rebill.model.months import BillingMonth

LETTER = Decimal(6)
"""The width of a letter of a chart's text, generously, in its own units."""


def _days(first: str, last: str) -> list[tuple[date, Decimal]]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=number), Decimal(number + 1)) for number in range((end - start).days + 1)]


def _both(chart: BarChart | None) -> tuple[BarChart, BarChart]:
    assert chart is not None
    assert chart.narrow is not None
    return chart, chart.narrow


def _month_spans(chart: BarChart) -> list[tuple[str, Decimal, Decimal]]:
    """Each month below the days, with the room that its name takes from left to right."""
    found = []
    for mark in chart.months:
        length = len("September 2024") * LETTER
        begins = mark.x if mark.anchor == "start" else mark.x - length
        found.append((str(mark.month), begins, begins + length))
    return found


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2024-09-01", "2024-09-30", ["2024-09"]),
        ("2024-07-01", "2024-08-30", ["2024-07", "2024-08"]),
        ("2024-08-31", "2024-09-30", ["2024-08", "2024-09"]),
        ("2024-09-01", "2024-10-01", ["2024-09", "2024-10"]),
        ("2024-09-30", "2024-10-01", ["2024-09", "2024-10"]),
    ],
)
def test_months_are_named_where_they_change_and_no_name_covers_another(
    first: str, last: str, months: list[str]
) -> None:
    for chart in _both(day_chart("Cost by day", "EUR", _days(first, last))):
        spans = _month_spans(chart)
        assert [month for month, _, _ in spans] == months
        ends = [Decimal(0), *(end for _, _, end in spans)]
        assert all(begins >= end for (_, begins, _), end in zip(spans, ends, strict=False))
        assert ends[-1] <= chart.width
        assert chart.height > chart.label_y, "there is a row for them"


@pytest.mark.parametrize("count", [1, 5, 24, 31, 62])
def test_labels_below_the_bars_have_room_at_either_width(count: int) -> None:
    months = [BillingMonth(2000 + number, number % 12 + 1) for number in range(count)]
    wordings = [wording_of(tag) for tag in ("en", "de", "fr", "pl")]
    labels = [short_month(month) for month in months] + [one.short_month(month) for one in wordings for month in months]
    for chart in _both(month_chart("Statements by month", "EUR", [(month, Decimal(1)) for month in months])):
        labelled = [bar for bar in chart.bars if bar.is_labelled]
        middles = [bar.x + bar.width / 2 for bar in labelled]
        assert all(later - earlier >= max(map(len, labels)) * LETTER for earlier, later in pairwise(middles))
        assert labelled[0].axis_label == BillingMonth(2000, 1)
        assert not chart.months


def test_a_day_is_called_by_its_date_and_stands_with_its_number() -> None:
    wide, narrow = _both(day_chart("Cost by day", "EUR", _days("2024-09-01", "2024-09-30")))
    assert (wide.bars[8].label, wide.bars[8].axis_label) == (date(2024, 9, 9), "09")
    assert (wide.width, narrow.width) == (WIDTH, NARROW)
    assert sum(bar.is_labelled for bar in narrow.bars) < sum(bar.is_labelled for bar in wide.bars)


def test_nothing_is_drawn_of_nothing() -> None:
    assert day_chart("Cost by day", "EUR", []) is None
    assert month_chart("Statements by month", "EUR", [(BillingMonth(2024, 9), Decimal(0))]) is None
