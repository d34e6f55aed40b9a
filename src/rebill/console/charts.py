"""Charts as plain numbers for a template to draw: bars in SVG, without script or style of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from rebill.model.money import ZERO, round_half_away
from rebill.model.months import BillingMonth

WIDTH: Final = 720
NARROW: Final = 340
"""On a telephone: as wide as the screen, so that its letters are as large as those of the page."""
HEIGHT: Final = 220
_LEFT: Final = 78
_TOP: Final = 12
_BOTTOM: Final = 28
_MONTH_ROW: Final = 16
_LABEL_ROOM: Final = 53
_SHORT_MONTH_ROOM: Final = 70
_MONTH_ROOM: Final = 96
_WIDEST: Final = Decimal(64)
"""A bar that is alone is still a bar."""
_STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Bar:
    """A bar and what it says, in the chart's own units from the top left; ``axis_label``: what stands below it.

    A month or a day is named by the page, in the language of whoever reads it.
    """

    label: BillingMonth | date
    axis_label: BillingMonth | str
    value: Decimal
    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    is_labelled: bool


@dataclass(frozen=True)
class Tick:
    """A line across the chart at a round value."""

    value: Decimal
    y: Decimal


@dataclass(frozen=True)
class MonthMark:
    """Where a month begins below the days: its name begins there, or ends there (``anchor``, as SVG has it)."""

    month: BillingMonth
    x: Decimal
    anchor: str


@dataclass(frozen=True)
class BarChart:
    """A chart: ``title`` is what a screen reader says of it.

    ``narrow``: the same with fewer labels, for a telephone.
    """

    title: str
    currency: str
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    months: Sequence[MonthMark]
    zero_y: Decimal
    width: int
    height: int
    left: int = _LEFT
    narrow: "BarChart | None" = None

    @property
    def label_y(self) -> int:
        """Where what stands below the bars has its line."""
        return HEIGHT - 8


def month_chart(title: str, currency: str, months: Sequence[tuple[BillingMonth, Decimal]]) -> BarChart | None:
    """A chart with a bar for each month, in their order; ``None`` where there is nothing to draw."""
    return _both_widths(title, currency, [(month, month, value) for month, value in months], ())


def day_chart(title: str, currency: str, days: Sequence[tuple[date, Decimal]]) -> BarChart | None:
    """A chart with a bar for each day, in their order; below the days stand their months."""
    values = [(day, f"{day.day:02}", value) for day, value in days]
    return _both_widths(title, currency, values, [BillingMonth.of(day) for day, _ in days])


_Values = Sequence[tuple[BillingMonth | date, BillingMonth | str, Decimal]]
"""Of each bar: what it is called, what stands below it, its amount."""


def _both_widths(title: str, currency: str, values: _Values, months: Sequence[BillingMonth]) -> BarChart | None:
    if not any(value for _, _, value in values):
        return None
    wide, narrow = (_chart(title, currency, values, months, width) for width in (WIDTH, NARROW))
    return replace(wide, narrow=narrow)


def _chart(title: str, currency: str, values: _Values, months: Sequence[BillingMonth], width: int) -> BarChart:
    amounts = [value for _, _, value in values]
    least, greatest = min(ZERO, *amounts), max(ZERO, *amounts)
    ticks = _round_values(least, greatest)
    bottom, top = min(least, ticks[0]), max(greatest, ticks[-1])
    room = HEIGHT - _TOP - _BOTTOM

    def y_of(value: Decimal) -> Decimal:
        return round_half_away(_TOP + room * (top - value) / (top - bottom), 2)

    slot = Decimal(width - _LEFT - 4) / len(values)
    label_room = _SHORT_MONTH_ROOM if isinstance(values[0][1], BillingMonth) else _LABEL_ROOM
    every = -(-len(values) // ((width - _LEFT) // label_room))
    bar_width = min(slot * 70 / 100, _WIDEST)
    bars = [
        Bar(
            label,
            axis_label,
            value,
            round_half_away(_LEFT + slot * place + (slot - bar_width) / 2, 2),
            y_of(max(value, ZERO)),
            round_half_away(bar_width, 2),
            abs(y_of(value) - y_of(ZERO)),
            place % every == 0,
        )
        for place, (label, axis_label, value) in enumerate(values)
    ]
    marks, drawn_ticks = _month_marks(months, slot, width), [Tick(value, y_of(value)) for value in ticks]
    height = HEIGHT + (_MONTH_ROW if marks else 0)
    return BarChart(title, currency, bars, drawn_ticks, marks, y_of(ZERO), width, height)


def _month_marks(months: Sequence[BillingMonth], slot: Decimal, width: int) -> list[MonthMark]:
    """A mark for each month where it begins; one without room has its name before its end, or goes without."""
    starts = [place for place, month in enumerate(months) if place == 0 or months[place - 1] != month]
    marks = []
    for start, end in zip(starts, [*starts[1:], len(months)][: len(starts)], strict=True):
        begins, ends = (round_half_away(_LEFT + slot * place, 2) for place in (start, end))
        if ends - begins >= _MONTH_ROOM:
            marks.append(MonthMark(months[start], begins, "start"))
        elif start == 0 or end == len(months):
            marks.append(MonthMark(months[start], Decimal(width) if end == len(months) else ends - 2, "end"))
    return marks


def _round_values(least: Decimal, greatest: Decimal) -> list[Decimal]:
    """Some four round values from below the least to above the greatest."""
    rough = (greatest - least) / 4
    power = Decimal(10) ** (rough.adjusted())
    step = next(one * power for one in _STEPS if one * power >= rough)
    first = (least / step).to_integral_value(rounding="ROUND_FLOOR")
    last = (greatest / step).to_integral_value(rounding="ROUND_CEILING")
    return [step * place for place in range(int(first), int(last) + 1)]
