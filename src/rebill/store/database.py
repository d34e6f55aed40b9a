"""The connection to the record: transactions with one meaning on SQLite and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from rebill.model.errors import Unavailable

Answer = TypeVar("Answer")

_SQLITE_WAIT_MILLISECONDS = 30_000
_ATTEMPTS = 8
_PASSING_SQL_STATES = ("40001", "40P01", "23P01", "55P03")
"""PostgreSQL: serialization failure, deadlock, exclusion violation, lock not available."""


class Database:
    """One record, on SQLite or PostgreSQL.

    ``reading`` sees one consistent moment. ``writing`` is all or nothing; on SQLite writers of
    this process stand in one line (and those of other processes wait at the file), which keeps
    the slowest of many writers fast. ``url`` is a SQLAlchemy address; ``postgresql://`` means psycopg 3.
    """

    def __init__(self, url: str) -> None:
        address = make_url(url)
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self._write_line = threading.Lock()
        options: dict[str, Any] = {} if self.is_sqlite else {"pool_size": 20, "max_overflow": 20, "pool_pre_ping": True}
        self.engine = create_engine(address, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql(_sqlite_begin(connection)))

    def close(self) -> None:
        """Return every connection; the object can be used again afterwards."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one consistent moment and changes nothing."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._reached(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is stored whole when the block ends, or not at all when it raises."""
        if not self.is_sqlite:
            with self._reached(), self.engine.begin() as connection:
                yield connection
            return
        with (
            self._write_line,
            self._reached(),
            self.engine.connect().execution_options(rebill_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def write(self, act: Callable[[Connection], Answer]) -> Answer:
        """Run ``act`` in a writing transaction; when another caller got in between, run it again.

        ``act`` must therefore have no effect but on the connection it is given.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self.writing() as connection:
                    return act(connection)
            except (OperationalError, IntegrityError) as error:
                if attempt == _ATTEMPTS - 1 or not _passes(error):
                    raise
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if error.connection_invalidated or _is_unreachable(error):
                raise Unavailable(
                    "database_unavailable", "The database cannot be reached now; try again in a few seconds."
                ) from error
            raise


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN is switched off: reading and writing begin differently here.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_SQLITE_WAIT_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> str:
    return "BEGIN IMMEDIATE" if connection.get_execution_options().get("rebill_writes") else "BEGIN"


def _passes(error: DBAPIError) -> bool:
    """Whether the same act may well succeed when tried again at once."""
    state = getattr(error.orig, "sqlstate", None)
    text = str(error.orig)
    return state in _PASSING_SQL_STATES or "assignment overlap" in text or isinstance(error, IntegrityError)


def _is_unreachable(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, OperationalError) and state is None and "sqlite" not in type(error.orig).__module__
