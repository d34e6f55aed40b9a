"""Very many rows into one table, by the quickest way that each database has."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import Connection, Table

from rebill.store.prepared import send_put_off

_ROWS_A_STATEMENT: Final = 200
"""On SQLite. A statement that fires triggers has a journal of its own: with one row in each, most of the time goes
into those. Two hundred rows of any table here stay below SQLite's bound on parameters (32,766)."""


def bulk_load(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert ``rows``, whose values are named by ``columns``; how many there were."""
    if connection.dialect.name == "postgresql":
        return _copied(connection, table, columns, rows)
    bound, count = _bound(connection, table, columns, rows), 0
    while some := list(islice(bound, _ROWS_A_STATEMENT)):
        one = f"({', '.join('?' * len(columns))})"
        statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {', '.join([one] * len(some))}"
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))
        count += len(some)
    return count


def _bound(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[Sequence[Any]]:
    """The rows as the driver takes them."""
    dialect = connection.dialect
    found = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]
    binds = [(place, bind) for place, bind in enumerate(found) if bind is not None]
    for row in rows:
        values = list(row)
        for place, bind in binds:
            values[place] = bind(values[place])
        yield values


def _copied(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    send_put_off(connection)
    # One COPY is one statement: rows of a table that refer to each other may come in any order.
    names = ", ".join(f'"{name}"' for name in columns)
    count = 0
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count
