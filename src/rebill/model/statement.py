"""The statement of one customer, billing month and currency; and the balance of a run."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rebill.model.currencies import minor_digits
from rebill.model.money import ZERO, kept_amount, shown_minor_units, text_of, text_of_minor_units
from rebill.model.months import BillingMonth


class Binding(StrEnum):
    """What became of a line of cost: exactly one of these, so that no line is dropped."""

    BILLED = "billed"
    BILLING_DISABLED = "billing_disabled"
    UNASSIGNED = "unassigned"


class StatementStatus(StrEnum):
    """``Estimated`` is rebuilt whole by every run; ``Final`` never changes again."""

    ESTIMATED = "Estimated"
    FINAL = "Final"


@dataclass(frozen=True)
class StatementFilter:
    """Which statements are asked for; ``None`` = whatever the customer, month or status."""

    customer_id: int | None = None
    month: BillingMonth | None = None
    status: StatementStatus | None = None


@dataclass(frozen=True)
class PricedLine:
    """A statement line before minor units: provider × subscription × service × charge category.

    ``None`` = absent; absent equals absent. ``quantity`` (8 decimals) stands only where all its
    charges have one unit. ``exact_amount`` is the price with 12 decimals.
    """

    provider: str | None
    subscription: str | None
    service: str | None
    charge_category: str | None
    quantity: Decimal | None
    pricing_unit: str | None
    exact_amount: Decimal
    charges: int


@dataclass(frozen=True)
class StatementLine:
    """A line as the customer sees it: ``number`` from 1, and its amount in minor units."""

    number: int
    priced: PricedLine
    amount_minor_units: int


@dataclass(frozen=True)
class Statement:
    """What one customer owes for one billing month in one currency.

    ``statement_cost`` is the partner's cost of its lines, exact; a customer never sees it.
    Lists may leave ``lines`` empty; where they stand, they add up to the total.
    """

    customer_id: int
    month: BillingMonth
    currency: str
    lines: tuple[StatementLine, ...]
    total_minor_units: int
    statement_cost: Decimal
    status: StatementStatus = StatementStatus.ESTIMATED

    def __post_init__(self) -> None:
        if self.lines and sum(line.amount_minor_units for line in self.lines) != self.total_minor_units:
            raise AssertionError("a statement's lines must add up to its total")

    @property
    def minor_digits(self) -> int:
        return minor_digits(self.currency)

    @property
    def price_text(self) -> str:
        """The total as text with the currency's minor digits."""
        return text_of_minor_units(self.total_minor_units, self.minor_digits)

    @property
    def margin(self) -> Decimal:
        """Price − statement cost, exact."""
        return Decimal(self.price_text) - self.statement_cost


def line_order(line: PricedLine) -> tuple[tuple[bool, str], ...]:
    """The order of statement lines: the four key columns by Unicode code point, absent last."""
    key = (line.provider, line.subscription, line.service, line.charge_category)
    return tuple((part is None, part or "") for part in key)


def drawn_up(
    customer_id: int, month: BillingMonth, currency: str, priced: list[PricedLine], statement_cost: Decimal
) -> Statement:
    """Put priced lines in order, deal the minor units over them, and total them."""
    ordered = sorted(priced, key=line_order)
    shown = shown_minor_units([line.exact_amount for line in ordered], minor_digits(currency))
    lines = tuple(
        StatementLine(number, line, units) for number, (line, units) in enumerate(zip(ordered, shown, strict=True), 1)
    )
    return Statement(customer_id, month, currency, lines, sum(shown), statement_cost)


@dataclass(frozen=True)
class Balance:
    """Where the imported cost of a month and currency went, in ``BilledCost``, exact."""

    currency: str
    imported: Decimal
    billed: Decimal = ZERO
    billing_disabled: Decimal = ZERO
    unassigned: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        """Zero, or the run is refused."""
        return self.imported - self.billed - self.billing_disabled - self.unassigned

    def as_text(self) -> dict[str, str]:
        """The currency and its amounts as exact decimal text, as reports and manifests show them."""
        amounts = {
            "imported": self.imported,
            "billed": self.billed,
            "billing_disabled": self.billing_disabled,
            "unassigned": self.unassigned,
            "difference": self.difference,
        }
        return {"currency": self.currency, **{name: text_of(kept_amount(amount)) for name, amount in amounts.items()}}
