"""A month's bills in one table: what each customer pays, what it costs, and by how much that differs from before."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rebill.model.currencies import minor_digits
from rebill.model.document import DocumentKind
from rebill.model.margin import PriceAndCost
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.statement import StatementStatus
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.bill_rows import BillRow, bill_rows
from rebill.store.scope import Scope


class BillOrder(StrEnum):
    """What bills are ordered by."""

    CUSTOMER = "customer"
    PRICE = "price"
    DIFFERENCE = "difference"
    MARGIN = "margin"


@dataclass(frozen=True)
class Bill:
    """A document of a month, before carry lines; ``before``: the price of the customer's statement a month before."""

    statement_id: int
    customer_id: int
    customer_name: str
    currency: str
    price: Decimal
    cost: Decimal
    status: StatementStatus
    kind: DocumentKind
    invoice_id: str
    before: Decimal | None

    @property
    def margin(self) -> Decimal:
        return self.price - self.cost

    @property
    def difference(self) -> Decimal | None:
        """To the month before; ``None`` of a note, or where there was nothing before."""
        return None if self.before is None else self.price - self.before


@dataclass(frozen=True)
class Bills:
    """A page of a month's bills; ``total`` counts all of them, ``sums`` add all of them up by currency."""

    month: BillingMonth
    bills: tuple[Bill, ...]
    total: int
    sums: tuple[PriceAndCost, ...]


def bills_of_month(
    installation: Installation,
    caller: Caller,
    month: BillingMonth,
    order: BillOrder,
    text: str,
    page_number: int,
    per_page: int,
) -> Bills:
    """The statements and notes of ``month`` whose customers' names hold ``text``; the greatest come first.

    Raises ``Forbidden``.
    """
    require(caller, Permission.READ)
    wanted, start = text.casefold(), (page_number - 1) * per_page
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        rows = [row for row in bill_rows(scope, month) if wanted in row.customer_name.casefold()]
        rows.sort(key=lambda row: (row.customer_name.casefold(), row.customer_id, row.currency, row.statement_id))
        # The month before is read whole only where all of it decides the order.
        by_difference = order is BillOrder.DIFFERENCE
        ordered = rows if by_difference else _ordered(rows, order)[start : start + per_page]
        customer_ids = None if by_difference else sorted({row.customer_id for row in ordered})
        rows_before = bill_rows(scope, month.preceding, customer_ids)
    before = {(one.customer_id, one.currency): one for one in rows_before if one.kind == DocumentKind.STATEMENT}
    if by_difference:
        ordered = sorted(rows, key=lambda row: abs(_difference(row, before)), reverse=True)[start : start + per_page]
    return Bills(month, tuple(_bill(row, before) for row in ordered), len(rows), _sums(rows))


def _ordered(rows: list[BillRow], order: BillOrder) -> list[BillRow]:
    if order is BillOrder.CUSTOMER:
        return rows
    if order is BillOrder.PRICE:
        return sorted(rows, key=lambda row: abs(_amount(row)), reverse=True)
    return sorted(rows, key=lambda row: abs(_amount(row) - row.cost), reverse=True)


def _difference(row: BillRow, before: dict[tuple[int, str], BillRow]) -> Decimal:
    earlier = before.get((row.customer_id, row.currency)) if row.kind == DocumentKind.STATEMENT else None
    return _amount(row) if earlier is None else _amount(row) - _amount(earlier)


def _sums(rows: list[BillRow]) -> tuple[PriceAndCost, ...]:
    units: dict[str, int] = defaultdict(int)
    costs: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        units[row.currency] += row.price_minor_units
        costs[row.currency] += row.cost
    return tuple(PriceAndCost(one, Decimal(units[one]).scaleb(-minor_digits(one)), costs[one]) for one in sorted(units))


def _bill(row: BillRow, before: dict[tuple[int, str], BillRow]) -> Bill:
    is_statement = row.kind == DocumentKind.STATEMENT
    earlier = before.get((row.customer_id, row.currency)) if is_statement else None
    return Bill(
        row.statement_id,
        row.customer_id,
        row.customer_name,
        row.currency,
        _amount(row),
        row.cost,
        StatementStatus(row.status),
        DocumentKind(row.kind),
        row.invoice_id,
        None if earlier is None else _amount(earlier),
    )


def _amount(row: BillRow) -> Decimal:
    return Decimal(row.price_minor_units).scaleb(-minor_digits(row.currency))
