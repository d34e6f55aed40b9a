"""Charts as plain numbers for a template to draw: bars in SVG, without script or style of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rebill.model.money import ZERO, round_half_away

WIDTH: Final = 720
HEIGHT: Final = 220
_LEFT: Final = 78
_TOP: Final = 12
_BOTTOM: Final = 28
_WIDEST: Final = Decimal(64)
"""A bar that is alone is still a bar."""
_STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Bar:
    """A bar and what it says, in the chart's own units from the top left."""

    label: str
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
class BarChart:
    """A chart: ``title`` is what a screen reader says of it."""

    title: str
    currency: str
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    zero_y: Decimal
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT


def bar_chart(title: str, currency: str, values: Sequence[tuple[str, Decimal]]) -> BarChart | None:
    """A chart with a bar for each (label, amount) in their order; ``None`` where there is nothing to draw."""
    if not values or not any(value for _, value in values):
        return None
    least, greatest = min(ZERO, *(value for _, value in values)), max(ZERO, *(value for _, value in values))
    ticks = _round_values(least, greatest)
    bottom, top = min(least, ticks[0]), max(greatest, ticks[-1])
    room = HEIGHT - _TOP - _BOTTOM

    def y_of(value: Decimal) -> Decimal:
        return round_half_away(_TOP + room * (top - value) / (top - bottom), 2)

    slot = Decimal(WIDTH - _LEFT - 4) / len(values)
    every = -(-len(values) // 12)
    width = min(slot * 70 / 100, _WIDEST)
    bars = [
        Bar(
            label,
            value,
            round_half_away(_LEFT + slot * place + (slot - width) / 2, 2),
            y_of(max(value, ZERO)),
            round_half_away(width, 2),
            abs(y_of(value) - y_of(ZERO)),
            place % every == 0,
        )
        for place, (label, value) in enumerate(values)
    ]
    return BarChart(title, currency, bars, [Tick(value, y_of(value)) for value in ticks], y_of(ZERO))


def _round_values(least: Decimal, greatest: Decimal) -> list[Decimal]:
    """Some four round values from below the least to above the greatest."""
    rough = (greatest - least) / 4
    power = Decimal(10) ** (rough.adjusted())
    step = next(one * power for one in _STEPS if one * power >= rough)
    first = (least / step).to_integral_value(rounding="ROUND_FLOOR")
    last = (greatest / step).to_integral_value(rounding="ROUND_CEILING")
    return [step * place for place in range(int(first), int(last) + 1)]
