"""Imported cost beside Microsoft's invoices: what is compared, what stands apart, and how much may differ.

The rules stand in ``docs/reconciliation.md``. Everything here is exact; a difference is shown, never spread.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rebill.model.data_set import VIEW_USAGE
from rebill.model.manual_line import ManualLine
from rebill.model.microsoft_invoice import InvoiceOrigin, MicrosoftInvoice
from rebill.model.money import ZERO, product_of, share_of, text_of, without_spare_zeros
from rebill.model.months import BillingMonth

MICROSOFT: Final = "Microsoft"
"""The provider whose cost is compared; other providers' cost counts only where it names an invoice that was entered."""


@dataclass(frozen=True)
class Tolerance:
    """How much imported cost may differ from an invoice: ``percent`` of its total, or ``amount``, whichever is more."""

    percent: Decimal = Decimal("0.5")
    amount: Decimal = Decimal(5)

    def allowed(self, total: Decimal) -> Decimal:
        """The greatest difference from ``total``, either side of 0, in its currency."""
        return max(self.amount, product_of(abs(total), share_of(self.percent)))

    def holds(self, difference: Decimal, total: Decimal) -> bool:
        """Whether ``difference`` from ``total`` is small enough."""
        return abs(difference) <= self.allowed(total)


class CostKind(StrEnum):
    """What a line of cost is when it is compared with an invoice; stable."""

    CHARGE = "charge"
    WITHOUT_CUSTOMER = "without_customer"
    """Names neither subscription nor tenant."""
    ROUNDING = "rounding"
    """Microsoft's rounding adjustment."""
    MANUAL = "manual"
    """The cost of a manual line."""
    TAX = "tax"
    """Input tax; never compared: invoices are entered before tax."""
    TIE_OUT = "tie_out"
    """Sums up what other lines hold; never compared with the invoice."""

    @property
    def is_compared(self) -> bool:
        """Whether it is part of what an invoice is compared with."""
        return self not in (CostKind.TAX, CostKind.TIE_OUT)


@dataclass(frozen=True)
class CostSum:
    """Lines of one data set that are alike for this comparison: their number, and the Σ of ``BilledCost``.

    ``invoice``: the number that they name. ``tax_beside``: tax that stands in a column beside their cost.
    """

    month: BillingMonth
    view: str
    provider: str
    invoice: str | None
    currency: str
    kind: CostKind
    lines: int
    cost: Decimal
    tax_beside: Decimal = ZERO


@dataclass(frozen=True)
class Cost:
    """Σ of lines by kind. ``consumption``: of them, daily usage that ``tie_out`` lines sum up."""

    amounts: Mapping[CostKind, Decimal] = field(default_factory=dict)
    counts: Mapping[CostKind, int] = field(default_factory=dict)
    tax_beside: Decimal = ZERO
    consumption: Decimal = ZERO

    @classmethod
    def of(cls, sums: Iterable[CostSum]) -> "Cost":
        """What these sums come to together."""
        amounts: dict[CostKind, Decimal] = defaultdict(lambda: ZERO)
        counts: dict[CostKind, int] = defaultdict(int)
        tax_beside, consumption = ZERO, ZERO
        for one in sums:
            amounts[one.kind] += one.cost
            counts[one.kind] += one.lines
            tax_beside += one.tax_beside
            if one.view == VIEW_USAGE and one.kind.is_compared:
                consumption += one.cost
        return cls(dict(amounts), dict(counts), tax_beside, consumption)

    def amount(self, kind: CostKind) -> Decimal:
        """Σ of the lines of ``kind``."""
        return self.amounts.get(kind, ZERO)

    def count(self, kind: CostKind) -> int:
        """How many lines are of ``kind``."""
        return self.counts.get(kind, 0)

    @property
    def compared(self) -> Decimal:
        """What an invoice is compared with: every line but tax and ``tie_out``."""
        return sum((amount for kind, amount in self.amounts.items() if kind.is_compared), ZERO)

    @property
    def tax(self) -> Decimal:
        """Input tax, in lines of its own or beside others."""
        return self.amount(CostKind.TAX) + self.tax_beside

    @property
    def tie_out_difference(self) -> Decimal | None:
        """How much more the invoice's summary of usage comes to than the usage; ``None`` where there is no summary."""
        if not self.count(CostKind.TIE_OUT):
            return None
        return self.amount(CostKind.TIE_OUT) - self.consumption


