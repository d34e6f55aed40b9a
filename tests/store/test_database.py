"""Transactions: what is read holds still, what fails leaves nothing, who waits too long is told so."""

import os
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from rebill.model.errors import NotFound, Unavailable
from rebill.store.database import Database
from rebill.store.identity import draw_ids, draw_run
from rebill.store.membership import among
from rebill.store.tables import customers, partners
from tests.postgresql_databases import PostgresqlDatabases

NOW = datetime(2024, 10, 15, tzinfo=UTC)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def test_reading_sees_one_moment(database: Database) -> None:
    _add(database, 1)
    with database.reading() as connection:
        before = _count(connection)
        _in_another_thread(lambda: _add(database, 2))
        assert _count(connection) == before == 1


def test_a_connection_that_is_in_use_when_all_are_closed_is_closed_when_it_is_done_with(database: Database) -> None:
    with database.reading() as connection:
        driver: Any = connection.connection.driver_connection
        _in_another_thread(database.close)
        assert _count(connection) == 0
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        driver.execute("SELECT 1")
    _add(database, 1)
    with database.reading() as connection:
        assert _count(connection) == 1, "it can be used again"


def test_an_act_that_refuses_leaves_nothing(database: Database) -> None:
    def act(connection: Connection) -> None:
        connection.execute(insert(partners), _row(1))
        raise NotFound("nothing", "Nothing is here.")

    with pytest.raises(NotFound):
        database.write(act)
    with database.reading() as connection:
        assert _count(connection) == 0


def test_an_act_that_collided_is_run_again_and_sees_the_other(database: Database) -> None:
    """The first try draws a name that is taken; the second sees it and takes another."""
    _add(database, 1)
    names: list[str] = []

    def act(connection: Connection) -> None:
        name = "Partner 1" if not names else "Partner of another name"
        names.append(name)
        connection.execute(insert(partners), _row(2) | {"name": name})

    database.write(act)
    assert names == ["Partner 1", "Partner of another name"]


def test_a_constraint_that_stays_broken_is_a_program_error_not_a_busy_database(database: Database) -> None:
    _add(database, 1)
    with pytest.raises(IntegrityError):
        database.write(lambda connection: connection.execute(insert(partners), _row(1)))


def test_sixty_four_writers_add_up(database: Database) -> None:
    _add(database, 1)

    def add_a_letter(_number: int) -> None:
        def act(connection: Connection) -> None:
            held = connection.scalar(select(partners.c.name).where(partners.c.partner_id == 1).with_for_update())
            connection.execute(update(partners).values(name=f"{held}x"))

        database.write(act)

    with ThreadPoolExecutor(64) as threads:
        list(threads.map(add_a_letter, range(64)))
    with database.reading() as connection:
        assert connection.scalar(select(partners.c.name)) == "Partner 1" + "x" * 64


def test_sixty_four_readers_at_once_all_get_a_connection(database: Database) -> None:
    with ThreadPoolExecutor(64) as threads:
        assert list(threads.map(lambda _: _read_count(database), range(64))) == [0] * 64


