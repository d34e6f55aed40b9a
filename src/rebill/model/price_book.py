"""Price books: ordered rules, the first match prices a line (``docs/rating.md``, Price of a line)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rebill.model.money import GREATEST_DISCOUNT, checked_percent, discount_factor, increase_factor


class AdjustmentKind(StrEnum):
    """How a rule prices what it matches; the words are those of the price book language."""

    PERCENT_DISCOUNT = "percentDiscount"
    PERCENT_INCREASE = "percentIncrease"


@dataclass(frozen=True)
class PriceRule:
    """One rule of a book: its place in the book (from 1), its name, and what it does."""

    position: int
    name: str
    kind: AdjustmentKind
    percent: Decimal

    def __post_init__(self) -> None:
        greatest = (GREATEST_DISCOUNT,) if self.kind is AdjustmentKind.PERCENT_DISCOUNT else ()
        checked_percent(self.percent, *greatest)

    @property
    def factor(self) -> Decimal:
        """What the base is multiplied with: exact, six decimals."""
        if self.kind is AdjustmentKind.PERCENT_DISCOUNT:
            return discount_factor(self.percent)
        return increase_factor(self.percent)


@dataclass(frozen=True)
class PriceBook:
    """A named, ordered list of rules."""

    price_book_id: int
    name: str
    rules: tuple[PriceRule, ...]


def markup_rule(percent: Decimal) -> PriceRule:
    """The one rule of a simple book: a markup over everything, negative (to −100) for a discount.

    Raises ``ValueError`` for a percent out of bounds or with more than four decimals.
    """
    kind = AdjustmentKind.PERCENT_DISCOUNT if percent < 0 else AdjustmentKind.PERCENT_INCREASE
    return PriceRule(position=1, name="Markup", kind=kind, percent=abs(percent))
