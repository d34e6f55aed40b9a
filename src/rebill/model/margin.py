"""Margins: what documents come to, what they cost the partner, and the difference."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rebill.model.money import round_half_away
from rebill.model.months import BillingMonth


class MarginsBy(StrEnum):
    """What margins are told by."""

    CUSTOMER = "customer"
    SERVICE = "service"
    MONTH = "month"
    RULE = "rule"

    @property
    def of_one_month(self) -> bool:
        """Whether they are told of one month only, because the files of its runs are read for them."""
        return self in (MarginsBy.SERVICE, MarginsBy.RULE)


@dataclass(frozen=True)
class PriceAndCost:
    """What something comes to and what it costs the partner, in one currency, both exact."""

    currency: str
    price: Decimal
    cost: Decimal

    @property
    def margin(self) -> Decimal:
        return self.price - self.cost

    @property
    def percent(self) -> Decimal | None:
        """The margin of the price, two decimals; ``None`` at price 0."""
        return round_half_away(self.margin / self.price * 100, 2) if self.price else None


@dataclass(frozen=True)
class Margin(PriceAndCost):
    """A row of a report: ``price`` − ``cost``; ``None`` where it is not told by that.

    ``price`` of a customer, service or month is what is shown on documents. By rule it is exact, and what rounding
    makes of it is a row of its own.
    """

    customer_id: int | None = None
    customer_name: str | None = None
    service: str | None = None
    month: BillingMonth | None = None
    price_book: str | None = None
    rule: str | None = None
