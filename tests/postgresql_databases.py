"""Databases on the tests' PostgreSQL server: fresh ones, and one a worker that is emptied between tests.

Making and dropping a database costs more than most tests do; emptying one costs a few milliseconds.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine

# Everything a test may change about the schema, as one number: columns, defaults, indexes, constraints, and triggers.
_SHAPE: Final = """
SELECT hashtextextended(string_agg(part, ' ' ORDER BY part), 0) FROM (
    SELECT concat_ws(',', c.oid, c.relname, c.relkind) AS part
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(',', a.attrelid, a.attname, a.atttypid, a.attnotnull, a.attisdropped) FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(',', t.tgrelid, t.tgname, t.tgenabled, t.tgtype) FROM pg_trigger t
    UNION ALL
    SELECT concat_ws(',', n.conrelid, n.conname) FROM pg_constraint n WHERE n.connamespace = 'public'::regnamespace
) parts
"""
_NO_TRIGGER: Final = "SET LOCAL session_replication_role = replica"
"""As a replica the server fires no trigger, neither the record's own nor those of foreign keys."""
_OTHERS_END: Final = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class PostgresqlDatabases:
    """Creates and drops databases on the tests' server; names are unique across test processes."""

    server: URL

    def create(self, template: str = "template0") -> URL:
        """A new database, a copy of ``template``."""
        name = f"rebill_test_{os.getpid()}_{secrets.token_hex(6)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.server.set(database=name)

    def drop(self, address: URL) -> None:
        """Remove a database, whoever is still connected."""
        self._run(f'DROP DATABASE "{address.database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
        finally:
            engine.dispose()


@dataclass(frozen=True)
class Contents:
    """The rows of each table, as the server copies them, and how far each counter is."""

    rows: Mapping[str, bytes]
    counters: Mapping[str, int]


class KeptDatabase:
    """A migrated database that one test after another has for itself."""

    def __init__(self, databases: PostgresqlDatabases, template: Callable[[], str]) -> None:
        self._databases = databases
        self._template = template
        self._address: URL | None = None
        self._engine: Engine | None = None
        self._shape: tuple[int, list[str]] | None = None

    @contextmanager
    def lent(self) -> Iterator[URL]:
        """The database without any row. What a test leaves is removed after it; with its schema changed, all of it."""
        if self._address is None:
            self._address = self._databases.create(self._template())
            # Its session stays from test to test: what emptying costs is mostly that a session gets to know the tables.
            self._engine = create_engine(self._address, pool_pre_ping=True, connect_args={"prepare_threshold": None})
            with self._connected() as connection:
                self._shape = _shape_of(connection)
        yield self._address
        with self._connected() as connection:
            connection.exec_driver_sql(_OTHERS_END)
            changed = _shape_of(connection) != self._shape
            if not changed:
                _empty(connection)
        if changed:
            self.drop()

    def contents(self) -> "Contents":
        """Everything that stands in the database now."""
        with self._connected() as connection:
            return _contents_of(connection)

    def fill(self, contents: "Contents") -> None:
        """Put into the database, which has no row, what stood in it before."""
        with self._connected() as connection:
            _put(connection, contents)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        assert self._engine is not None
        with self._engine.begin() as connection:
            yield connection

    def drop(self) -> None:
        """Remove the database."""
        if self._address is not None and self._engine is not None:
            self._engine.dispose()
            self._databases.drop(self._address)
            self._address = self._engine = None


def _shape_of(connection: Connection) -> tuple[int, list[str]]:
    """The schema as one number, and the version it says it has."""
    shape = int(connection.exec_driver_sql(_SHAPE).scalar_one())
    there = connection.exec_driver_sql("SELECT to_regclass('public.alembic_version') IS NOT NULL").scalar_one()
    versions = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars() if there else ()
    return shape, list(versions)


def _tables(connection: Connection) -> Sequence[str]:
    return (
        connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relname <> 'alembic_version'"
        )
        .scalars()
        .all()
    )


def _counters(connection: Connection) -> dict[str, int]:
    """Those that have counted, and how far."""
    rows = connection.exec_driver_sql(
        "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )
    return {str(name): int(value) for name, value in rows}


def _empty(connection: Connection) -> None:
    """Delete every row, those that the record's triggers protect too, and start its counters anew."""
    deletions = [f'DELETE FROM "{name}"' for name in _tables(connection)]
    restarts = [f'ALTER SEQUENCE "{name}" RESTART' for name in _counters(connection)]
    connection.exec_driver_sql("; ".join([_NO_TRIGGER, *deletions, *restarts]))


def _contents_of(connection: Connection) -> Contents:
    driver: Any = connection.connection.driver_connection
    rows = {}
    for name in _tables(connection):
        with driver.cursor().copy(f'COPY "{name}" TO STDOUT') as copied:
            rows[name] = b"".join(map(bytes, copied))
    return Contents({name: content for name, content in rows.items() if content}, _counters(connection))


def _put(connection: Connection, contents: Contents) -> None:
    connection.exec_driver_sql(_NO_TRIGGER)
    driver: Any = connection.connection.driver_connection
    for name, content in contents.rows.items():
        with driver.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
            copy.write(content)
    for name, value in contents.counters.items():
        connection.exec_driver_sql("SELECT setval(%s, %s)", (f'public."{name}"', value))
