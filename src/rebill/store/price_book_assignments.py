"""Whom price books are assigned to, and which accounts they price; by months.

What ended is no longer shown, but its months stay priced by it: it is kept with ``deleted_at`` and the months in which
it still counts. What never counted is kept too, with months that never come, so that its id is not used again. What a
deleted customer had ended with it, as it stands: its months up to that day are yet to be billed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, Table, select

from rebill.model.listing import Listing, Page
from rebill.model.months import BillingMonth, Months
from rebill.model.price_book_record import AccountAssignment, BookAssignment
from rebill.store.identity import can_be_stored, draw_ids
from rebill.store.paging import rows_of_page
from rebill.store.price_books import assign_price_book, owner_key
from rebill.store.scope import Scope
from rebill.store.tables import customers, price_book_account_assignments, price_book_assignments
from rebill.store.terms import ALWAYS

NEVER: Final = "9999-99"
"""The first month of what was ended before it counted; its last lies before."""
_BOOKS = price_book_assignments
_ACCOUNTS = price_book_account_assignments
_BOOK_ORDER = (_BOOKS.c.created_at, _BOOKS.c.price_book_assignment_id)
_ACCOUNT_ORDER = (_ACCOUNTS.c.created_at, _ACCOUNTS.c.price_book_account_assignment_id)


def book_assignment_page(
    scope: Scope, page: Page, customer_id: int | None, after: Sequence[Any]
) -> Listing[BookAssignment]:
    """A page of the assignments that did not end, oldest first; ``customer_id``: those of this customer."""
    found = rows_of_page(scope.connection, _shown(scope, _BOOKS, customer_id), _BOOK_ORDER, page, after)
    items = [_book_assignment(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].assignment_id if items else None)


def account_assignment_page(
    scope: Scope, page: Page, customer_id: int | None, after: Sequence[Any]
) -> Listing[AccountAssignment]:
    """A page of the accounts' assignments that did not end, oldest first; ``customer_id``: those of this customer."""
    found = rows_of_page(scope.connection, _shown(scope, _ACCOUNTS, customer_id), _ACCOUNT_ORDER, page, after)
    items = [_account_assignment(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].account_assignment_id if items else None)


def place_of_book_assignment(scope: Scope, assignment_id: int) -> Sequence[object] | None:
    """Where an assignment (ended or not) stands in the order of lists."""
    return _place(scope, _BOOKS, _BOOK_ORDER, assignment_id)


def place_of_account_assignment(scope: Scope, account_assignment_id: int) -> Sequence[object] | None:
    """Where an account's assignment (ended or not) stands in the order of lists."""
    return _place(scope, _ACCOUNTS, _ACCOUNT_ORDER, account_assignment_id)


def find_book_assignment(scope: Scope, assignment_id: int) -> BookAssignment | None:
    """An assignment that did not end."""
    row = _one(scope, _BOOKS, assignment_id)
    return None if row is None else _book_assignment(row)


def find_account_assignment(scope: Scope, account_assignment_id: int) -> AccountAssignment | None:
    """An account's assignment that did not end."""
    row = _one(scope, _ACCOUNTS, account_assignment_id)
    return None if row is None else _account_assignment(row)


def book_assignments_of(scope: Scope, customer_id: int) -> list[BookAssignment]:
    """The assignments of a customer that did not end."""
    rows = scope.connection.execute(_shown(scope, _BOOKS, customer_id).order_by(*_BOOK_ORDER))
    return [_book_assignment(row) for row in rows]


def account_assignments_of(scope: Scope, customer_id: int) -> list[AccountAssignment]:
    """The accounts' assignments of a customer that did not end."""
    rows = scope.connection.execute(_shown(scope, _ACCOUNTS, customer_id).order_by(*_ACCOUNT_ORDER))
    return [_account_assignment(row) for row in rows]


