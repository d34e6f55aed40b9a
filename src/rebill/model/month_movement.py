"""Why a customer pays another amount than the month before: line by line, by what was used and what a unit came to.

A line sums charges of one provider, subscription, service and category. Where both months tell its quantity in one
unit, its difference is parted in two: what the other quantity would come to at last month's price of a unit, rounded
to minor units, and the rest, which is the price of a unit: other prices, or other charges under the same line.
Where they do not, nothing is guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rebill.model.money import round_half_away
from rebill.model.statement import PricedLine, StatementLine


@dataclass(frozen=True)
class Movement:
    """A line of either month, in minor units; ``before`` or ``now`` ``None``: that month has no such line.

    ``by_quantity`` and ``by_unit_price`` add up to the difference; both are ``None`` where it cannot be parted.
    """

    priced: PricedLine
    before: int | None
    now: int | None
    by_quantity: int | None = None

    @property
    def difference(self) -> int:
        """By how much more the line comes to."""
        return (self.now or 0) - (self.before or 0)

    @property
    def by_unit_price(self) -> int | None:
        """What of the difference is not of the quantity."""
        return None if self.by_quantity is None else self.difference - self.by_quantity


def movements(before: Iterable[StatementLine], now: Iterable[StatementLine]) -> tuple[Movement, ...]:
    """The lines of two statements of one customer that come to other amounts, the greatest difference first."""
    earlier, later = ({line.priced.key: line for line in lines} for lines in (before, now))
    found = [_moved(earlier.get(key), later.get(key)) for key in {**later, **earlier}]
    return tuple(sorted((one for one in found if one.difference), key=lambda one: abs(one.difference), reverse=True))


def _moved(before: StatementLine | None, now: StatementLine | None) -> Movement:
    if now is None:
        if before is None:
            raise AssertionError("a line is of one month at least")
        return Movement(before.priced, before.amount_minor_units, None)
    if before is None:
        return Movement(now.priced, None, now.amount_minor_units)
    return Movement(now.priced, before.amount_minor_units, now.amount_minor_units, _by_quantity(before, now))


def _by_quantity(before: StatementLine, now: StatementLine) -> int | None:
    """What the other quantity would come to at the price of a unit of before; ``None`` where that says nothing."""
    then, later, amount = before.priced.quantity, now.priced.quantity, before.amount_minor_units
    if before.priced.pricing_unit != now.priced.pricing_unit or later is None or not then or not amount:
        return None
    return int(round_half_away((later - then) * amount / then, 0))
