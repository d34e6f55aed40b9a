"""The one place where every query is held to the caller's partner, and to its customer if it has one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Insert, Select, Table, Update, and_, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from rebill.model.party import Caller


@dataclass(frozen=True)
class Scope:
    """A connection as one partner (and possibly one customer) may use it.

    Query modules build their statements from these methods only; each adds the condition that
    keeps partners (and a customer's own rows) apart.
    """

    connection: Connection
    partner_id: int
    customer_id: int | None = None

    @classmethod
    def of(cls, connection: Connection, caller: Caller) -> "Scope":
        """What ``caller`` may see on ``connection``."""
        return cls(connection, caller.partner_id, caller.customer_id)

    def own(self, table: Table) -> ColumnElement[bool]:
        """The condition that a row of ``table`` belongs to this scope; for joins."""
        condition: ColumnElement[bool] = table.c.partner_id == self.partner_id
        if self.customer_id is not None and "customer_id" in table.c:
            condition = and_(condition, table.c.customer_id == self.customer_id)
        return condition

    def select(self, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        """Rows of ``table`` that belong to this scope (``columns`` default to all of the table)."""
        return select(*(columns or table.c)).select_from(table).where(self.own(table))

    def update(self, table: Table) -> Update:
        return table.update().where(self.own(table))

    def delete(self, table: Table) -> Delete:
        return table.delete().where(self.own(table))

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert ``rows`` as this partner's, whatever they say, in their order."""
        if rows:
            # RETURNING makes SQLAlchemy send a thousand rows a statement; without, PostgreSQL gets one at a time.
            statement = insert(table).returning(table.c.partner_id)
            self.connection.execute(statement, [{**row, "partner_id": self.partner_id} for row in rows])

    def load(self, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert very many rows as this partner's; ``columns`` name the values of each row.

        On SQLite by the driver's own executemany: SQLAlchemy's handling of parameters takes thrice as long.
        """
        if self.connection.dialect.name == "postgresql":
            self.insert(table, [dict(zip(columns, row, strict=True)) for row in rows])
            return
        dialect = self.connection.dialect
        processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]
        bound = [
            (
                *(value if bind is None else bind(value) for bind, value in zip(processors, row, strict=True)),
                self.partner_id,
            )
            for row in rows
        ]
        names, marks = ", ".join((*columns, "partner_id")), ", ".join("?" * (len(columns) + 1))
        if bound:
            self.connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", bound)

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