@dataclass(frozen=True)
class InvoiceComparison:
    """An invoice with what amends it, beside the cost that names any of them.

    ``documents``: as they were entered; none where cost names an invoice that nobody entered. ``is_judged``: ``False``
    where no cost of the month names any invoice, so that only the month as a whole can be compared.
    """

    invoice: str
    month: BillingMonth
    currency: str
    documents: tuple[MicrosoftInvoice, ...]
    cost: Cost
    is_judged: bool = True

    @property
    def total(self) -> Decimal | None:
        """The invoice with its amendments, signed; ``None`` where nothing was entered."""
        return sum((one.entered.total for one in self.documents), ZERO) if self.documents else None

    @property
    def origins(self) -> tuple[InvoiceOrigin, ...]:
        """Who told its documents, each once."""
        return tuple(sorted({one.origin for one in self.documents}))

    @property
    def difference(self) -> Decimal | None:
        """How much more was invoiced than imported."""
        return None if self.total is None else self.total - self.cost.compared

    def is_within(self, tolerance: Tolerance) -> bool:
        """Whether the cost is near enough to the invoice; what cannot be compared is."""
        if self.total is None or self.difference is None or not self.is_judged:
            return True
        return tolerance.holds(self.difference, self.total)

    def ties_out(self, tolerance: Tolerance) -> bool:
        """Whether usage is near enough to the invoice's own summary of it; without a summary it is."""
        difference = self.cost.tie_out_difference
        return difference is None or tolerance.holds(difference, self.cost.amount(CostKind.TIE_OUT))


@dataclass(frozen=True)
class MonthComparison:
    """A month's invoices in one currency, beside the month's cost.

    ``total``: of the invoices that were entered, ``None`` where there are none. ``invoiced``: cost that names them.
    ``not_entered``: cost of the month that names an invoice which nobody entered; ``without_invoice``: that names
    none. ``other_months`` (cost that names an invoice of another month) and ``other_providers`` stand apart.
    """

    month: BillingMonth
    currency: str
    total: Decimal | None
    invoiced: Cost
    not_entered: Cost
    without_invoice: Cost
    other_months: Cost
    other_providers: Cost

    @property
    def compared(self) -> Decimal:
        """What the invoices are compared with."""
        return self.invoiced.compared + self.not_entered.compared + self.without_invoice.compared

    @property
    def difference(self) -> Decimal | None:
        """How much more was invoiced than imported."""
        return None if self.total is None else self.total - self.compared

    def is_within(self, tolerance: Tolerance) -> bool:
        """Whether the month's cost is near enough to its invoices; where none was entered it is."""
        if self.total is None or self.difference is None:
            return True
        return tolerance.holds(self.difference, self.total)


@dataclass(frozen=True)
class MeterComparison:
    """What an invoice sums up of a plan's meter (``summed``), beside the daily usage of it (``used``).

    ``plan``: Partner Center's subscription. A meter is its product, the product's SKU and availability. ``tenant`` and
    ``meter`` are for reading.
    """

    invoice: str
    currency: str
    plan: str | None
    product: str | None
    sku: str | None
    availability: str | None
    tenant: str | None
    meter: str | None
    summed: Decimal
    used: Decimal
    summed_lines: int
    used_lines: int

    @property
    def difference(self) -> Decimal:
        """How much more the invoice sums up than was used."""
        return self.summed - self.used


@dataclass(frozen=True)
class ExchangeRate:
    """Cost that was converted at one rate: ``rate`` and ``day`` as the source writes them."""

    pricing_currency: str | None
    currency: str
    rate: str
    day: str | None
    lines: int
    cost: Decimal