def test_a_connection_that_nobody_answers_on_is_given_up_before_a_caller_gives_up(
    postgresql_databases: PostgresqlDatabases,
) -> None:
    """As libpq understood it: left to itself, Linux keeps such a connection for a quarter of an hour."""
    settings = _settings_of_connection(postgresql_databases.server)
    assert (settings["connect_timeout"], settings["tcp_user_timeout"]) == ("5", "10000")
    idle, interval, count = (int(settings[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count <= 15, "published clients wait 20 seconds"


def test_what_the_address_says_of_its_connections_stands(postgresql_databases: PostgresqlDatabases) -> None:
    address = postgresql_databases.server.update_query_dict({"tcp_user_timeout": "60000", "keepalives_count": "9"})
    settings = _settings_of_connection(address)
    assert (settings["tcp_user_timeout"], settings["keepalives_count"]) == ("60000", "9")
    assert settings["connect_timeout"] == "5"


@pytest.mark.parametrize("state", ["53100", "58030", "25006"])
def test_a_server_that_cannot_write_is_unavailable_and_no_fault_of_rebill(
    postgresql_databases: PostgresqlDatabases, state: str
) -> None:
    """As the server says it: its disk is full, its disk fails, it takes no changes."""
    database = Database(postgresql_databases.server.render_as_string(hide_password=False))
    refused = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    try:
        with pytest.raises(Unavailable, match="its disk has room"), database.writing() as connection:
            connection.exec_driver_sql(refused)
    finally:
        database.close()


def test_a_statement_that_takes_longer_than_its_server_allows_is_busy(
    postgresql_databases: PostgresqlDatabases,
) -> None:
    database = Database(postgresql_databases.server.render_as_string(hide_password=False))
    try:
        with pytest.raises(Unavailable) as refused, database.writing() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout = '10ms'")
            connection.exec_driver_sql("SELECT pg_sleep(60)")
    finally:
        database.close()
    assert refused.value.code == "database_busy"


def _settings_of_connection(address: URL) -> dict[str, str]:
    database = Database(address.render_as_string(hide_password=False))
    try:
        with database.asking() as connection:
            driver: Any = connection.connection.driver_connection
            return dict(driver.info.get_parameters())
    finally:
        database.close()


def test_a_file_that_another_program_holds_is_busy_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebill.store.database._WAIT_SECONDS", 0.05)
    file = tmp_path / "held.sqlite3"
    database = Database(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(Unavailable) as refused, database.writing():
            pass
    finally:
        other.close()
        database.close()
    assert refused.value.code == "database_busy"


def test_a_writer_in_line_for_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebill.store.database._WAIT_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'line.sqlite3'}")
    refusals: list[Unavailable] = []

    def write_too() -> None:
        with pytest.raises(Unavailable) as refused, database.writing():
            pass
        refusals.append(refused.value)

    with database.writing():
        _in_another_thread(write_too)
    database.close()
    assert [refusal.code for refusal in refusals] == ["database_busy"]


def test_four_processes_with_sixteen_writers_each_never_find_it_locked(database: Database) -> None:
    _add(database, 1)
    program = (
        "import sys\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from sqlalchemy import update\n"
        "from rebill.store.database import Database\n"
        "from rebill.store.tables import partners\n"
        "database = Database(sys.argv[1])\n"
        "act = lambda connection: connection.execute(update(partners).values(name=partners.c.name + 'x'))\n"
        "with ThreadPoolExecutor(16) as threads:\n"
        "    list(threads.map(lambda _: database.write(act), range(64)))\n"
    )
    url = database.engine.url.render_as_string(hide_password=False)
    started = [subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in started] == [(b"", 0)] * 4
    with database.reading() as connection:
        assert connection.scalar(select(partners.c.name)) == "Partner 1" + "x" * 256


def test_a_hundred_thousand_values_travel_as_one(database: Database) -> None:
    _add(database, 77_777)
    with database.reading() as connection:
        by_id = among(connection, partners.c.partner_id, range(100_000))
        by_name = among(connection, partners.c.name, [f"Partner {number}" for number in range(100_000)])
        assert connection.scalars(select(partners.c.partner_id).where(by_id, by_name)).all() == [77_777]
        assert (
            connection.scalars(select(partners.c.partner_id).where(among(connection, partners.c.name, []))).all() == []
        )


def test_drawn_ids_are_different_and_of_nine_digits(database: Database) -> None:
    with database.reading() as connection:
        drawn = draw_ids(connection, customers.c.customer_id, 50_000)
    assert len(set(drawn)) == 50_000
    assert min(drawn) >= 10**8 and max(drawn) <= 10**9


def test_a_drawn_run_is_in_order_and_close_together(database: Database) -> None:
    with database.reading() as connection:
        runs = [draw_run(connection, customers.c.customer_id, 10_000) for _ in range(3)]
    for run in runs:
        assert run == sorted(set(run)) and len(run) == 10_000
        assert run[0] >= 10**8 and run[-1] <= 10**9
        assert run[-1] - run[0] < 640_000
        assert len({after - before for before, after in pairwise(run)}) > 100, "what is left out tells nothing"
    assert len({run[0] for run in runs}) == 3


def test_a_drawn_run_passes_over_borne_ids_and_begins_elsewhere_where_most_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A run of two is drawn from 128 numbers.
    for borne in range(10**8, 10**8 + 128, 2):
        _add(database, borne)
    with database.reading() as connection:
        for _ in range(20):
            _begin_at(monkeypatch, 10**8)
            run = draw_run(connection, partners.c.partner_id, 2)
            assert all(number % 2 for number in run) and 10**8 < run[0] < run[1] < 10**8 + 128
    _add(database, 10**8 + 1)
    with database.reading() as connection:
        _begin_at(monkeypatch, 10**8, 10**9 - 1)
        run = draw_run(connection, partners.c.partner_id, 2)
        assert 10**9 - 128 <= run[0] < run[1] < 10**9


def _begin_at(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    """Let the machine's random source give these numbers first, as those of a draw of its own each."""
    left = [number - 10**8 for number in numbers]

    def urandom(length: int) -> bytes:
        return struct.pack("Q", left.pop(0)) if left and length == 8 else os.urandom(length)

    monkeypatch.setattr("rebill.store.identity.os", SimpleNamespace(urandom=urandom))


def _row(partner_id: int) -> dict[str, object]:
    row: dict[str, object] = {"partner_id": partner_id, "name": f"Partner {partner_id}", "currency": "USD"}
    return row | {"bill_input_tax": False, "created_at": NOW}


def _add(database: Database, partner_id: int) -> None:
    with database.writing() as connection:
        connection.execute(insert(partners), _row(partner_id))


def _count(connection: Connection) -> int:
    return connection.scalars(select(func.count()).select_from(partners)).one()


def _read_count(database: Database) -> int:
    with database.reading() as connection:
        return _count(connection)


def _in_another_thread(act: Callable[[], None]) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_what_is_written_as_one_is_seen_inside_and_stored_together(database: Database) -> None:
    with database.as_one():
        database.write(lambda connection: connection.execute(insert(partners), _row(1)))
        with database.reading() as connection:
            assert _count(connection) == 1
        with database.writing() as connection:
            connection.execute(insert(partners), _row(2))
        counted: list[int] = []
        _in_another_thread(lambda: counted.append(_read_count(database)))
        assert counted == [0], "others see nothing before the end"
    assert _read_count(database) == 2


def test_what_fails_as_a_part_leaves_nothing_and_the_rest_is_stored(database: Database) -> None:
    def refused(connection: Connection) -> None:
        connection.execute(insert(partners), _row(2))
        raise NotFound("nothing", "Nothing is here.")

    with database.as_one():
        database.write(lambda connection: connection.execute(insert(partners), _row(1)))
        with pytest.raises(NotFound):
            database.write(refused)
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(insert(partners), _row(1))
        database.write(lambda connection: connection.execute(insert(partners), _row(3)))
    with database.reading() as connection:
        assert sorted(connection.scalars(select(partners.c.partner_id))) == [1, 3]


def test_what_raises_as_a_whole_leaves_nothing(database: Database) -> None:
    with pytest.raises(NotFound), database.as_one():
        database.write(lambda connection: connection.execute(insert(partners), _row(1)))
        raise NotFound("nothing", "Nothing is here.")
    assert _read_count(database) == 0
    _add(database, 1)
    assert _read_count(database) == 1


def test_a_part_that_collided_is_run_again_within_the_whole(database: Database) -> None:
    _add(database, 1)
    names: list[str] = []

    def act(connection: Connection) -> None:
        names.append("Partner 1" if not names else "Partner of another name")
        connection.execute(insert(partners), _row(2) | {"name": names[-1]})

    with database.as_one():
        database.write(act)
    assert names == ["Partner 1", "Partner of another name"]
    assert _read_count(database) == 2
