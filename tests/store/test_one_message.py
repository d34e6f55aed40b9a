"""Statements that PostgreSQL gets together, and those that are put off until the next one or the COMMIT.

All of it holds on SQLite as well, where every statement is run at once.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Select, bindparam, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from rebill.model.errors import Unavailable
from rebill.store.bulk_load import bulk_load
from rebill.store.database import Database
from rebill.store.prepared import Question, put_off, run_prepared, run_together
from rebill.store.tables import partners
from tests.postgresql_server import running_server

NOW = datetime(2024, 10, 15, 12, 30, 0, 123456, tzinfo=UTC)
_TIME = bindparam("time", type_=partners.c.created_at.type)
_GIVEN = {"partner_id": bindparam("number"), "name": bindparam("called"), "created_at": _TIME}
_ADD = insert(partners).values(**_GIVEN, currency="EUR", bill_input_tax=True).inline()
_ALL: Select[tuple[object, ...]] = select(partners).order_by(partners.c.partner_id)
_NAMES = select(partners.c.name).order_by(partners.c.partner_id)
_NAMED = select(partners.c.partner_id).where(partners.c.name == bindparam("called"))


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def _add(connection: Connection, number: int, name: str) -> None:
    put_off(connection, _ADD, {"number": number, "called": name, "time": NOW})


def _names(database: Database) -> list[str]:
    with database.reading() as connection:
        return [row.name for row in run_prepared(connection, _NAMES, {})]


def test_questions_asked_together_are_answered_in_turn(database: Database) -> None:
    with database.writing() as connection:
        _add(connection, 1, "100 % Ö")
        _add(connection, 2, "Two")
        one, everything, none = run_together(
            connection,
            [Question(_NAMED, {"called": "100 % Ö"}), Question(_ALL, {}), Question(_NAMED, {"called": "Nobody"})],
        )
        assert ([row.partner_id for row in one], none) == ([1], [])
        assert everything == connection.execute(_ALL).all()
        assert everything[0].created_at == NOW


def test_what_is_put_off_goes_before_what_comes_next(database: Database) -> None:
    with database.writing() as connection:
        _add(connection, 1, "One")
        assert [row.name for row in run_prepared(connection, _NAMES, {})] == ["One"]
        _add(connection, 2, "Two")
        assert connection.scalars(_NAMES).all() == ["One", "Two"]
        _add(connection, 3, "Three")
        columns = ("partner_id", "name", "created_at", "currency", "bill_input_tax")
        bulk_load(connection, partners, columns, [(4, "Four", NOW, "EUR", True)])
        _add(connection, 5, "Five")
    assert _names(database) == ["One", "Two", "Three", "Four", "Five"]


def test_what_is_put_off_and_fails_leaves_nothing_and_says_why(database: Database) -> None:
    for _ in range(7):
        with pytest.raises(IntegrityError, match="INSERT INTO partners"), database.writing() as connection:
            _add(connection, 1, "One")
            _add(connection, 1, "The same")
        assert _names(database) == []
    with database.writing() as connection:
        _add(connection, 1, "One")
    assert _names(database) == ["One"]


def test_an_act_that_raises_sends_nothing_of_what_it_put_off(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        _add(connection, 1, "One")
        raise ZeroDivisionError
    assert _names(database) == []


def test_a_part_of_a_block_fails_and_the_rest_is_stored(database: Database) -> None:
    with database.as_one() as connection:
        _add(connection, 1, "One")
        for _ in range(7):
            with pytest.raises(IntegrityError), database.writing() as part:
                _add(part, 2, "Two")
                _add(part, 1, "One again")
        with pytest.raises(ZeroDivisionError), database.writing() as part:
            _add(part, 2, "Two")
            raise ZeroDivisionError
        with database.writing() as part:
            _add(part, 3, "Three")
        _add(connection, 4, "Four")
    assert _names(database) == ["One", "Three", "Four"]


def test_what_is_prepared_outlives_what_the_driver_lets_go(database: Database) -> None:
    """A ROLLBACK, and a statement that changes a table, make the driver let go of all that is prepared."""
    for number in range(8):
        with database.writing() as connection:
            _add(connection, number, f"Number {number}")
            assert run_together(connection, [Question(_NAMED, {"called": f"Number {number}"})])[0][0][0] == number
            for _ in range(6):
                run_prepared(connection, _NAMES, {})
            connection.execute(text("CREATE TABLE passing (one INTEGER)"))
            connection.execute(text("DROP TABLE passing"))
        with pytest.raises(ZeroDivisionError), database.writing() as connection:
            run_together(connection, [Question(_NAMED, {"called": "Nobody"})])
            raise ZeroDivisionError
    assert len(_names(database)) == 8


def test_a_reading_that_begins_with_several_questions_sees_one_moment(database: Database, migrated_url: str) -> None:
    other = Database(migrated_url)
    both = [Question(_NAMES, {}), Question(_ALL, {})]
    with database.reading() as connection:
        assert run_together(connection, both) == [[], []]
        with other.writing() as writing:
            _add(writing, 1, "One")
        assert run_together(connection, both) == [[], []]
    assert _names(database) == ["One"]
    other.close()


@pytest.fixture
def postgresql() -> Iterator[Database]:
    with running_server() as server:
        database = Database(server.url)
        yield database
        database.close()


_LOCK = select(func.pg_advisory_xact_lock(bindparam("number")))
_COUNT = select(func.count().label("count")).select_from(text("counted"))


def test_each_question_sees_what_was_stored_when_it_began(postgresql: Database) -> None:
    """Who waits for a lock sees afterwards what was stored meanwhile: months are closed by whoever holds it."""
    with postgresql.writing() as connection:
        connection.execute(text("CREATE TABLE counted (one INTEGER)"))
    counted = []

    def ask() -> None:
        with postgresql.writing() as connection:
            _, ((count,),) = run_together(connection, [Question(_LOCK, {"number": 7}), Question(_COUNT, {})])
            counted.append(count)

    with postgresql.writing() as connection:
        run_prepared(connection, _LOCK, {"number": 7})
        other = threading.Thread(target=ask)
        other.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while connection.scalar(waiting) == 0:
            pass
        connection.execute(text("INSERT INTO counted VALUES (1)"))
    other.join()
    assert counted == [1]


def test_every_connection_calls_one_statement_the_same_and_no_other_so(postgresql: Database) -> None:
    """Behind a pooler a session has what others prepared: by a name of theirs another statement must not run."""
    one, other = (Question(_LOCK, {"number": 7}), Question(select(func.pg_backend_pid()), {}))
    prepared = text("SELECT statement, name FROM pg_prepared_statements WHERE name LIKE 'rebill%'")
    found: list[tuple[str, str]] = []
    for asked in ([one, other], [other, one], [other]):
        # Each a connection of its own.
        database = Database(postgresql.engine.url.render_as_string(hide_password=False))
        with database.writing() as connection:
            run_together(connection, asked)
            found += [(one.statement, one.name) for one in connection.execute(prepared)]
        database.close()
    assert len(found) == 5 and len(set(found)) == 2
    assert len({name for _, name in found}) == 2


def test_a_connection_that_was_let_go_is_told_of(postgresql: Database) -> None:
    ending = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :process")
    for _ in range(2):
        with pytest.raises(Unavailable), postgresql.writing() as connection:
            ((process,),) = run_together(connection, [Question(select(func.pg_backend_pid()), {})])[0]
            with postgresql.engine.connect() as other:
                other.execute(ending, {"process": process})
            run_together(connection, [Question(_LOCK, {"number": 7}), Question(_LOCK, {"number": 8})])
    with postgresql.writing() as connection:
        run_together(connection, [Question(_LOCK, {"number": 7})])
