"""Manual lines: amounts that somebody enters for a customer's month, because no file has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rebill.model.money import ZERO
from rebill.model.months import BillingMonth


@dataclass(frozen=True)
class NewManualLine:
    """What is entered: ``amount`` before tax, either sign; ``reason`` is what the customer reads.

    ``currency``: ``None`` = the customer's home currency. ``cost``: what the partner pays for it, ``None`` = nothing.
    ``invoice_id``: the Microsoft invoice that it belongs to, ``""`` = none.
    """

    customer_id: int
    month: BillingMonth
    amount: Decimal
    reason: str
    currency: str | None = None
    cost: Decimal | None = None
    invoice_id: str = ""


@dataclass(frozen=True)
class ManualCost:
    """What the entries of a month cost the partner: the data set ``manual`` of the balance."""

    month: BillingMonth
    line_count: int
    sums: Mapping[str, Decimal]


@dataclass(frozen=True)
class ManualLine:
    """An entry as it is kept. ``entry_number`` counts the partner's from 1, and is its place on statements.

    ``withdrawn_at``: from then on no run bills it.
    """

    manual_line_id: int
    entry_number: int
    entered: NewManualLine
    entered_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def cost(self) -> Decimal:
        """What the partner pays for it."""
        return ZERO if self.entered.cost is None else self.entered.cost

    def currency_of(self, home_currency: str) -> str:
        """Its currency, where its customer's home currency is ``home_currency``."""
        return self.entered.currency or home_currency
