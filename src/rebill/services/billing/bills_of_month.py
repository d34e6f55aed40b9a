"""A month's bills in one table: what each customer pays, what it costs, and by how much that differs from before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
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
from rebill.store.bill_rows import BillRow, bill_rows, is_standing_statement
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
    """A document of a month, before carry lines.

    ``page_id``: the statement that shows it: itself, or the one that a correction of another month stands on.
    ``difference``: of all that stands of the customer's month, notes too, to all that stood of the month before; on
    one document of a customer, ``None`` on its others and where nothing stands of either month. ``is_new``: no
    statement stands of the month before.
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
    difference: Decimal | None
    is_new: bool

    @property
    def margin(self) -> Decimal:
        return self.price - self.cost


@dataclass(frozen=True)
class BillSums:
    """What stands of a month in one currency; ``before``: the price of what stood of the month before.

    ``gone``: the price of what stood then of customers that have no document of the month.
    """

    now: PriceAndCost
    before: Decimal
    gone: Decimal

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
    compared = _compared(rows, rows_before)
    numbers = {row.statement_id: row.invoice_id for row in rows}
    shown = _ordered(rows, order, compared)[start : start + per_page]
    return Bills(
        month,
        tuple(_bill(row, compared, numbers) for row in shown),
        len(rows),
        _sums(rows, rows_before, compared),
        sum(row.status == StatementStatus.ESTIMATED for row in of_month),
    )


@dataclass(frozen=True)
class _Compared:
    """The months of customers as wholes beside the month before, in minor units.

    ``differences``: by the document that shows it. ``with_before``: whose statement of the month before stands.
    ``gone``: by currency, what stood of customers that have no document now.
    """

    differences: Mapping[int, int]
    with_before: Set[tuple[int, str]]
    gone: Mapping[str, int]


def _compared(rows: Sequence[BillRow], rows_before: Sequence[BillRow]) -> _Compared:
    now, before = _standing_units(rows), _standing_units(rows_before)
    shown_on: dict[tuple[int, str], BillRow] = {}
    for row in rows:
        kept = shown_on.get((row.customer_id, row.currency))
        if kept is None or _rank(row) > _rank(kept):
            shown_on[row.customer_id, row.currency] = row
    differences = {
        row.statement_id: now.get(key, 0) - before.get(key, 0)
        for key, row in shown_on.items()
        if key in now or key in before
    }
    gone: dict[str, int] = defaultdict(int)
    for key, units in before.items():
        gone[key[1]] += 0 if key in shown_on else units
    with_before = {(row.customer_id, row.currency) for row in rows_before if is_standing_statement(row)}
    return _Compared(differences, with_before, gone)


def _standing_units(rows: Sequence[BillRow]) -> dict[tuple[int, str], int]:
    """What was not taken back, by customer and currency."""
    units: dict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        if row.void_id is None:
            units[row.customer_id, row.currency] += row.price_minor_units
    return dict(units)


def _rank(row: BillRow) -> int:
    """A customer's month is compared on its statement, even on one that was taken back, rather than on a note."""
    return (row.kind == DocumentKind.STATEMENT) + is_standing_statement(row)


def _ordered(rows: list[BillRow], order: BillOrder, compared: _Compared) -> list[BillRow]:
    if order is BillOrder.CUSTOMER:
        return rows
    if order is BillOrder.PRICE:
        return sorted(rows, key=lambda row: abs(_scaled(row.price_minor_units, row.currency)), reverse=True)
    if order is BillOrder.DIFFERENCE:
        moved = compared.differences
        return sorted(rows, key=lambda row: abs(_scaled(moved.get(row.statement_id, 0), row.currency)), reverse=True)
    return sorted(rows, key=lambda row: abs(_amount(row.price_minor_units, row.currency) - row.cost), reverse=True)


def _scaled(minor_units: int, currency: str) -> int:
    """An amount in a unit that is the same whatever the currency's minor unit is: whole numbers sort fastest."""
    return minor_units * int(10 ** (GREATEST_MINOR_DIGITS - minor_digits(currency)))


def _sums(rows: list[BillRow], rows_before: list[BillRow], compared: _Compared) -> tuple[BillSums, ...]:
    now, before = _standing_sums(rows), _standing_sums(rows_before)
    nothing = PriceAndCost("", ZERO, ZERO)
    return tuple(
        BillSums(now[one], before.get(one, nothing).price, _amount(compared.gone.get(one, 0), one))
        for one in sorted(now)
    )


def _standing_sums(rows: list[BillRow]) -> dict[str, PriceAndCost]:
    """What was not taken back, by currency; a currency in which all was is there with nothing."""
    units: dict[str, int] = defaultdict(int)
    costs: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        units[row.currency] += row.price_minor_units if row.void_id is None else 0
        costs[row.currency] += row.cost if row.void_id is None else ZERO
    return {one: PriceAndCost(one, _amount(units[one], one), costs[one]) for one in units}


def _bill(row: BillRow, compared: _Compared, numbers: Mapping[int, str]) -> Bill:
    difference = compared.differences.get(row.statement_id)
    return Bill(
        row.statement_id,
        row.carried_by_id or row.statement_id,
        row.customer_id,
        row.customer_name,
        row.currency,
        _amount(row.price_minor_units, row.currency),
        row.cost,
        StatementStatus(row.status),
        DocumentKind(row.kind),
        row.invoice_id,
        ties_between(row.statement_id, row.corrects_id, row.void_id, row.note_id, numbers),
        None if difference is None else _amount(difference, row.currency),
        (row.customer_id, row.currency) not in compared.with_before,
    )


def _amount(minor_units: int, currency: str) -> Decimal:
    return Decimal(minor_units).scaleb(-minor_digits(currency))
