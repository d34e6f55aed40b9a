"""Reading a list page by page, alike for every list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, func, select, tuple_

from rebill.model.listing import Page
from rebill.store.scope import Scope

_GREATEST_OFFSET = 2**62


@dataclass(frozen=True)
class Rows:
    """A page of rows; ``total`` counts all of the list (``None`` when paged by key)."""

    rows: Sequence[Row[Any]]
    total: int | None
    more: bool


def rows_of_page(
    connection: Connection,
    query: Select[Any],
    order: Sequence[ColumnElement[Any]],
    page: Page,
    after: Sequence[Any],
    keys: Select[Any] | None = None,
) -> Rows:
    """The rows of ``page`` of ``query`` in ``order``, which must be unique for every row.

    ``after``: the order's values of the row that ``page.after_id`` names, none for the list's start; read only
    when the page is by key. ``keys``: the list's primary keys, where one index answers them: they are then counted and
    passed over in that index, and only the rows of the page are read.
    """
    if keys is not None and page.after_id is None:
        return _rows_of_keys(connection, query, order, page, keys)
    ordered = query.order_by(*order).limit(page.per_page + 1)
    total = None
    if page.after_id is None:
        total = connection.scalar(select(func.count()).select_from(query.subquery()))
        ordered = ordered.offset(min(page.offset, _GREATEST_OFFSET))
    elif after:
        ordered = ordered.where(tuple_(*order) > tuple_(*after))
    rows = connection.execute(ordered).all()
    return Rows(rows[: page.per_page], total, len(rows) > page.per_page)


def _rows_of_keys(
    connection: Connection, query: Select[Any], order: Sequence[ColumnElement[Any]], page: Page, keys: Select[Any]
) -> Rows:
    total = connection.scalar(select(func.count()).select_from(keys.subquery()))
    (key,) = keys.selected_columns
    offset = min(page.offset, _GREATEST_OFFSET)
    wanted = connection.scalars(keys.order_by(*order).limit(page.per_page + 1).offset(offset)).all()
    shown = wanted[: page.per_page]
    # Key by key, of which a page has few: of a list in one parameter SQLite does not know that it is short, and reads
    # through a whole index instead.
    rows = connection.execute(query.where(key.in_(shown)).order_by(*order)).all()
    return Rows(rows, total, len(wanted) > page.per_page)


def next_listing_position(scope: Scope, position: Column[int], *same_moment: ColumnElement[bool]) -> int:
    """Where the next row of the scope's partner stands among those of ``same_moment``, from 0."""
    last = scope.connection.scalar(scope.select(position.table, func.max(position)).where(*same_moment))
    return 0 if last is None else int(last) + 1