@dataclass(frozen=True)
class RoundingLine:
    """A rounding adjustment of Microsoft's, and where it stands."""

    invoice: str | None
    currency: str
    description: str
    source_file: str
    source_row: int
    cost: Decimal


@dataclass(frozen=True)
class ReconciliationDetails:
    """What differences are looked for in: meters that differ, rates, rounding adjustments; the greatest first.

    ``differing_meters`` of ``meter_count`` differ by the smallest amount of their currency or more, ``rounding_count``
    adjustments there are, however many are named.
    """

    meters: tuple[MeterComparison, ...]
    differing_meters: int
    meter_count: int
    exchange_rates: tuple[ExchangeRate, ...]
    rounding_lines: tuple[RoundingLine, ...]
    rounding_count: int


@dataclass(frozen=True)
class Reconciliation:
    """A month's cost beside Microsoft's invoices: by invoice, then by currency. In order of number and currency."""

    month: BillingMonth
    tolerance: Tolerance
    invoices: tuple[InvoiceComparison, ...]
    currencies: tuple[MonthComparison, ...]

    @property
    def is_within(self) -> bool:
        """Whether every difference is within the tolerance."""
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """What is out of tolerance, each in a sentence that says what to do about it."""
        found = [_invoice_fault(one) for one in self.invoices if not one.is_within(self.tolerance)]
        found += [_tie_out_fault(one) for one in self.invoices if not one.ties_out(self.tolerance)]
        found += [_month_fault(one) for one in self.currencies if not one.is_within(self.tolerance)]
        return tuple(found)


def _invoice_fault(one: InvoiceComparison) -> str:
    cost, difference = _told(one.cost.compared), _told(one.difference)
    return (
        f"Invoice {one.invoice} comes to {_told(one.total)} {one.currency} and the cost that names it to {cost}: a "
        f"difference of {difference}. Import what is missing, or enter the invoice and its credit notes as Microsoft "
        "issued them."
    )


def _tie_out_fault(one: InvoiceComparison) -> str:
    summed, used = _told(one.cost.amount(CostKind.TIE_OUT)), _told(one.cost.consumption)
    return (
        f"Invoice {one.invoice} sums up usage of {summed} {one.currency}, and the daily usage that names it comes to "
        f"{used}: a difference of {_told(one.cost.tie_out_difference)}. Import all of the invoice's daily usage."
    )


def _month_fault(one: MonthComparison) -> str:
    not_entered, without = _told(one.not_entered.compared), _told(one.without_invoice.compared)
    return (
        f"The invoices of {one.month} come to {_told(one.total)} {one.currency} and its cost to {_told(one.compared)} "
        f"(of it {not_entered} names invoices that were not entered, {without} none): a difference of "
        f"{_told(one.difference)}. Enter the invoices that are missing, or import the cost that is."
    )


def _told(amount: Decimal | None) -> str:
    return "nothing" if amount is None else text_of(without_spare_zeros(amount))


_Key = tuple[str, str]
"""(invoice, currency)."""


def reconcile(
    month: BillingMonth,
    documents: Sequence[MicrosoftInvoice],
    sums: Sequence[CostSum],
    tolerance: Tolerance,
) -> Reconciliation:
    """Compare cost with invoices.

    ``documents``: all in force, of whatever month. ``sums``: of all cost of ``month``, and of other months' cost that
    names an invoice of it.
    """
    invoices = _Invoices(documents)
    named: dict[_Key, list[CostSum]] = defaultdict(list)
    apart: dict[str, _Apart] = defaultdict(_Apart)
    telling = {one.currency for one in sums if one.invoice is not None and one.month == month}
    for one in sums:
        key = invoices.key_of(one)
        if key is not None and invoices.month_of(key) == month:
            named[key].append(one)
        elif one.month == month:
            if key is not None:
                apart[one.currency].other_months.append(one)
            elif one.provider != MICROSOFT:
                apart[one.currency].other_providers.append(one)
            elif one.invoice is None:
                apart[one.currency].without_invoice.append(one)
            else:
                apart[one.currency].not_entered.append(one)
    entered = [
        InvoiceComparison(
            invoice=key[0],
            month=month,
            currency=key[1],
            documents=invoices.documents_of(key),
            cost=Cost.of(named[key]),
            is_judged=bool(named[key]) or key[1] in telling,
        )
        for key in invoices.keys
        if invoices.month_of(key) == month
    ]
    others = _not_entered(month, apart)
    currencies = sorted({one.currency for one in (*entered, *others)} | set(apart))
    by_currency = tuple(
        _of_month(month, currency, [one for one in entered if one.currency == currency], named, apart[currency])
        for currency in currencies
    )
    in_order = sorted([*entered, *others], key=lambda one: (one.invoice, one.currency))
    return Reconciliation(month, tolerance, tuple(in_order), by_currency)