def is_assigned(scope: Scope, book_id: int) -> bool:
    """Whether a book has an assignment that did not end."""
    query = _shown(scope, _BOOKS, None).where(_BOOKS.c.price_book_id == book_id)
    query = query.with_only_columns(_BOOKS.c.price_book_assignment_id)
    return scope.connection.scalars(query.limit(1)).first() is not None


def add_book_assignment(scope: Scope, customer_id: int, book_id: int, months: Months, now: datetime) -> int:
    """Assign a book to a customer; answers the assignment's id. No account is named by that."""
    first, last = _texts(months)
    return assign_price_book(scope, customer_id, book_id, first, last, now)


def add_account_assignments(
    scope: Scope, assignment: BookAssignment, owner_ids: Sequence[str], months: Months, now: datetime
) -> list[int]:
    """Let an assigned book price accounts in ``months``; answers the ids of what was made, in order."""
    # In ascending order, so that lists show them as they were sent: they all come at one moment.
    ids = sorted(draw_ids(scope.connection, _ACCOUNTS.c.price_book_account_assignment_id, len(owner_ids)))
    common = {
        "customer_id": assignment.customer_id,
        "price_book_assignment_id": assignment.assignment_id,
        "created_at": now,
        "updated_at": now,
        **_months_row(months),
    }
    rows = [
        {
            **common,
            "price_book_account_assignment_id": row_id,
            "billing_account_owner_id": owner_id,
            "account_key": owner_key(owner_id),
        }
        for row_id, owner_id in zip(ids, owner_ids, strict=True)
    ]
    scope.insert(_ACCOUNTS, rows)
    return ids


def change_book_assignment(
    scope: Scope,
    kept: BookAssignment,
    book_id: int,
    months: Months,
    accounts: Mapping[int, Months],
    from_month: BillingMonth | None,
    now: datetime,
) -> None:
    """Let an assignment be of ``book_id`` in ``months``, and those of its accounts in theirs, by their ids.

    With another book, months before ``from_month`` stay with the one before: in copies that are not shown.
    """
    earlier = kept.months.part_before(from_month)
    begins = None if book_id == kept.price_book_id or earlier is None else from_month
    if begins is not None and earlier is not None:
        _keep_copy(scope, kept, earlier, now)
    values = {"price_book_id": book_id, "updated_at": now, **_months_row(months.part_from(begins))}
    _change(scope, _BOOKS, kept.assignment_id, **values)
    for account_id, own in accounts.items():
        _change(scope, _ACCOUNTS, account_id, **_months_row(own.part_from(begins)))


def change_account_assignment(
    scope: Scope, kept: AccountAssignment, owner_id: str, from_month: BillingMonth | None, now: datetime
) -> None:
    """Let an account's assignment be of another account; months before ``from_month`` stay as they are."""
    earlier = kept.months.part_before(from_month)
    if earlier is not None:
        row = _one(scope, _ACCOUNTS, kept.account_assignment_id)
        _copy_rows(scope, _ACCOUNTS, [(row, earlier)], now)
    values = {"billing_account_owner_id": owner_id, "account_key": owner_key(owner_id), "updated_at": now}
    _change(scope, _ACCOUNTS, kept.account_assignment_id, **values, **_months_row(kept.months.part_from(from_month)))


def end_book_assignment(scope: Scope, kept: BookAssignment, from_month: BillingMonth | None, now: datetime) -> None:
    """End an assignment and those of its accounts before ``from_month`` (``None``: as if never made)."""
    _end(scope, _BOOKS, kept.assignment_id, kept.months.part_before(from_month), now)
    for account in account_assignments_of(scope, kept.customer_id):
        if account.assignment_id == kept.assignment_id:
            end_account_assignment(scope, account, from_month, now)


def end_account_assignment(
    scope: Scope, kept: AccountAssignment, from_month: BillingMonth | None, now: datetime
) -> None:
    """End an account's assignment before ``from_month`` (``None``: as if never made)."""
    _end(scope, _ACCOUNTS, kept.account_assignment_id, kept.months.part_before(from_month), now)


