"""The statement of one customer, billing month and currency; and the balance of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

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
    """Which statements are asked for; ``None`` = whatever the customer, month or status.

    ``with_notes``: credit and debit notes too.
    """

    customer_id: int | None = None
    month: BillingMonth | None = None
    status: StatementStatus | None = None
    with_notes: bool = False


class LineKind(StrEnum):
    """What a statement line stands for, in the order in which lines stand on a statement.

    ``reference`` of a line: the rule of ``SUPPORT`` and ``CUSTOM``, the entry number of ``MANUAL``, else nothing.
    """

    CHARGES = "charges"
    """Charges of one provider × subscription × service × charge category."""
    SUPPORT = "support"
    CUSTOM = "custom"
    MANUAL = "manual"
    CARRIED_FORWARD = "carried_forward"
    BROUGHT_FORWARD = "brought_forward"


_KIND_ORDER = {kind: place for place, kind in enumerate(LineKind)}
CARRY_KINDS = (LineKind.CARRIED_FORWARD, LineKind.BROUGHT_FORWARD)
_MADE_BY = {LineKind.SUPPORT: "support rule", LineKind.CUSTOM: "billing rule", LineKind.MANUAL: "entry"}


class LineKey(NamedTuple):
    """What makes two lines of a month the same line; absent (``None``) equals absent."""

    kind: LineKind
    reference: int | None
    provider: str | None
    subscription: str | None
    service: str | None
    charge_category: str | None

    @property
    def told(self) -> str:
        """What its charges are of, or the rule or entry that makes it: no other line of the month is told so."""
        if self.kind is LineKind.CHARGES:
            four = (self.provider, self.subscription, self.service, self.charge_category)
            return " × ".join(word or "–" for word in four)
        if self.reference is None:
            return self.kind.value.replace("_", " ")
        account = "" if self.subscription is None else f", account {self.subscription}"
        return f"{_MADE_BY[self.kind]} {self.reference}{account}"


class PricedLine(NamedTuple):
    """A statement line before minor units. Lines of one statement differ in their ``key``.

    ``None`` = absent. ``quantity`` (8 decimals) stands only where all its charges have one unit.
    ``exact_amount`` is the price with 12 decimals. ``description``: what the customer reads on a line that no
    charges make.
    """

    provider: str | None
    subscription: str | None
    service: str | None
    charge_category: str | None
    quantity: Decimal | None
    pricing_unit: str | None
    exact_amount: Decimal
    charges: int
    kind: LineKind = LineKind.CHARGES
    reference: int | None = None
    description: str = ""

    @property
    def key(self) -> LineKey:
        """What makes it the same line. One that no charges make is known by its reference and account: names change."""
        if self.kind is not LineKind.CHARGES:
            return LineKey(self.kind, self.reference, None, self.subscription, None, None)
        return LineKey(self.kind, self.reference, self.provider, self.subscription, self.service, self.charge_category)


class StatementLine(NamedTuple):
    """A line as the customer sees it: ``number`` from 1, and its amount in minor units."""

    number: int
    priced: PricedLine
    amount_minor_units: int


@dataclass(frozen=True)
class CorrectionBlock:
    """A correction of an earlier month that stands on a later statement, with a total of its own.

    ``corrects_id``: the statement of ``month`` that it corrects.
    """

    block_id: int
    corrects_id: int
    month: BillingMonth
    lines: tuple[StatementLine, ...]
    total_minor_units: int

    def __post_init__(self) -> None:
        if sum(line.amount_minor_units for line in self.lines) != self.total_minor_units:
            raise AssertionError("a block's lines must add up to its total")

    @property
    def heading(self) -> str:
        return f"Correction of {self.month}"


class ShownLine(NamedTuple):
    """A line in its place on the whole document; ``corrects``: the month that its block corrects."""

    number: int
    line: StatementLine
    corrects: BillingMonth | None


@dataclass(frozen=True)
class Statement:
    """What one customer owes for one billing month in one currency, or by how much a note changes that.

    ``statement_cost`` is the partner's cost of its lines and blocks, exact; a customer never sees it.
    ``total_minor_units`` is the whole document's: its ``lines``, its ``blocks``, and the ``carry_lines`` that move
    money to or from another statement (``carried_minor_units``). Lists may leave lines, blocks and carry lines
    empty; where they stand, they add up.
    """

    customer_id: int
    month: BillingMonth
    currency: str
    lines: tuple[StatementLine, ...]
    total_minor_units: int
    statement_cost: Decimal
    status: StatementStatus = StatementStatus.ESTIMATED
    carried_minor_units: int = 0
    blocks: tuple[CorrectionBlock, ...] = ()
    carry_lines: tuple[StatementLine, ...] = ()

    def __post_init__(self) -> None:
        if self.lines or self.blocks or self.carry_lines:
            shown = sum(line.amount_minor_units for line in (*self.lines, *self.carry_lines))
            if shown + sum(block.total_minor_units for block in self.blocks) != self.total_minor_units:
                raise AssertionError("a statement's lines must add up to its total")
        if self.carry_lines and sum(line.amount_minor_units for line in self.carry_lines) != self.carried_minor_units:
            raise AssertionError("carry lines add up to what is carried")

    @property
    def shown_lines(self) -> Iterator[ShownLine]:
        """Every line of the document, numbered through: its own, those of its blocks, carry lines last."""
        own = [(line, None) for line in self.lines]
        in_blocks = [(line, block.month) for block in self.blocks for line in block.lines]
        carried = [(line, None) for line in self.carry_lines]
        for number, (line, corrects) in enumerate((*own, *in_blocks, *carried), 1):
            yield ShownLine(number, line, corrects)

    @property
    def subscriptions(self) -> frozenset[str]:
        """The identifiers of subscriptions that its lines name."""
        return frozenset(one.line.priced.subscription for one in self.shown_lines if one.line.priced.subscription)

    @property
    def minor_digits(self) -> int:
        return minor_digits(self.currency)

    @property
    def price_text(self) -> str:
        """The total as text with the currency's minor digits."""
        return text_of_minor_units(self.total_minor_units, self.minor_digits)

    @property
    def margin(self) -> Decimal:
        """Price before carry − statement cost, exact."""
        before_carry = self.total_minor_units - self.carried_minor_units
        return Decimal(before_carry).scaleb(-self.minor_digits) - self.statement_cost


