"""A month's bills in one table: what each customer pays, what it costs, and by how much that differs from before."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rebill.model.currencies import minor_digits
from rebill.model.document import DocumentKind
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
    """A page of a month's bills; ``total`` counts all of them."""

    month: BillingMonth
    bills: tuple[Bill, ...]
    total: int


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
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        rows, rows_before = bill_rows(scope, month), bill_rows(scope, month.preceding)
    before = {(one.customer_id, one.currency): one for one in rows_before if one.kind is DocumentKind.STATEMENT}
    wanted = text.casefold()
    bills = [_bill(one, before) for one in rows if wanted in one.customer_name.casefold()]
    bills.sort(key=lambda one: (one.customer_name.casefold(), one.customer_id, one.currency, one.statement_id))
    if order is not BillOrder.CUSTOMER:
        bills.sort(key=lambda one: abs(_measured(one, order)), reverse=True)
    start = (page_number - 1) * per_page
    return Bills(month, tuple(bills[start : start + per_page]), len(bills))


def _measured(bill: Bill, order: BillOrder) -> Decimal:
    if order is BillOrder.DIFFERENCE:
        return bill.price if bill.difference is None else bill.difference
    return bill.margin if order is BillOrder.MARGIN else bill.price


def _bill(row: BillRow, before: dict[tuple[int, str], BillRow]) -> Bill:
    is_statement = row.kind is DocumentKind.STATEMENT
    earlier = before.get((row.customer_id, row.currency)) if is_statement else None
    return Bill(
        row.statement_id,
        row.customer_id,
        row.customer_name,
        row.currency,
        _amount(row),
        row.cost,
        row.status,
        row.kind,
        row.invoice_id,
        None if earlier is None else _amount(earlier),
    )


def _amount(row: BillRow) -> Decimal:
    return Decimal(row.price_minor_units).scaleb(-minor_digits(row.currency))
