"""Inserting many rows by one statement, whose text is the same however many they are."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Insert,
    Table,
    bindparam,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from rebill.store.membership import JsonList, array_given

ROWS = "rows"
"""The parameter that carries every row's own values on SQLite: a list of lists."""


def parameter(name: str) -> str:
    """The parameter for a column: of a value that all rows share, or (on PostgreSQL) of the list of their own."""
    return f"new_{name}"


class Counted(NamedTuple):
    """A column in which rows count on from those that are there: of one partner, and alike in columns ``within``."""

    column: str
    within: tuple[str, ...]


@cache
def insertion(
    dialect: str,
    table: Table,
    own: tuple[str, ...],
    shared: tuple[str, ...],
    key: tuple[str, ...] = (),
    changes: tuple[str, ...] = (),
    returned: tuple[str, ...] = (),
    counted: Counted | None = None,
) -> Insert:
    """The statement that inserts rows with columns of their ``own`` and others that they have in common (``shared``).

    Where ``key`` (unique) is there already, only ``changes`` are set, if the row is the same partner's. A row's own
    values are whole numbers, texts, days or ``None``. ``returned``: columns of every row that was stored.
    """
    source = _source(dialect, table, own)
    in_common = {name: bindparam(parameter(name), type_=table.c[name].type) for name in shared}
    values = [*source.c, *in_common.values()]
    if counted is not None:
        values[own.index(counted.column)] += _places_taken(table, counted, in_common)
    # Without a WHERE, SQLite would read ON CONFLICT as part of the query.
    rows = select(*values).select_from(source).where(true())
    kind: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = kind(table).from_select([*own, *shared], rows)
    if key:
        changed = {name: statement.excluded[name] for name in changes}
        same_partner = table.c.partner_id == statement.excluded.partner_id
        statement = statement.on_conflict_do_update(index_elements=key, set_=changed, where=same_partner)
    found: Insert = statement.returning(*(table.c[name] for name in returned)) if returned else statement
    return found


def _places_taken(table: Table, counted: Counted, in_common: Mapping[str, BindParameter[Any]]) -> ColumnElement[int]:
    alike = [table.c[name] == in_common[name] for name in ("partner_id", *counted.within)]
    greatest = select(func.max(table.c[counted.column]) + 1).where(*alike).scalar_subquery()
    return func.coalesce(greatest, 0)


def _source(dialect: str, table: Table, own: tuple[str, ...]) -> FromClause:
    if dialect == "postgresql":
        lists = [array_given(parameter(name), table.c[name].type) for name in own]
        typed = [column(name, table.c[name].type) for name in own]
        return func.unnest(*lists).table_valued(*typed, name="given_rows").render_derived()
    listed = func.json_each(bindparam(ROWS, type_=JsonList())).table_valued("value")
    places = [func.json_extract(listed.c.value, f"$[{place}]").label(name) for place, name in enumerate(own)]
    return select(*places).subquery("given_rows")
