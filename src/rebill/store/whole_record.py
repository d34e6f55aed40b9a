"""The whole record, table by table: what a backup takes out of it, and what an empty record is filled with.

Rows leave and come back as plain JSON values, the same from SQLite and from PostgreSQL, so that a record can also
move from one to the other. This is the one place besides the migrations that sees the rows of all partners at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    Inspector,
    LargeBinary,
    MetaData,
    Table,
    Text,
    cast,
    func,
    inspect,
    select,
)
from sqlalchemy.types import TypeEngine

from rebill.store.bulk_load import bulk_load
from rebill.store.columns import ExactDecimal, Instant
from rebill.store.tables import metadata, partners

Value = None | bool | int | str
Row = Sequence[Value]

_ROWS_AT_ONCE: Final = 1_000
_HISTORY: Final = "alembic_version"
"""The table that says which schema the record has."""
_AS_TEXT: Final[tuple[tuple[type[TypeEngine[Any]], Callable[[str], Any]], ...]] = (
    (ExactDecimal, Decimal),
    (Instant, datetime.fromisoformat),
    (DateTime, datetime.fromisoformat),
    (Date, date.fromisoformat),
    (LargeBinary, bytes.fromhex),
)
"""Types whose values JSON does not have, and how each is read back from its text."""
_HELD_BY_TRIGGERS: Final = {"assignments": "assignments_sound_on_insert"}
"""Tables that refer to others by a trigger on PostgreSQL and not by constraints, and that trigger."""


def tables_of_record() -> tuple[Table, ...]:
    """Every table of the record, a table after those that it refers to."""
    return tuple(metadata.sorted_tables)


def tables_there(connection: Connection) -> tuple[Table, ...]:
    """Every table that the record has, be its schema an older one, a table after those that it refers to."""
    inspector = inspect(connection)
    names = [str(name) for name, _ in inspector.get_sorted_table_and_fkc_names() if name not in (None, _HISTORY)]
    return tuple(_table_there(inspector, name) for name in sorted(names, key=lambda name: name in _HELD_BY_TRIGGERS))


def _table_there(inspector: Inspector, name: str) -> Table:
    today = metadata.tables.get(name)
    now = {} if today is None else {column.name: column for column in today.columns}
    columns: list[Column[Any]] = [
        Column(column, now[column].type, primary_key=now[column].primary_key, autoincrement=now[column].autoincrement)
        if column in now
        else Column(column, kind)
        for column, kind in ((found["name"], found["type"]) for found in inspector.get_columns(name))
    ]
    return Table(name, MetaData(), *columns)


def column_names(table: Table) -> list[str]:
    """The columns in the order in which ``rows_of`` gives their values."""
    return [column.name for column in table.columns]


def is_empty(connection: Connection) -> bool:
    """Whether the record holds no partner, and so nothing at all."""
    return connection.execute(select(func.count()).select_from(partners)).scalar_one() == 0


def rows_of(connection: Connection, table: Table) -> Iterator[Row]:
    """Every row of ``table`` by its primary key, as values that JSON has; decimals and moments as exact text."""
    wanted = [cast(column, Text) if isinstance(column.type, JSON) else column for column in table.columns]
    query = select(*wanted).order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield [_plain(value) for value in row]


def fill(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Store ``rows`` (as ``rows_of`` gave them, of these ``columns``) in the empty ``table``; how many there were.

    For the block of ``filling``. Raises ``ValueError`` for a value that its column cannot have.
    """
    read = [_reader(table.columns[name].type) for name in columns]
    values = ([None if value is None else of(value) for of, value in zip(read, row, strict=True)] for row in rows)
    if connection.dialect.name != "postgresql":
        return bulk_load(connection, _with_json_as_text(table), columns, values)
    count = bulk_load(connection, table, columns, values)
    _continue_counting(connection, table)
    return count


@contextmanager
def filling(connection: Connection, tables: Sequence[Table]) -> Iterator[None]:
    """Let every row in as it was, also those of issued documents and of the audit trail, which triggers refuse.

    The triggers stand again when the block ends; the constraints of the tables hold all the while (on PostgreSQL also
    what a trigger sees to in place of them), and references are looked at when everything is there.
    """
    if connection.dialect.name == "postgresql":
        held = _triggers_that_hold(connection)
        for table in tables:
            connection.exec_driver_sql(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
        for table_name, trigger in held:
            connection.exec_driver_sql(f'ALTER TABLE "{table_name}" ENABLE TRIGGER "{trigger}"')
        yield
        for table in tables:
            connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
        return
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, definition in triggers:
        connection.exec_driver_sql(definition)


def _triggers_that_hold(connection: Connection) -> list[tuple[str, str]]:
    """Table and trigger, of those that a record has; one of an older schema has constraints instead."""
    there = set(connection.exec_driver_sql("SELECT tgname FROM pg_trigger").scalars())
    return [(table, trigger) for table, trigger in _HELD_BY_TRIGGERS.items() if trigger in there]


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date):  # a moment is a date, too
        return value.isoformat()
    raise AssertionError(f"a backup does not know how to keep a value of type {type(value).__name__}")


def _reader(column_type: TypeEngine[Any]) -> Callable[[Any], Any]:
    for kind, read in _AS_TEXT:
        if isinstance(column_type, kind):
            return read
    return lambda value: value


def _with_json_as_text(table: Table) -> Table:
    """The table as it lies on SQLite, where JSON is text: what was kept is stored again, letter for letter."""
    columns: list[Column[Any]] = [
        Column(column.name, Text() if isinstance(column.type, JSON) else column.type) for column in table.columns
    ]
    return Table(table.name, MetaData(), *columns)


def _continue_counting(connection: Connection, table: Table) -> None:
    """Have counted row ids go on after the greatest that is there."""
    counted = table.autoincrement_column
    if counted is not None:
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{counted.name}'), max(\"{counted.name}\")) "
            f'FROM "{table.name}" HAVING max("{counted.name}") IS NOT NULL'
        )
