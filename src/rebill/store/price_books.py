"""The partner's price books: their specifications by month, and which accounts of which customers they price."""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import and_, func, or_

from rebill.model.errors import ProgramError
from rebill.model.identifiers import price_book_account_key
from rebill.model.months import BillingMonth
from rebill.model.price_book import (
    ALL_ACCOUNTS,
    AccountBook,
    PriceBook,
    RecordedBook,
    Specification,
    SpecificationFormat,
)
from rebill.store.identity import draw_id
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.tables import (
    price_book_account_assignments,
    price_book_assignments,
    price_book_specifications,
    price_books,
)


def add_price_book(scope: Scope, name: str, specification: Specification, from_month: str, now: datetime) -> int:
    """Keep a new book, its specification in force from ``from_month`` on; answers its id."""
    book_id = draw_id(scope.connection, price_books.c.price_book_id)
    row = {"price_book_id": book_id, "book_name": name, "created_at": now, "updated_at": now}
    scope.insert(price_books, [row])
    put_specification(scope, book_id, specification, from_month, now)
    return book_id


def put_specification(scope: Scope, book_id: int, specification: Specification, from_month: str, now: datetime) -> None:
    """Put a book's specification in force from ``from_month`` on, instead of what that month already has."""
    row = {
        "price_book_id": book_id,
        "from_month": from_month,
        "specification": specification.text,
        "specification_format": specification.written_as.value,
        "specification_sha256": specification.sha256,
        "created_at": now,
    }
    changes = ["specification", "specification_format", "specification_sha256", "created_at"]
    scope.upsert(price_book_specifications, ["price_book_id", "from_month"], [row], changes)


def assign_price_book(
    scope: Scope, customer_id: int, book_id: int, start_month: str, end_month: str | None, now: datetime
) -> int:
    """Assign a book to a customer for some months; answers the assignment's id. No account is named by that."""
    assignment_id = draw_id(scope.connection, price_book_assignments.c.price_book_assignment_id)
    row = {"price_book_assignment_id": assignment_id, "customer_id": customer_id, "price_book_id": book_id}
    months = {"start_month": start_month, "end_month": end_month}
    scope.insert(price_book_assignments, [{**row, **months, "created_at": now, "updated_at": now}])
    return assignment_id


def assign_account(
    scope: Scope,
    customer_id: int,
    assignment_id: int,
    billing_account_owner_id: str,
    start_month: str,
    end_month: str | None,
    now: datetime,
) -> int:
    """Let an assigned book price an account, or ``ALL_ACCOUNTS``, in some months; answers this assignment's id."""
    table = price_book_account_assignments
    row_id = draw_id(scope.connection, table.c.price_book_account_assignment_id)
    row = {
        "price_book_account_assignment_id": row_id,
        "customer_id": customer_id,
        "price_book_assignment_id": assignment_id,
        "billing_account_owner_id": billing_account_owner_id,
        "account_key": owner_key(billing_account_owner_id),
        "start_month": start_month,
        "end_month": end_month,
        "created_at": now,
        "updated_at": now,
    }
    scope.insert(table, [row])
    return row_id


def owner_key(billing_account_owner_id: str) -> str:
    """The form in which a billing account owner is compared; ``ALL_ACCOUNTS`` is itself."""
    if billing_account_owner_id == ALL_ACCOUNTS:
        return ALL_ACCOUNTS
    return price_book_account_key(billing_account_owner_id)


def account_books_in_force(scope: Scope, month: BillingMonth) -> tuple[AccountBook, ...]:
    """Which book prices which accounts in ``month``, in order of customers and accounts.

    Raises ``ProgramError`` when an account of a customer has two.
    """
    assigned, named = price_book_assignments, price_book_account_assignments
    query = (
        scope.select(named, named.c.customer_id, named.c.account_key, assigned.c.price_book_id)
        .join(
            assigned,
            and_(assigned.c.price_book_assignment_id == named.c.price_book_assignment_id, scope.own(assigned)),
        )
        .order_by(named.c.customer_id, named.c.account_key)
    )
    for table in (assigned, named):
        ends = table.c.end_month
        query = query.where(table.c.start_month <= str(month), or_(ends.is_(None), ends >= str(month)))
    rows = scope.connection.execute(query).all()
    if len({(row.customer_id, row.account_key) for row in rows}) != len(rows):
        raise ProgramError("two_price_books", f"An account has two price books in {month}; end one of its assignments.")
    return tuple(
        AccountBook(row.customer_id, None if row.account_key == ALL_ACCOUNTS else row.account_key, row.price_book_id)
        for row in rows
    )


def books_in_force(
    scope: Scope, month: BillingMonth, book_ids: Collection[int], read: Callable[[Specification], PriceBook]
) -> tuple[RecordedBook, ...]:
    """These books with their specifications of ``month``, in order of their ids; ``read`` reads a specification."""
    table = price_book_specifications
    newest = (
        scope.select(table, table.c.price_book_id, func.max(table.c.from_month).label("from_month"))
        .where(table.c.from_month <= str(month), among(scope.connection, table.c.price_book_id, book_ids))
        .group_by(table.c.price_book_id)
        .subquery()
    )
    query = (
        scope.select(table, *table.c, price_books.c.book_name)
        .join(newest, and_(*(table.c[name] == newest.c[name] for name in ("price_book_id", "from_month"))))
        .join(price_books, and_(price_books.c.price_book_id == table.c.price_book_id, scope.own(price_books)))
        .order_by(table.c.price_book_id)
    )
    found = []
    for row in scope.connection.execute(query):
        specification = Specification(row.specification, SpecificationFormat(row.specification_format))
        if specification.sha256 != row.specification_sha256:
            raise ProgramError(
                "price_book_damaged",
                f"The text of price book {row.price_book_id} is not as it was kept; restore the record from a backup.",
            )
        book = read(specification)
        found.append(RecordedBook(row.price_book_id, row.book_name, row.from_month, specification, book))
    return tuple(found)