def _keep_copy(scope: Scope, kept: BookAssignment, months: Months, now: datetime) -> None:
    row = _one(scope, _BOOKS, kept.assignment_id)
    (copy_id,) = _copy_rows(scope, _BOOKS, [(row, months)], now)
    # Those that ended count as well: they priced some of these months.
    query = scope.select(_ACCOUNTS).where(_ACCOUNTS.c.price_book_assignment_id == kept.assignment_id)
    counted = [(row, _months(row)) for row in scope.connection.execute(query) if row.start_month != NEVER]
    copied = [(row, both) for row, own in counted if (both := own.within(months)) is not None]
    _copy_rows(scope, _ACCOUNTS, copied, now, price_book_assignment_id=copy_id)


def _copy_rows(
    scope: Scope, table: Table, rows: Sequence[tuple[Any, Months]], now: datetime, **values: Any
) -> list[int]:
    """Copies that are not shown, each with months of its own; answers their ids."""
    own_id = _own_id(table)
    ids = draw_ids(scope.connection, own_id, len(rows))
    copies = [
        {**row._mapping, own_id.name: copy_id, **_months_row(months), "deleted_at": now, "updated_at": now, **values}
        for copy_id, (row, months) in zip(ids, rows, strict=True)
    ]
    scope.insert(table, copies)
    return ids


def _end(scope: Scope, table: Table, row_id: int, months: Months | None, now: datetime) -> None:
    _change(scope, table, row_id, deleted_at=now, updated_at=now, **_months_row(months))


def _change(scope: Scope, table: Table, row_id: int, **values: Any) -> None:
    scope.connection.execute(scope.update(table).where(_own_id(table) == row_id).values(**values))


def _own_id(table: Table) -> Any:
    return _BOOKS.c.price_book_assignment_id if table is _BOOKS else _ACCOUNTS.c.price_book_account_assignment_id


def _shown(scope: Scope, table: Table, customer_id: int | None) -> Select[Any]:
    its_customer = select(customers.c.customer_id).where(
        scope.own(customers), customers.c.customer_id == table.c.customer_id, customers.c.deleted_at.is_(None)
    )
    query = scope.select(table).where(table.c.deleted_at.is_(None), its_customer.exists())
    return query if customer_id is None else query.where(table.c.customer_id == customer_id)


def _one(scope: Scope, table: Table, row_id: int) -> Row[Any] | None:
    if not can_be_stored(row_id):
        return None
    return scope.connection.execute(_shown(scope, table, None).where(_own_id(table) == row_id)).one_or_none()


def _place(scope: Scope, table: Table, order: Sequence[Any], row_id: int) -> Sequence[object] | None:
    if not can_be_stored(row_id):
        return None
    row = scope.connection.execute(scope.select(table, *order).where(_own_id(table) == row_id)).one_or_none()
    return None if row is None else tuple(row)


def _texts(months: Months) -> tuple[str, str | None]:
    first = ALWAYS if months.first is None else str(months.first)
    return first, None if months.last is None else str(months.last)


def _months_row(months: Months | None) -> dict[str, str | None]:
    first, last = (NEVER, ALWAYS) if months is None else _texts(months)
    return {"start_month": first, "end_month": last}


def _months(row: Row[Any]) -> Months:
    first = None if row.start_month == ALWAYS else BillingMonth.parse(row.start_month)
    return Months(first, None if row.end_month is None else BillingMonth.parse(row.end_month))


def _book_assignment(row: Row[Any]) -> BookAssignment:
    return BookAssignment(
        row.price_book_assignment_id, row.price_book_id, row.customer_id, _months(row), row.created_at, row.updated_at
    )


def _account_assignment(row: Row[Any]) -> AccountAssignment:
    return AccountAssignment(
        account_assignment_id=row.price_book_account_assignment_id,
        assignment_id=row.price_book_assignment_id,
        customer_id=row.customer_id,
        billing_account_owner_id=row.billing_account_owner_id,
        account_key=row.account_key,
        months=_months(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
