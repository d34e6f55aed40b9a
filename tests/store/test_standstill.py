"""A PostgreSQL whose processes stand still: who waits is told, and what may be stored is told as such."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, create_engine, insert, make_url, select, text
from sqlalchemy.pool import NullPool

from rebill.model.errors import Unavailable
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from rebill.store.standstill import StandstillWatch
from rebill.store.tables import partners
from tests.postgresql_server import PostgresqlServer, running_server

UNSURE = "before it said whether this was stored"


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    with running_server() as started:
        yield started


@pytest.fixture
def database(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr("rebill.store.standstill._LOOKS_EVERY_SECONDS", 0.05)
    made = Database(f"{server.url}&connect_timeout=2")
    upgrade(made)
    with made.watched():
        yield made
    made.close()


def _add(connection: Connection, name: str) -> None:
    row = {"partner_id": 123456789, "name": name, "currency": "USD", "bill_input_tax": False}
    connection.execute(insert(partners), {**row, "created_at": datetime(2024, 10, 15, tzinfo=UTC)})


def _names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(select(partners.c.name)))


def _is_found_again(database: Database) -> bool:
    patience_ends = time.monotonic() + 60
    while time.monotonic() < patience_ends:
        with suppress(Unavailable):
            return _names(database) == []
        time.sleep(0.05)
    return False


def test_who_waits_for_it_is_told_and_finds_it_again(server: PostgresqlServer, database: Database) -> None:
    assert _names(database) == []
    with server.frozen():
        for _ in range(2):
            with pytest.raises(Unavailable) as told:
                _names(database)
            assert told.value.code == "database_unavailable"
    assert _is_found_again(database)


def test_once_it_is_known_to_stand_still_nobody_else_begins_to_wait(
    server: PostgresqlServer, database: Database
) -> None:
    with ExitStack() as idle:
        for _ in range(3):
            idle.enter_context(database.reading())
    with server.frozen():
        with pytest.raises(Unavailable):
            _names(database)
        # More than there are connections that lie unused: neither one of them is waited for, nor a new one.
        for _ in range(5):
            with pytest.raises(Unavailable) as told:
                _names(database)
            assert "the server stands still" in str(told.value.__cause__)
    assert _is_found_again(database)


def test_connections_may_come_while_it_is_looked_after(server: PostgresqlServer) -> None:
    engine = create_engine(make_url(server.url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    watch = StandstillWatch(engine)

    def connects() -> int:
        for _ in range(40):
            engine.connect().close()
        return 40

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ExitStack() as standing, ThreadPoolExecutor(4) as pool:
            for _ in range(40):
                standing.enter_context(engine.connect())
            running = [pool.submit(connects) for _ in range(4)]
            while not all(one.done() for one in running):
                watch.look()
            assert [one.result() for one in running] == [40] * 4
    finally:
        sys.setswitchinterval(usual)


def test_what_was_not_to_be_stored_yet_is_not(server: PostgresqlServer, database: Database) -> None:
    def act(connection: Connection) -> None:
        _add(connection, "One")
        with server.frozen():
            connection.execute(select(partners))

    with pytest.raises(Unavailable) as told:
        database.write(act)
    assert UNSURE not in str(told.value)
    assert _is_found_again(database)


def test_what_may_be_stored_is_told_as_such(server: PostgresqlServer, database: Database) -> None:
    with ExitStack() as until_told, pytest.raises(Unavailable) as told, database.writing() as connection:
        _add(connection, "One")
        until_told.enter_context(server.frozen())
    assert UNSURE in str(told.value)
    patience_ends = time.monotonic() + 60
    names: list[str] = []
    while names != ["One"]:
        assert time.monotonic() < patience_ends, "the server did what it had been sent before it was left"
        time.sleep(0.05)
        with suppress(Unavailable):
            names = _names(database)


def test_a_statement_that_takes_long_is_waited_for(database: Database) -> None:
    with database.reading() as connection:
        assert connection.scalar(text("SELECT 'late' FROM pg_sleep(1)")) == "late"