def line_order(line: PricedLine) -> tuple[int | bool | str, ...]:
    """The order of statement lines: by kind, then by rule id or entry number.

    Then by the four key columns by Unicode code point, absent last.
    """
    return (
        _KIND_ORDER[line.kind],
        line.reference or 0,
        line.provider is None,
        line.provider or "",
        line.subscription is None,
        line.subscription or "",
        line.service is None,
        line.service or "",
        line.charge_category is None,
        line.charge_category or "",
    )


def drawn_up(
    customer_id: int,
    month: BillingMonth,
    currency: str,
    priced: list[PricedLine],
    statement_cost: Decimal,
    digits: int | None = None,
) -> Statement:
    """Put priced lines in order, deal the minor units over them, and total them.

    ``digits``: of the minor unit, where they are not those that ISO 4217 lists today.
    """
    ordered = sorted(priced, key=line_order)
    exact = [line.exact_amount for line in ordered]
    shown = shown_minor_units(exact, minor_digits(currency) if digits is None else digits)
    return Statement(customer_id, month, currency, numbered_lines(ordered, shown), sum(shown), statement_cost)


def numbered_lines(ordered: list[PricedLine], shown: list[int]) -> tuple[StatementLine, ...]:
    """Lines with their numbers, from 1, and what each shows in minor units."""
    return tuple(
        StatementLine(number, line, units) for number, (line, units) in enumerate(zip(ordered, shown, strict=True), 1)
    )


@dataclass(frozen=True)
class Balance:
    """Where the imported cost of a month and currency went, in ``BilledCost``, exact.

    ``unassigned_gross``: of the unassigned lines without their signs, so that they do not hide each other.
    """

    currency: str
    imported: Decimal
    billed: Decimal = ZERO
    billing_disabled: Decimal = ZERO
    unassigned: Decimal = ZERO
    unassigned_gross: Decimal = ZERO

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
            "unassigned_gross": self.unassigned_gross,
        }
        return {"currency": self.currency, **{name: text_of(kept_amount(amount)) for name, amount in amounts.items()}}
