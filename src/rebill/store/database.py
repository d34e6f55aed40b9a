"""The connection to the record: transactions with one meaning on SQLite and PostgreSQL."""

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry

from rebill.model.errors import Unavailable
from rebill.store.prepared import listen, putting_off
from rebill.store.standstill import StandstillWatch

Answer = TypeVar("Answer")

_WAIT_SECONDS = 15
"""Longest wait for a lock or a free connection: published clients give up after 20 seconds."""
_CONNECTION_SETTINGS = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
"""PostgreSQL's machine, or the way to it, is gone where nothing was heard for ten seconds (the second is milliseconds).

Left to itself, Linux keeps a connection for a quarter of an hour that nobody answers on any more, and so its caller.
"""
_WRITER_ASKS_EVERY_SECONDS = 0.0005
"""How often a writer looks whether SQLite's file is free; one thread of each process does."""
_ATTEMPTS = 12
_PASSING_SQL_STATES = ("40001", "40P01", "23P01")
"""PostgreSQL: serialization failure, deadlock, exclusion violation."""
_BUSY_SQL_STATES = ("55P03", "53300", "57014")
"""PostgreSQL: lock not available in time, too many connections, a statement that its time limit or somebody ended."""
_GONE_SQL_STATES = ("08", "57P")
"""PostgreSQL: connection exceptions; shutdown and start-up."""
_NOT_WRITABLE_SQL_STATES = ("53100", "58", "25006", "0A000")
"""PostgreSQL: its disk is full, or fails; a standby, which takes no changes and does not even begin to (the last)."""
_SQLITE_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SQLITE_GONE_CODES = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY)
_NO_TABLE_SQL_STATE = "42P01"
_TRUSTED_SECONDS = 1
"""How long a connection that lies unused is believed to stand; PostgreSQL is asked then, before it is used again."""
_GREATEST_LOG_PAGES = 8_000
"""32 MB of SQLite's write-ahead log: whoever makes it longer takes it into the file, and the others wait meanwhile."""


