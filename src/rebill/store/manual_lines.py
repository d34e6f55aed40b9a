"""Manual lines as the record keeps them; a withdrawn one keeps its row."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_

from rebill.model.listing import Listing, Page
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.months import BillingMonth
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.paging import rows_of_page
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope
from rebill.store.tables import manual_lines

_ORDER = (manual_lines.c.entry_number,)


def add_manual_line(scope: Scope, entered: NewManualLine, now: datetime) -> ManualLine:
    """Keep an entry under the partner's next number."""
    hold_partner(scope)
    last = scope.connection.scalar(scope.select(manual_lines, func.max(manual_lines.c.entry_number)))
    line = ManualLine(draw_id(scope.connection, manual_lines.c.manual_line_id), (last or 0) + 1, entered, now)
    row = {
        "manual_line_id": line.manual_line_id,
        "customer_id": entered.customer_id,
        "entry_number": line.entry_number,
        "billing_month": str(entered.month),
        "currency": entered.currency,
        "amount": entered.amount,
        "cost": entered.cost,
        "reason": entered.reason,
        "invoice_id": entered.invoice_id,
        "entered_at": now,
        "withdrawn_at": None,
    }
    scope.insert(manual_lines, [row])
    return line


def withdraw_manual_line(scope: Scope, manual_line_id: int, now: datetime) -> bool:
    """Take an entry back; ``False`` where none of this id is in force."""
    if not can_be_stored(manual_line_id):
        return False
    withdrawn = scope.update(manual_lines).where(
        manual_lines.c.manual_line_id == manual_line_id, manual_lines.c.withdrawn_at.is_(None)
    )
    return scope.connection.execute(withdrawn.values(withdrawn_at=now)).rowcount == 1


def find_manual_line(scope: Scope, manual_line_id: int) -> ManualLine | None:
    """An entry, withdrawn or not."""
    if not can_be_stored(manual_line_id):
        return None
    query = scope.select(manual_lines).where(manual_lines.c.manual_line_id == manual_line_id)
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else _line(row)


def manual_lines_in_force(scope: Scope, month: BillingMonth) -> tuple[ManualLine, ...]:
    """The entries of a month that were not withdrawn, by their numbers."""
    query = scope.select(manual_lines).where(
        manual_lines.c.billing_month == str(month), manual_lines.c.withdrawn_at.is_(None)
    )
    return tuple(_line(row) for row in scope.connection.execute(query.order_by(*_ORDER)))


def manual_lines_to_reconcile(scope: Scope, month: BillingMonth, invoices: Collection[str]) -> tuple[ManualLine, ...]:
    """The entries in force that are of a month, or of any month and belong to one of these invoices."""
    of_month = manual_lines.c.billing_month == str(month)
    query = scope.select(manual_lines).where(
        or_(of_month, manual_lines.c.invoice_id.in_(sorted(invoices))), manual_lines.c.withdrawn_at.is_(None)
    )
    return tuple(_line(row) for row in scope.connection.execute(query.order_by(*_ORDER)))


def entries_with_cost(scope: Scope) -> tuple[ManualLine, ...]:
    """The entries of all months that cost the partner something and were not withdrawn, by their numbers."""
    query = scope.select(manual_lines).where(manual_lines.c.withdrawn_at.is_(None), manual_lines.c.cost.is_not(None))
    return tuple(_line(row) for row in scope.connection.execute(query.order_by(*_ORDER)))


def months_with_entries(scope: Scope) -> set[BillingMonth]:
    """The months that have entries in force."""
    query = scope.select(manual_lines, manual_lines.c.billing_month).where(manual_lines.c.withdrawn_at.is_(None))
    return {BillingMonth.parse(month) for month in scope.connection.scalars(query.distinct())}


def manual_line_page(
    scope: Scope, page: Page, customer_id: int | None, month: BillingMonth | None, after: Sequence[Any]
) -> Listing[ManualLine]:
    """A page of the entries, withdrawn ones too, by their numbers; of one customer or month where that is given."""
    query = scope.select(manual_lines)
    if customer_id is not None:
        query = query.where(manual_lines.c.customer_id == customer_id)
    if month is not None:
        query = query.where(manual_lines.c.billing_month == str(month))
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_line(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].manual_line_id if items else None)


def _line(row: Any) -> ManualLine:
    entered = NewManualLine(
        row.customer_id,
        BillingMonth.parse(row.billing_month),
        row.amount,
        row.reason,
        row.currency,
        row.cost,
        row.invoice_id,
    )
    return ManualLine(row.manual_line_id, row.entry_number, entered, row.entered_at, row.withdrawn_at)
