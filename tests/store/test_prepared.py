"""Statements that go straight to the driver: the same rows, the same faults, and connections that were let go."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, Select, bindparam, func, insert, literal_column, select
from sqlalchemy.exc import IntegrityError

from rebill.model.errors import Unavailable
from rebill.store.database import Database
from rebill.store.membership import among_given
from rebill.store.prepared import run_prepared
from rebill.store.tables import partners
from tests.postgresql_server import running_server

NOW = datetime(2024, 10, 15, 12, 30, 0, 123456, tzinfo=UTC)
_TIME = bindparam("time", type_=partners.c.created_at.type)
_GIVEN = {"partner_id": bindparam("number"), "name": bindparam("called"), "created_at": _TIME}
_ADD = insert(partners).values(**_GIVEN, currency="EUR", bill_input_tax=True).inline()
_ONE: Select[Any] = select(literal_column("1").label("one"))
_PROCESS: Select[Any] = select(func.pg_backend_pid().label("pid"))
_SINCE = select(partners).where(partners.c.created_at >= _TIME).order_by(partners.c.partner_id)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def _add(connection: Connection, number: int, name: str, created_at: datetime) -> None:
    assert run_prepared(connection, _ADD, {"number": number, "called": name, "time": created_at}) == []


def test_what_goes_in_and_comes_out_is_what_sqlalchemy_says(database: Database) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    with database.writing() as connection:
        _add(connection, 1, "Örtliche", elsewhere)
        _add(connection, 2, "Later", NOW + timedelta(seconds=1))
    with database.reading() as connection:
        rows = run_prepared(connection, _SINCE, {"time": elsewhere})
        assert rows == connection.execute(_SINCE, {"time": elsewhere}).all()
        assert [(row.name, row.created_at) for row in rows] == [
            ("Örtliche", NOW),
            ("Later", NOW + timedelta(seconds=1)),
        ]
    with database.asking() as connection:
        assert [row.name for row in run_prepared(connection, _SINCE, {"time": NOW + timedelta(seconds=1)})] == ["Later"]


def test_texts_of_any_letters_travel_in_lists(database: Database) -> None:
    names = [
        "",
        "NULL",
        "null",
        '"',
        '""',
        "\\",
        '\\"',
        "{}",
        "{a,b}",
        "a,b",
        "it's",
        " Ö ",
        "\t\r\n",
        "%s",
        ":names",
        "🧾",
    ]
    with database.writing() as connection:
        for number, name in enumerate(names, 1):
            _add(connection, number, name, NOW)
        named = select(partners.c.name).where(among_given(connection.dialect.name, partners.c.name, "names"))
        for wanted in ([], names, *([name] for name in names)):
            assert sorted(row.name for row in run_prepared(connection, named, {"names": wanted})) == sorted(wanted)


def test_what_fails_leaves_nothing_and_says_why(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        _add(connection, 1, "One", NOW)
        _add(connection, 1, "The same", NOW)
    with database.asking() as connection:
        assert run_prepared(connection, _SINCE, {"time": NOW}) == []


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    with running_server() as server:
        yield server.url


def _let_all_go(database: Database) -> None:
    """What PostgreSQL does when it is stopped, to every connection but the one that asks."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_connection_that_was_let_go_is_told_of_once_at_most(postgresql_url: str) -> None:
    """Several lie in the pool when the server lets all of them go: the first to use one may hear of it, nobody else."""
    database, other = Database(postgresql_url), Database(postgresql_url)
    several = [database.asking() for _ in range(3)]
    for one in several:
        one.__enter__()
    for one in several:
        one.__exit__(None, None, None)
    _let_all_go(other)
    refused = 0
    for _ in range(6):
        try:
            with database.asking() as connection:
                run_prepared(connection, _ONE, {})
        except Unavailable as refusal:
            assert refusal.code == "database_unavailable"
            refused += 1
    assert refused <= 1
    other.close()
    database.close()


def test_a_connection_that_lay_unused_is_asked_first(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebill.store.database._TRUSTED_SECONDS", 0)
    database, other = Database(postgresql_url), Database(postgresql_url)
    with database.asking():
        pass
    _let_all_go(other)
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    other.close()
    database.close()


def test_as_many_connections_as_callers_are_kept(postgresql_url: str) -> None:
    """To begin one takes PostgreSQL several times as long as a call does, and its plans have to be made anew."""
    database = Database(postgresql_url)
    kept = [_served_at_once(database, 16) for _ in range(3)]
    assert kept[0] == kept[1] == kept[2]
    database.close()


def _served_at_once(database: Database, count: int) -> set[int]:
    """The server processes that serve so many callers."""
    with ExitStack() as callers:
        connections = [callers.enter_context(database.asking()) for _ in range(count)]
        return {run_prepared(connection, _PROCESS, {})[0].pid for connection in connections}