class Database:
    """One record, on SQLite or PostgreSQL.

    ``reading`` sees one consistent moment. ``writing`` is all or nothing; on SQLite writers of
    this process stand in one line (and those of other processes wait at the file), which keeps
    the slowest of many writers fast. ``url`` is a SQLAlchemy address; ``postgresql://`` means psycopg 3.

    A thread holds at most one of the two at a time, but for ``as_one``, in which all take part. All raise
    ``Unavailable`` when the database cannot be reached, is not migrated, or stays busy for longer than a caller would
    wait.
    """

    def __init__(self, url: str) -> None:
        address = make_url(url)
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self._write_line = threading.Lock()
        self._shared = threading.local()
        self._closings = 0
        self.engine = create_engine(address, **_engine_options(address, self.is_sqlite))
        event.listen(self.engine, "connect", self._opened)
        event.listen(self.engine, "checkin", self._returned)
        reading: dict[str, Any] = {}
        asking: dict[str, Any] = {}
        self._watch: StandstillWatch | None = None
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_on_sqlite)
        else:
            _keep_standing(self.engine)
            listen(self.engine)
            self._watch = StandstillWatch(self.engine)
            reading = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            asking = {"isolation_level": "AUTOCOMMIT"}
        self._to_write = self.engine.execution_options(rebill_writes=True)
        self._to_read = self.engine.execution_options(**reading)
        self._to_ask = self.engine.execution_options(**asking)

    def close(self) -> None:
        """Close every connection, those in use as soon as they are done with; the object can be used again after."""
        self._closings += 1
        self.engine.dispose()

    def watched(self) -> AbstractContextManager[None]:
        """A block in which whoever waits for a PostgreSQL that stands still is told ``Unavailable``: for servers."""
        return nullcontext() if self._watch is None else self._watch.watching()

    @contextmanager
    def as_one(self) -> Iterator[Connection]:
        """A writing transaction that everything read and written in the block takes part in, whoever asks for it.

        What is written inside may fail and be caught: it leaves nothing then, and the rest can still be stored. Other
        threads take no part. What makes several acts one belongs here; the acts need not know.
        """
        if self._shared_connection() is not None:
            raise AssertionError("a block of as_one is in another one")
        self._shared.endings = []
        is_stored = False
        try:
            with self.writing() as connection:
                self._shared.connection = connection
                try:
                    yield connection
                finally:
                    self._shared.connection = None
            is_stored = True
        finally:
            for ending in self._shared.endings:
                ending(is_stored)

    def when_ended(self, ending: Callable[[bool], None]) -> None:
        """Call ``ending`` once the block of ``as_one`` that this thread is in has ended: was it stored?

        For what must not begin before others see what it belongs to. Outside such a block what was written is stored
        already, and ``ending`` is called at once.
        """
        if self._shared_connection() is None:
            ending(True)
        else:
            self._shared.endings.append(ending)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one consistent moment and changes nothing."""
        shared = self._shared_connection()
        if shared is not None:
            with _refusals_said():
                yield shared
            return
        with _refusals_said(), self._to_read.begin() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """A connection for one question (``run_prepared``), which needs no transaction to see one moment.

        On PostgreSQL it then takes one message to the server and not three.
        """
        shared = self._shared_connection()
        with _refusals_said():
            if shared is not None:
                yield shared
                return
            with self._to_ask.connect() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is stored whole when the block ends, or not at all when it raises.

        Where the database goes in the moment of storing, nobody knows which: ``Unavailable`` says so then.
        """
        shared = self._shared_connection()
        if shared is not None:
            with _refusals_said(), shared.begin_nested(), putting_off(shared, ends=False):
                yield shared
            return
        storing = threading.Event()
        with (
            _refusals_said(storing),
            self._in_line(),
            self._to_write.begin() as connection,
            putting_off(connection, ends=True),
        ):
            yield connection
            storing.set()

    def write(self, act: Callable[[Connection], Answer]) -> Answer:
        """Run ``act`` in a writing transaction; when another caller got in between, run it again.

        After a broken constraint it is run again too: it then sees what the other caller stored, and
        refuses with a better sentence. ``act`` must therefore have no effect but on the connection it is
        given. Raises ``Unavailable`` when others get in between every time.
        """
        patience_ends = time.monotonic() + _WAIT_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self.writing() as connection:
                    return act(connection)
            except DBAPIError as error:
                is_collision = _sql_state(error) in _PASSING_SQL_STATES
                if not is_collision and not isinstance(error, IntegrityError):
                    raise
                if attempt == _ATTEMPTS or time.monotonic() > patience_ends:
                    # What stays wrong without anybody in between is a fault of rebill, and looks like one.
                    if is_collision:
                        raise _busy() from error
                    raise
        raise AssertionError("the last attempt returns or raises")

    def take_in_log(self) -> None:
        """Take SQLite's write-ahead log into its file while others read and write; PostgreSQL does so by itself.

        Done now and then, it saves a writer from doing it with everybody behind it.
        """
        if not self.is_sqlite:
            return
        with _refusals_said(), self.engine.connect() as connection:
            # Past SQLAlchemy's transaction: within one, SQLite refuses.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _opened(self, _connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["closings"] = self._closings

    def _returned(self, _connection: Any, record: ConnectionPoolEntry) -> None:
        # It goes back to the pool that it is of. Of one that was closed meanwhile nobody takes it again.
        if record.info.get("closings", self._closings) != self._closings:
            record.invalidate()

    def _shared_connection(self) -> Connection | None:
        """The connection of the block of ``as_one`` that this thread is in."""
        return getattr(self._shared, "connection", None)

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._write_line.acquire(timeout=_WAIT_SECONDS):
            raise _busy()
        try:
            yield
        finally:
            self._write_line.release()


def _engine_options(address: URL, is_sqlite: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"pool_timeout": _WAIT_SECONDS}
    if is_sqlite:
        # Readers do not hinder each other: as many as a server process has threads.
        return {**options, "pool_size": 16, "max_overflow": 64}
    # Several server processes share a server that allows a hundred connections unless told otherwise.
    options |= {"pool_size": 16, "max_overflow": 0, "pool_use_lifo": True}
    given = address.query.get("options", "")
    settings = given if isinstance(given, str) else " ".join(given)
    arguments = {name: value for name, value in _CONNECTION_SETTINGS.items() if name not in address.query}
    # Whatever the server's own is: what triggers refuse they refuse by what others have committed meanwhile.
    isolation = r"-c default_transaction_isolation=read\ committed"
    arguments["options"] = f"-c lock_timeout={_WAIT_SECONDS}s {settings} {isolation}"
    return {**options, "connect_args": arguments}


