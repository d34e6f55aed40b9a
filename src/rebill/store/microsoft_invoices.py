"""Microsoft's invoices as the record keeps them; a withdrawn one keeps its row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rebill.model.listing import Listing, Page
from rebill.model.microsoft_invoice import InvoiceKind, MicrosoftInvoice, NewMicrosoftInvoice
from rebill.model.months import BillingMonth
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import microsoft_invoices

_ORDER = (microsoft_invoices.c.entered_at, microsoft_invoices.c.microsoft_invoice_id)


def add_invoice(scope: Scope, entered: NewMicrosoftInvoice, now: datetime, is_read: bool = False) -> MicrosoftInvoice:
    """Keep an invoice of whose number none is in force."""
    invoice_id = draw_id(scope.connection, microsoft_invoices.c.microsoft_invoice_id)
    kept = MicrosoftInvoice(invoice_id, entered, now, is_read=is_read)
    row = {
        "microsoft_invoice_id": kept.microsoft_invoice_id,
        "number": entered.number,
        "kind": entered.kind.value,
        "amends": entered.amends,
        "billing_month": str(entered.month),
        "currency": entered.currency,
        "total": entered.total,
        "entered_at": now,
        "withdrawn_at": None,
        "is_read": is_read,
    }
    scope.insert(microsoft_invoices, [row])
    return kept


def withdraw_invoice(scope: Scope, microsoft_invoice_id: int, now: datetime) -> bool:
    """Take an invoice back; ``False`` where none of this id is in force."""
    if not can_be_stored(microsoft_invoice_id):
        return False
    table = microsoft_invoices.c
    withdrawn = scope.update(microsoft_invoices).where(
        table.microsoft_invoice_id == microsoft_invoice_id, table.withdrawn_at.is_(None)
    )
    return scope.connection.execute(withdrawn.values(withdrawn_at=now)).rowcount == 1


def was_withdrawn(scope: Scope, number: str) -> bool:
    """Whether an invoice of this number was ever taken back."""
    table = microsoft_invoices.c
    withdrawn = scope.select(microsoft_invoices).where(table.number == number, table.withdrawn_at.is_not(None))
    return scope.connection.execute(withdrawn.limit(1)).first() is not None


def find_invoice(scope: Scope, microsoft_invoice_id: int) -> MicrosoftInvoice | None:
    """An invoice by its id, withdrawn or not."""
    if not can_be_stored(microsoft_invoice_id):
        return None
    query = scope.select(microsoft_invoices).where(microsoft_invoices.c.microsoft_invoice_id == microsoft_invoice_id)
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else _invoice(row)


def invoices_in_force(scope: Scope) -> list[MicrosoftInvoice]:
    """Every invoice and note that was not withdrawn, in order of entry."""
    query = scope.select(microsoft_invoices).where(microsoft_invoices.c.withdrawn_at.is_(None)).order_by(*_ORDER)
    return [_invoice(row) for row in scope.connection.execute(query)]


def invoice_months(scope: Scope) -> dict[str, BillingMonth]:
    """The billing month of every invoice and note that was not withdrawn, by its number."""
    return {one.entered.number: one.entered.month for one in invoices_in_force(scope)}


def invoice_page(
    scope: Scope, page: Page, month: BillingMonth | None, after: Sequence[Any]
) -> Listing[MicrosoftInvoice]:
    """A page of the invoices, withdrawn ones too, in order of entry; of one month where that is given."""
    query = scope.select(microsoft_invoices)
    if month is not None:
        query = query.where(microsoft_invoices.c.billing_month == str(month))
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_invoice(row) for row in found.rows]
    last = items[-1].microsoft_invoice_id if items else None
    return Listing(items, page, found.total, found.more, last)


def _invoice(row: Any) -> MicrosoftInvoice:
    entered = NewMicrosoftInvoice(
        row.number, BillingMonth.parse(row.billing_month), row.currency, row.total, InvoiceKind(row.kind), row.amends
    )
    return MicrosoftInvoice(row.microsoft_invoice_id, entered, row.entered_at, row.withdrawn_at, row.is_read)