def manual_sums(lines: Sequence[ManualLine], currency_of: Callable[[ManualLine], str]) -> list[CostSum]:
    """The cost of manual lines, as it is compared; ``currency_of`` finds the currency of each."""
    return [
        CostSum(
            line.entered.month,
            "manual",
            MICROSOFT,
            line.entered.invoice_id or None,
            currency_of(line),
            CostKind.MANUAL,
            1,
            line.cost,
        )
        for line in lines
        if line.cost
    ]


class _Invoices:
    """The documents in force, by the invoice that each is or amends, and its currency."""

    def __init__(self, documents: Sequence[MicrosoftInvoice]) -> None:
        self._documents: dict[_Key, list[MicrosoftInvoice]] = defaultdict(list)
        self._roots = {one.entered.number: one.entered.invoice_number for one in documents}
        for one in documents:
            self._documents[one.entered.invoice_number, one.entered.currency].append(one)

    @property
    def keys(self) -> list[_Key]:
        return list(self._documents)

    def documents_of(self, key: _Key) -> tuple[MicrosoftInvoice, ...]:
        """The invoice first, then what amends it, in order of number."""
        return tuple(sorted(self._documents[key], key=lambda one: (bool(one.entered.amends), one.entered.number)))

    def month_of(self, key: _Key) -> BillingMonth:
        """The month of the invoice; where only notes of it were entered, of the first."""
        return self.documents_of(key)[0].entered.month

    def key_of(self, one: CostSum) -> _Key | None:
        """The invoice that a sum names, if it was entered in the sum's currency."""
        if one.invoice is None:
            return None
        key = (self._roots.get(one.invoice, one.invoice), one.currency)
        return key if key in self._documents else None


@dataclass
class _Apart:
    """A month's sums of one currency that name no invoice of the month."""

    without_invoice: list[CostSum] = field(default_factory=list)
    not_entered: list[CostSum] = field(default_factory=list)
    other_months: list[CostSum] = field(default_factory=list)
    other_providers: list[CostSum] = field(default_factory=list)


def _not_entered(month: BillingMonth, apart: Mapping[str, _Apart]) -> list[InvoiceComparison]:
    found: dict[_Key, list[CostSum]] = defaultdict(list)
    for currency, sums in apart.items():
        for one in sums.not_entered:
            found[one.invoice or "", currency].append(one)
    return [InvoiceComparison(number, month, currency, (), Cost.of(sums)) for (number, currency), sums in found.items()]


def _of_month(
    month: BillingMonth,
    currency: str,
    entered: Sequence[InvoiceComparison],
    named: Mapping[_Key, Sequence[CostSum]],
    apart: _Apart,
) -> MonthComparison:
    totals = [one.total for one in entered if one.total is not None]
    return MonthComparison(
        month=month,
        currency=currency,
        total=sum(totals, ZERO) if totals else None,
        invoiced=Cost.of(found for one in entered for found in named[one.invoice, currency]),
        not_entered=Cost.of(apart.not_entered),
        without_invoice=Cost.of(apart.without_invoice),
        other_months=Cost.of(apart.other_months),
        other_providers=Cost.of(apart.other_providers),
    )