def _keep_standing(engine: Engine) -> None:
    """Hand out no connection that PostgreSQL let go meanwhile, and yet ask it as seldom as that allows.

    One that was used a moment ago stands; once another one turned out to be gone, all that lay unused are asked.
    """
    dialect = engine.dialect
    last_loss = -math.inf

    def returned(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["returned_at"] = time.monotonic()

    def lost(_connection: Any, _record: ConnectionPoolEntry, error: BaseException | None) -> None:
        nonlocal last_loss
        if error is not None:
            last_loss = time.monotonic()

    def handed_out(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        returned_at = record.info.get("returned_at")
        if returned_at is None or max(last_loss, time.monotonic() - _TRUSTED_SECONDS) < returned_at:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if dialect.is_disconnect(error, connection, None):
                raise InvalidatePoolError from error
            raise

    event.listen(engine, "checkin", returned)
    event.listen(engine, "invalidate", lost)
    event.listen(engine, "checkout", handed_out)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN is switched off: reading and writing begin differently here.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000}")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        # The file keeps the mode. SQLite does not wait when another process is just setting it; nor need we.
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_GREATEST_LOG_PAGES}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_on_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("rebill_writes"):
        connection.exec_driver_sql("BEGIN")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        if not _began_between_others(driver):
            # Whatever hinders it, SQLAlchemy says it in its own words.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000}")


def _began_between_others(driver: Any) -> bool:
    """Whether a writing transaction has begun within a caller's patience, between those of other processes.

    SQLite's own waiting asks ever more seldom, down to ten times a second: beside a busy process, a writer of another
    one finds the file taken again and again.
    """
    patience_ends = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < patience_ends:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _SQLITE_BUSY_CODES:
                return False
            time.sleep(_WRITER_ASKS_EVERY_SECONDS)
        else:
            return True
    return False


def _sql_state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


@contextmanager
def _refusals_said(storing: threading.Event | None = None) -> Iterator[None]:
    """``storing``: set once a transaction that writes is to be stored."""
    try:
        yield
    except PoolExhausted as error:
        raise _busy() from error
    except DBAPIError as error:
        refusal = _refusal(error, storing is not None and storing.is_set())
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: DBAPIError, is_storing: bool) -> Unavailable | None:
    """What a caller is told about a database that is busy, gone or empty; ``None`` for any other fault."""
    state = _sql_state(error)
    sqlite_code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if state in _BUSY_SQL_STATES or sqlite_code in _SQLITE_BUSY_CODES:
        return _busy()
    if state == _NO_TABLE_SQL_STATE or str(error.orig).startswith("no such table"):
        return Unavailable("database_not_initialised", "The database holds no record of rebill: rebill init makes it.")
    if sqlite_code in _SQLITE_GONE_CODES:
        return Unavailable(
            "database_unavailable",
            "The database cannot be reached now: look whether its disk has room, whether rebill may write to its "
            "folder, and at REBILL_HOME and REBILL_DATABASE_URL.",
        )
    if state.startswith(_NOT_WRITABLE_SQL_STATES):
        return Unavailable(
            "database_unavailable",
            "The database cannot do this now: look whether its disk has room, and whether REBILL_DATABASE_URL names "
            "the server that takes changes.",
        )
    if _is_gone(error, state):
        if is_storing:
            return Unavailable(
                "database_unavailable",
                "The database went before it said whether this was stored: it may be. Look before you do it again; a "
                "request with an Idempotency-Key can be sent again as it was.",
            )
        return Unavailable(
            "database_unavailable",
            "The database cannot be reached now: try again in a few seconds, and check REBILL_DATABASE_URL.",
        )
    return None


def _is_gone(error: DBAPIError, state: str) -> bool:
    of_sqlite = isinstance(error.orig, sqlite3.Error)
    stateless = isinstance(error, OperationalError | InterfaceError) and not state and not of_sqlite
    return error.connection_invalidated or state.startswith(_GONE_SQL_STATES) or stateless


def _busy() -> Unavailable:
    return Unavailable("database_busy", "The database is busy with other callers: try again in a few seconds.")
