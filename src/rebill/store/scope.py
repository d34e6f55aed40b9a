"""The one place where every query is held to the caller's partner, and to its customer if it has one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Row,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    insert,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from rebill.model.party import Caller
from rebill.store.bulk_load import bulk_load
from rebill.store.insertion import ROWS, Counted, insertion, parameter
from rebill.store.prepared import Question, put_off, run_prepared, run_together

Query = Callable[["Scope"], Select[Any]]
"""Writes a query for a scope. What differs from one run to the next stands in it as ``given("name")``."""

Asked = tuple[Query, Mapping[str, Any]]
"""A query and what it is given."""

_PARTNER = "scope_partner_id"
_CUSTOMER = "scope_customer_id"
_written: dict[tuple[Query, str, bool], Select[Any]] = {}


def given(name: str) -> BindParameter[Any]:
    """Stands in a ``Query`` for what is given whenever it is run."""
    return bindparam(name)


@dataclass(frozen=True)
class Scope:
    """A connection as one partner (and possibly one customer) may use it.

    Query modules build their statements from these methods only; each adds the condition that
    keeps partners (and a customer's own rows) apart.
    """

    connection: Connection
    partner_id: int
    customer_id: int | None = None

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.connection.dialect.name

    @property
    def writes(self) -> bool:
        """Whether the transaction was begun to write."""
        return bool(self.connection.get_execution_options().get("rebill_writes"))

    @classmethod
    def of(cls, connection: Connection, caller: Caller) -> "Scope":
        """What ``caller`` may see on ``connection``."""
        return cls(connection, caller.partner_id, caller.customer_id)

    def own(self, table: Table) -> ColumnElement[bool]:
        """The condition that a row of ``table`` belongs to this scope; for joins."""
        return and_(table.c.partner_id == self.partner_id, self.own_customers(table))

    def own_customers(self, table: Table) -> ColumnElement[bool]:
        """The condition that a row is of the scope's customer, where it has one and the rows are of customers."""
        if self.customer_id is not None and "customer_id" in table.c:
            return table.c.customer_id == self.customer_id
        return true()

    def select(self, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        """Rows of ``table`` that belong to this scope (``columns`` default to all of the table)."""
        return select(*(columns or table.c)).select_from(table).where(self.own(table))

    def select_by_key(self, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        """As ``select``, for rows that are looked up by their keys: no index on the scope is taken instead of theirs.

        SQLite, which keeps no statistics, believes that a partner has about ten rows of anything.
        """
        not_indexed = table.c.partner_id + 0 == self.partner_id
        return select(*(columns or table.c)).select_from(table).where(not_indexed, self.own_customers(table))

    def run(self, query: Query, **values: Any) -> list[Row[*tuple[Any, ...]]]:
        """The rows of a query of a module, with what it is given.

        It is written once for all scopes and kept: to write a query takes many times as long as to run it.
        """
        return run_prepared(self.connection, *self._question(query, values))

    def run_together(self, *asked: Asked) -> list[list[Row[*tuple[Any, ...]]]]:
        """The rows of each of several queries, asked in turn; on PostgreSQL by one message."""
        return run_together(self.connection, [self._question(query, values) for query, values in asked])

    def _question(self, query: Query, values: Mapping[str, Any]) -> Question:
        key = query, self.dialect, self.customer_id is None
        written = _written.get(key)
        if written is None:
            customer: Any = None if self.customer_id is None else bindparam(_CUSTOMER)
            partner: Any = bindparam(_PARTNER)
            written = _written[key] = query(Scope(self.connection, partner, customer))
        return Question(written, {**values, _PARTNER: self.partner_id, _CUSTOMER: self.customer_id})

    def update(self, table: Table) -> Update:
        return table.update().where(self.own(table))

    def delete(self, table: Table) -> Delete:
        return table.delete().where(self.own(table))

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert ``rows`` as this partner's, whatever they say, in their order."""
        own_rows = [{**row, "partner_id": self.partner_id} for row in rows]
        if len(own_rows) == 1:
            row = own_rows[0]
            statement = _one_row(table, tuple(row))
            put_off(self.connection, statement, {parameter(name): value for name, value in row.items()})
        elif own_rows:
            # RETURNING makes SQLAlchemy send a thousand rows a statement; without, PostgreSQL gets one at a time.
            self.connection.execute(insert(table).returning(table.c.partner_id), own_rows)

    def insert_together(
        self,
        table: Table,
        own: Mapping[str, Sequence[Any]],
        shared: Mapping[str, Any],
        key: Sequence[str] = (),
        changes: Sequence[str] = (),
        returned: Sequence[str] = (),
        counted: Counted | None = None,
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Insert any number of rows as this partner's by one statement, as a set.

        ``own``: lists, one value for each row; ``shared``: what all rows have in common. The rest: see ``insertion``;
        answers the columns that are ``returned``.
        """
        if not all(own.values()):
            return ()
        together = {**shared, "partner_id": self.partner_id}
        columns = (tuple(own), tuple(together), tuple(key), tuple(changes), tuple(returned), counted)
        values = {parameter(name): value for name, value in together.items()}
        if self.dialect == "postgresql":
            values |= {parameter(name): list(listed) for name, listed in own.items()}
        else:
            values[ROWS] = list(zip(*own.values(), strict=True))
        statement = insertion(self.dialect, table, *columns)
        if returned:
            return run_prepared(self.connection, statement, values)
        put_off(self.connection, statement, values)
        return ()

    def load(self, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert very many rows as this partner's; ``columns`` name the values of each row."""
        own_rows = ((*row, self.partner_id) for row in rows)
        bulk_load(self.connection, table, (*columns, "partner_id"), own_rows)

    def upsert(
        self, table: Table, key: Sequence[str], rows: Sequence[Mapping[str, Any]], changes: Sequence[str]
    ) -> None:
        """Insert ``rows`` as this partner's; where ``key`` (unique) is there already, set only ``changes``."""
        if not rows:
            return
        own_rows = [{**row, "partner_id": self.partner_id} for row in rows]
        if self.connection.dialect.name == "postgresql":
            for_postgresql = postgresql.insert(table)
            changed = {name: for_postgresql.excluded[name] for name in changes}
            statement: Insert = for_postgresql.on_conflict_do_update(
                index_elements=key, set_=changed, where=table.c.partner_id == self.partner_id
            )
        else:
            for_sqlite = sqlite.insert(table)
            changed = {name: for_sqlite.excluded[name] for name in changes}
            statement = for_sqlite.on_conflict_do_update(
                index_elements=key, set_=changed, where=table.c.partner_id == self.partner_id
            )
        self.connection.execute(statement.returning(table.c.partner_id), own_rows)


@cache
def _one_row(table: Table, names: tuple[str, ...]) -> Insert:
    own = {name: bindparam(parameter(name), type_=table.c[name].type) for name in names}
    return insert(table).values(own).inline()
