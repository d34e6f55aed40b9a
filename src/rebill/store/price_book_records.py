"""The partner's price books as callers see them. A deleted book keeps its rows: issued months stay priced by it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select

from rebill.model.listing import Listing, Page
from rebill.model.price_book import Specification, SpecificationFormat
from rebill.model.price_book_record import PriceBookRecord
from rebill.store.identity import can_be_stored
from rebill.store.paging import rows_of_page
from rebill.store.price_books import put_specification
from rebill.store.scope import Scope
from rebill.store.tables import price_book_assignments, price_book_specifications, price_books
from rebill.store.terms import first_changeable_month_of

_ORDER = (price_books.c.created_at, price_books.c.price_book_id)


def is_book_name_taken(scope: Scope, name: str, but: int | None = None) -> bool:
    """Whether a book of this partner that is not deleted, other than ``but``, has exactly this name."""
    query = scope.select(price_books, price_books.c.price_book_id).where(
        price_books.c.book_name == name, price_books.c.deleted_at.is_(None)
    )
    return any(book_id != but for book_id in scope.connection.scalars(query))


def find_price_book(scope: Scope, book_id: int, hold: bool = False) -> PriceBookRecord | None:
    """A book that is not deleted. ``hold``: it is neither changed, deleted nor assigned until this transaction ends."""
    if not can_be_stored(book_id):
        return None
    found = price_books.c.price_book_id == book_id
    if hold:
        scope.connection.execute(scope.select(price_books).where(found).with_for_update())
    row = scope.connection.execute(_records(scope).where(found)).one_or_none()
    return None if row is None else _record(row)


def newest_specification(scope: Scope, book_id: int) -> Specification:
    """What a book says in the end."""
    row = scope.connection.execute(
        scope.select(price_book_specifications)
        .where(price_book_specifications.c.price_book_id == book_id)
        .order_by(price_book_specifications.c.from_month.desc())
        .limit(1)
    ).one()
    return Specification(row.specification, SpecificationFormat(row.specification_format))


def price_book_page(
    scope: Scope, page: Page, customer_id: int | None, after: Sequence[Any]
) -> Listing[PriceBookRecord]:
    """A page of the books that are not deleted, oldest first; ``customer_id``: those assigned to this customer."""
    query = _records(scope)
    if customer_id is not None:
        query = query.where(_is_assigned(scope, customer_id))
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_record(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].price_book_id if items else None)


def is_assigned_to(scope: Scope, book_id: int, customer_id: int) -> bool:
    """Whether a book that is not deleted is assigned to this customer."""
    if not can_be_stored(book_id):
        return False
    query = _records(scope).where(price_books.c.price_book_id == book_id, _is_assigned(scope, customer_id))
    return scope.connection.execute(query).first() is not None


def place_of_price_book(scope: Scope, book_id: int) -> tuple[datetime, int] | None:
    """Where a book (deleted or not) stands in the order of lists."""
    if not can_be_stored(book_id):
        return None
    query = scope.select(price_books, *_ORDER).where(price_books.c.price_book_id == book_id)
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else (row.created_at, row.price_book_id)


def rename_price_book(scope: Scope, book_id: int, name: str, now: datetime) -> None:
    """Give a book another name."""
    _change(scope, book_id, book_name=name, updated_at=now)


def change_specification(scope: Scope, book_id: int, specification: Specification, now: datetime) -> None:
    """Let a book say something else from the first month on that is issued to nobody whom it was ever assigned to."""
    assigned = scope.select(price_book_assignments, price_book_assignments.c.customer_id).where(
        price_book_assignments.c.price_book_id == book_id
    )
    newest = scope.select(price_book_specifications, func.max(price_book_specifications.c.from_month)).where(
        price_book_specifications.c.price_book_id == book_id
    )
    first = first_changeable_month_of(scope, set(scope.connection.scalars(assigned)))
    # Never before the newest version: a change always decides what the book says in the end.
    from_month = max(first, str(scope.connection.scalars(newest).one()))
    put_specification(scope, book_id, specification, from_month, now)
    _change(scope, book_id, updated_at=now)


def mark_book_deleted(scope: Scope, book_id: int, now: datetime) -> None:
    """Mark a book as deleted: its name is free, and months that it priced stay priced by it."""
    _change(scope, book_id, deleted_at=now, updated_at=now)


def _change(scope: Scope, book_id: int, **values: Any) -> None:
    changed = scope.update(price_books).where(price_books.c.price_book_id == book_id)
    scope.connection.execute(changed.values(**values))


def _is_assigned(scope: Scope, customer_id: int) -> ColumnElement[bool]:
    assigned = price_book_assignments
    return (
        select(assigned.c.price_book_assignment_id)
        .where(
            scope.own(assigned),
            assigned.c.price_book_id == price_books.c.price_book_id,
            assigned.c.customer_id == customer_id,
            assigned.c.deleted_at.is_(None),
        )
        .exists()
    )


def _records(scope: Scope) -> Select[Any]:
    table = price_book_specifications
    newest = (
        scope.select(table, table.c.price_book_id, func.max(table.c.from_month).label("from_month"))
        .group_by(table.c.price_book_id)
        .subquery()
    )
    same_version = and_(table.c.price_book_id == newest.c.price_book_id, table.c.from_month == newest.c.from_month)
    return (
        scope.select(price_books, *price_books.c, table.c.specification_sha256)
        .join(newest, newest.c.price_book_id == price_books.c.price_book_id)
        .join(table, and_(same_version, scope.own(table)))
        .where(price_books.c.deleted_at.is_(None))
    )


def _record(row: Row[Any]) -> PriceBookRecord:
    return PriceBookRecord(row.price_book_id, row.book_name, row.specification_sha256, row.created_at, row.updated_at)
