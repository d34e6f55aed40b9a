"""A month's bills in one table: what each customer pays, what it costs, and by how much that differs from before."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rebill.model.currencies import GREATEST_MINOR_DIGITS, minor_digits
from rebill.model.document import DocumentKind, DocumentTies
from rebill.model.margin import PriceAndCost
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.statement import StatementStatus
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.bill_rows import BillRow, bill_rows
from rebill.store.document_ties import ties_between
from rebill.store.scope import Scope


class BillOrder(StrEnum):
    """What bills are ordered by."""

    CUSTOMER = "customer"
    PRICE = "price"
    DIFFERENCE = "difference"
    MARGIN = "margin"


@dataclass(frozen=True)
class Bill:
    """A document of a month, before carry lines; ``before``: the price of the customer's statement a month before.

    ``page_id``: the statement that shows it: itself, or the one that a correction of another month stands on.
    """

    statement_id: int
    page_id: int
    customer_id: int
    customer_name: str
    currency: str
    price: Decimal
    cost: Decimal
    status: StatementStatus
    kind: DocumentKind
    invoice_id: str
    ties: DocumentTies
    before: Decimal | None

    @property
    def margin(self) -> Decimal:
        return self.price - self.cost

    @property
    def difference(self) -> Decimal | None:
        """To the month before; ``None`` where nothing is to be compared."""
        return None if self.before is None else self.price - self.before

    @property
    def is_compared(self) -> bool:
        """Whether it is a statement that stands, to be seen beside the one of the month before."""
        return self.kind is DocumentKind.STATEMENT and not self.ties.is_taken_back


@dataclass(frozen=True)
class BillSums:
    """What stands of a month in one currency; ``before``: the price of what stood of the month before."""

    now: PriceAndCost
    before: Decimal

    @property
    def difference(self) -> Decimal:
        return self.now.price - self.before


@dataclass(frozen=True)
class Bills:
    """A page of a month's bills; ``total`` counts all of them.

    ``sums``: what stands of them by currency: what a void took back counts no more, and neither do its notes.
    ``estimated_count``: how many statements of the month are to be finalized, whatever customers are asked for.
    """

    month: BillingMonth
    bills: tuple[Bill, ...]
    total: int
    sums: tuple[BillSums, ...]
    estimated_count: int


def bills_of_month(
    installation: Installation,
    caller: Caller,
    month: BillingMonth,
    order: BillOrder,
    text: str,
    page_number: int,
    per_page: int,
) -> Bills:
    """The documents of ``month`` whose customers' names hold ``text``; the greatest come first.

    Raises ``Forbidden``.
    """
    require(caller, Permission.READ)
    wanted, start = text.casefold(), (page_number - 1) * per_page
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        of_month, of_month_before = bill_rows(scope, month), bill_rows(scope, month.preceding)
    rows, rows_before = (
        [row for row in found if wanted in row.customer_name.casefold()] for found in (of_month, of_month_before)
    )
    rows.sort(key=lambda row: (row.customer_name.casefold(), row.customer_id, row.currency, row.statement_id))
    before = {(row.customer_id, row.currency): row for row in rows_before if _is_compared(row)}
    numbers = {row.statement_id: row.invoice_id for row in rows}
    shown = _ordered(rows, order, before)[start : start + per_page]
    return Bills(
        month,
        tuple(_bill(row, before, numbers) for row in shown),
        len(rows),
        _sums(rows, rows_before),
        sum(row.status == StatementStatus.ESTIMATED for row in of_month),
    )


_Before = Mapping[tuple[int, str], BillRow]


def _ordered(rows: list[BillRow], order: BillOrder, before: _Before) -> list[BillRow]:
    if order is BillOrder.CUSTOMER:
        return rows
    if order is BillOrder.PRICE:
        return sorted(rows, key=lambda row: abs(_scaled(row)), reverse=True)
    if order is BillOrder.DIFFERENCE:
        return sorted(rows, key=lambda row: abs(_difference(row, before)), reverse=True)
    return sorted(rows, key=lambda row: abs(_amount(row) - row.cost), reverse=True)


def _is_compared(row: BillRow) -> bool:
    return row.kind == DocumentKind.STATEMENT and row.void_id is None


def _earlier(row: BillRow, before: _Before) -> BillRow | None:
    return before.get((row.customer_id, row.currency)) if _is_compared(row) else None


def _difference(row: BillRow, before: _Before) -> int:
    earlier = _earlier(row, before)
    return _scaled(row) if earlier is None else _scaled(row) - _scaled(earlier)


def _scaled(row: BillRow) -> int:
    """The price in a unit that is the same whatever the currency's minor unit is: whole numbers sort fastest."""
    return row.price_minor_units * int(10 ** (GREATEST_MINOR_DIGITS - minor_digits(row.currency)))


def _sums(rows: list[BillRow], rows_before: list[BillRow]) -> tuple[BillSums, ...]:
    now, before = _standing_sums(rows), _standing_sums(rows_before)
    nothing = PriceAndCost("", ZERO, ZERO)
    return tuple(BillSums(now[one], before.get(one, nothing).price) for one in sorted(now))


def _standing_sums(rows: list[BillRow]) -> dict[str, PriceAndCost]:
    """What was not taken back, by currency; a currency in which all was is there with nothing."""
    units: dict[str, int] = defaultdict(int)
    costs: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        units[row.currency] += row.price_minor_units if row.void_id is None else 0
        costs[row.currency] += row.cost if row.void_id is None else ZERO
    return {one: PriceAndCost(one, Decimal(units[one]).scaleb(-minor_digits(one)), costs[one]) for one in units}


def _bill(row: BillRow, before: _Before, numbers: Mapping[int, str]) -> Bill:
    earlier = _earlier(row, before)
    return Bill(
        row.statement_id,
        row.carried_by_id or row.statement_id,
        row.customer_id,
        row.customer_name,
        row.currency,
        _amount(row),
        row.cost,
        StatementStatus(row.status),
        DocumentKind(row.kind),
        row.invoice_id,
        ties_between(row.statement_id, row.corrects_id, row.void_id, row.note_id, numbers),
        None if earlier is None else _amount(earlier),
    )


def _amount(row: BillRow) -> Decimal:
    return Decimal(row.price_minor_units).scaleb(-minor_digits(row.currency))
