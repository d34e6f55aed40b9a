"""A PostgreSQL whose processes stand still: who waits is told, and what may be stored is told as such."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, insert, select, text

from rebill.model.errors import Unavailable
from rebill.store.database import Database
from rebill.store.migrations import upgrade
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


def test_who_waits_for_it_is_told_and_finds_it_again(server: PostgresqlServer, database: Database) -> None:
    assert _names(database) == []
    with server.frozen():
        for _ in range(2):
            with pytest.raises(Unavailable) as told:
                _names(database)
            assert told.value.code == "database_unavailable"
    assert _names(database) == []


def test_what_was_not_to_be_stored_yet_is_not(server: PostgresqlServer, database: Database) -> None:
    def act(connection: Connection) -> None:
        _add(connection, "One")
        with server.frozen():
            connection.execute(select(partners))

    with pytest.raises(Unavailable) as told:
        database.write(act)
    assert UNSURE not in str(told.value)
    assert _names(database) == []


def test_what_may_be_stored_is_told_as_such(server: PostgresqlServer, database: Database) -> None:
    with ExitStack() as until_told, pytest.raises(Unavailable) as told, database.writing() as connection:
        _add(connection, "One")
        until_told.enter_context(server.frozen())
    assert UNSURE in str(told.value)
    patience_ends = time.monotonic() + 60
    while _names(database) != ["One"]:
        assert time.monotonic() < patience_ends, "the server did what it had been sent before it was left"
        time.sleep(0.05)


def test_a_statement_that_takes_long_is_waited_for(database: Database) -> None:
    with database.reading() as connection:
        assert connection.scalar(text("SELECT 'late' FROM pg_sleep(1)")) == "late"
