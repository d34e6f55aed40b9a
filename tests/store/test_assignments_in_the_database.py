"""Whoever writes: the database lets no assignments of an account overlap, nor refer to what is not there."""

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from rebill.model.assignment import Days
from rebill.store.database import Database
from rebill.store.tables import accounts, assignments, customers, partners
from rebill.store.whole_record import fill, filling, tables_there
from tests.store.assigned import (
    NOW,
    Day,
    account_row,
    assign,
    assignment_row,
    day,
    partner_row,
    two_customers_and_two_accounts,
)


@pytest.mark.parametrize(
    ("second", "is_refused"),
    [
        (("2024-02-01", "2024-03-01"), True),
        (("2024-01-31", "2024-02-11"), True),
        (("2024-02-19", None), True),
        ((None, None), True),
        ((None, "2024-02-11"), True),
        (("2024-02-20", None), False),
        ((None, "2024-02-10"), False),
        (("2024-01-01", "2024-02-10"), False),
    ],
)
def test_the_database_itself_refuses_days_that_overlap(
    migrated: Database, second: tuple[Day, Day], is_refused: bool
) -> None:
    """One account is assigned from 10 to 20 February; a second assignment comes by plain SQL."""
    two_customers_and_two_accounts(migrated)
    assign(migrated, 1, ("2024-02-10", "2024-02-20"))
    if is_refused:
        with pytest.raises(IntegrityError, match="overlap"):
            assign(migrated, 2, second)
    else:
        assign(migrated, 2, second)


def test_the_database_tells_overlaps_as_the_model_does(migrated: Database) -> None:
    """Every two spans of these days, from the first day that there is to the last, and without bounds."""
    firsts, ends = (None, "1900-01-01", "2024-02-10"), ("1900-01-02", "2024-02-10", "2024-02-11", "2999-12-31", None)
    spans = [(first, end) for first in firsts for end in ends if first is None or end is None or first < end]
    two_customers_and_two_accounts(migrated)
    for one, other in itertools.product(spans, repeat=2):
        assign(migrated, 1, one)
        try:
            assign(migrated, 2, other)
            is_refused = False
        except IntegrityError:
            is_refused = True
        assert is_refused == Days(*map(day, one)).overlaps(Days(*map(day, other))), (one, other)
        with migrated.writing() as connection:
            connection.execute(assignments.delete())


def test_the_database_refuses_a_change_that_would_overlap(migrated: Database) -> None:
    two_customers_and_two_accounts(migrated)
    assign(migrated, 1, ("2024-02-10", "2024-02-20"))
    assign(migrated, 2, ("2024-02-20", None))
    longer = text("UPDATE assignments SET effective_to = NULL WHERE customer_id = 1")
    with pytest.raises(IntegrityError, match="overlap"), migrated.writing() as connection:
        connection.execute(longer)


def test_what_is_withdrawn_overlaps_nothing_until_it_is_taken_back(migrated: Database) -> None:
    two_customers_and_two_accounts(migrated)
    assign(migrated, 1, (None, None), withdrawn_at=NOW)
    assign(migrated, 2, (None, None))
    again = text("UPDATE assignments SET withdrawn_at = NULL WHERE customer_id = 1")
    with pytest.raises(IntegrityError, match="overlap"), migrated.writing() as connection:
        connection.execute(again)


def test_an_assignment_of_no_day_is_refused(migrated: Database) -> None:
    two_customers_and_two_accounts(migrated)
    with pytest.raises(IntegrityError):
        assign(migrated, 1, ("2024-02-10", "2024-02-10"))


def test_rows_of_one_statement_may_not_overlap_each_other(migrated: Database) -> None:
    two_customers_and_two_accounts(migrated)
    rows = [assignment_row(1, (None, "2024-02-11")), assignment_row(2, ("2024-02-10", None), customer_id=2)]
    with pytest.raises(IntegrityError, match="overlap"), migrated.writing() as connection:
        connection.execute(insert(assignments).values(rows))
    rows[1] |= {"effective_from": day("2024-02-11")}
    with migrated.writing() as connection:
        connection.execute(insert(assignments).values(rows))


def test_what_one_statement_withdraws_makes_room_for_no_other_account(migrated: Database) -> None:
    """As many stand after it as accounts were changed, and yet two of them overlap."""
    two_customers_and_two_accounts(migrated)
    spans = {1: (None, "2024-02-10"), 2: ("2024-02-10", None)}
    with migrated.writing() as connection:
        connection.execute(insert(assignments), [assignment_row(place, span) for place, span in spans.items()])
        connection.execute(insert(assignments), assignment_row(3, account_id=2))
    changed = text(
        "UPDATE assignments SET withdrawn_at = CASE account_id WHEN 2 THEN updated_at END, effective_to = NULL"
    )
    with pytest.raises(IntegrityError, match="overlap"), migrated.writing() as connection:
        connection.execute(changed)


@pytest.mark.parametrize("missing", ["account_id", "customer_id", "partner_id"])
def test_nothing_is_assigned_that_is_not_there(migrated: Database, missing: str) -> None:
    two_customers_and_two_accounts(migrated)
    rows = [assignment_row(1), {**assignment_row(2, account_id=2), missing: 3}]
    with pytest.raises(IntegrityError), migrated.writing() as connection:
        connection.execute(insert(assignments).values(rows))
    assign(migrated, 1, (None, None))
    with pytest.raises(IntegrityError), migrated.writing() as connection:
        connection.execute(update(assignments).values({missing: 3}))


@pytest.mark.parametrize(
    "change",
    [
        delete(accounts).where(accounts.c.account_id == 1),
        delete(customers).where(customers.c.customer_id == 1),
        update(accounts).where(accounts.c.account_id == 1).values(account_id=3),
        update(customers).where(customers.c.customer_id == 1).values(customer_id=3),
    ],
    ids=str,
)
def test_what_is_assigned_stays(migrated: Database, change: Any) -> None:
    two_customers_and_two_accounts(migrated)
    assign(migrated, 1, (None, None), withdrawn_at=NOW)
    with pytest.raises(IntegrityError), migrated.writing() as connection:
        connection.execute(change)
    with migrated.writing() as connection:
        connection.execute(delete(assignments))
        connection.execute(change)


def test_the_partner_of_assignments_stays(migrated: Database) -> None:
    """Even if nothing else is left of it."""
    two_customers_and_two_accounts(migrated)
    assign(migrated, 1, (None, None))
    with migrated.writing() as connection:
        connection.execute(insert(partners), partner_row(2))
        connection.execute(update(accounts).values(partner_id=2))
        connection.execute(update(customers).values(partner_id=2))
    for change in (delete(partners).where(partners.c.partner_id == 1), update(partners).values(partner_id=3)):
        with pytest.raises(IntegrityError), migrated.writing() as connection:
            connection.execute(change.where(partners.c.partner_id == 1))


@pytest.mark.parametrize("store", ["postgresql"])
def test_a_table_is_not_emptied_beneath_assignments(migrated: Database) -> None:
    two_customers_and_two_accounts(migrated)
    assign(migrated, 1, (None, None))
    for table in ("accounts", "customers", "partners"):
        with pytest.raises(IntegrityError), migrated.writing() as connection:
            connection.execute(text(f"TRUNCATE {table} CASCADE"))
    with migrated.writing() as connection:
        connection.execute(text("TRUNCATE accounts, assignments CASCADE"))


@pytest.mark.parametrize("store", ["postgresql"])
def test_who_sees_one_moment_only_may_not_assign(migrated: Database) -> None:
    """It could not see what others stored since; nor whether accounts are assigned that it deletes."""
    two_customers_and_two_accounts(migrated)
    seeing_one_moment = migrated.engine.execution_options(isolation_level="REPEATABLE READ")
    for change in (insert(assignments).values(assignment_row(1)), delete(accounts)):
        with seeing_one_moment.connect() as connection, pytest.raises(DBAPIError, match="read what is committed"):
            connection.execute(change)


@pytest.mark.parametrize("store", ["postgresql"])
def test_acts_read_what_is_committed_whatever_the_server_does_by_itself(migrated: Database) -> None:
    with migrated.writing() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_isolation = serializable'))
    migrated.close()
    try:
        two_customers_and_two_accounts(migrated)
        assign(migrated, 1, (None, None))
        with migrated.writing() as connection:
            assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"
    finally:
        with migrated.writing() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_isolation'))


def test_of_two_at_once_the_later_one_is_refused(migrated: Database) -> None:
    """The later one writes before the earlier one has stored anything, and sees it all the same."""
    two_customers_and_two_accounts(migrated)
    wrote, told = Event(), []

    def later() -> None:
        wrote.wait()
        try:
            assign(migrated, 2, ("2024-02-10", None))
        except IntegrityError as error:
            told.append(str(error.orig))

    with ThreadPoolExecutor() as threads:
        running = threads.submit(later)
        with migrated.writing() as connection:
            connection.execute(insert(assignments), assignment_row(1, (None, "2024-02-11")))
            wrote.set()
            time.sleep(0.2)
        running.result()
    assert ["overlap" in sentence for sentence in told] == [True]


def _raced(database: Database, act: Callable[[Connection, int], object]) -> int:
    """How many of sixteen callers at once, who write past the product, had their way; the others were refused."""
    together = Barrier(16)

    def caller(place: int) -> bool:
        together.wait()
        try:
            with database.writing() as connection:
                act(connection, place)
        except (IntegrityError, OperationalError):
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        return sum(threads.map(caller, range(16)))


def test_of_many_at_once_one_has_an_account(migrated: Database) -> None:
    two_customers_and_two_accounts(migrated)
    for round_ in range(6):

        def act(connection: Connection, place: int) -> None:
            # Each writes two rows by one statement, in no common order.
            rows = [assignment_row(place * 2 + half, account_id=1 + (half + place) % 2) for half in (0, 1)]
            connection.execute(insert(assignments).values(rows))

        assert _raced(migrated, act) == 1, round_
        with migrated.writing() as connection:
            assert connection.scalar(select(func.count()).select_from(assignments)) == 2
            connection.execute(delete(assignments))


def test_an_account_is_assigned_or_deleted_but_not_both(migrated: Database) -> None:
    two_customers_and_two_accounts(migrated)
    for round_ in range(6):

        def act(connection: Connection, place: int) -> None:
            if place % 2:
                gone = connection.execute(delete(accounts).where(accounts.c.account_id == 2))
                if gone.rowcount == 0:
                    raise IntegrityError("gone already", None, Exception())
            else:
                connection.execute(insert(assignments), assignment_row(place, account_id=2))

        assert _raced(migrated, act) == 1, round_
        with migrated.writing() as connection:
            assigned = connection.scalar(select(func.count()).select_from(assignments))
            there = connection.scalar(select(func.count()).select_from(accounts))
            assert (assigned, there) in {(1, 2), (0, 1)}
            connection.execute(delete(assignments))
            if there == 1:
                connection.execute(insert(accounts), account_row(2))


@pytest.mark.parametrize("store", ["postgresql"])
@pytest.mark.parametrize(("second", "why"), [({"customer_id": 2}, "overlap"), ({"account_id": 3}, "not there")])
def test_what_a_backup_brings_back_is_sound(migrated: Database, second: dict[str, object], why: str) -> None:
    """Other triggers let in what was issued; these stay."""
    two_customers_and_two_accounts(migrated)
    rows = [assignment_row(1), {**assignment_row(2), **second}]
    with migrated.writing() as connection:
        tables = tables_there(connection)
    names = [table.name for table in tables]
    assert all(names.index(name) < names.index("assignments") for name in ("accounts", "customers", "partners"))
    values = [[None if row[name] is None else str(row[name]) for name in rows[0]] for row in rows]
    refused = pytest.raises(psycopg.IntegrityError, match=why)
    with refused, migrated.writing() as connection, filling(connection, tables):
        fill(connection, tables[names.index("assignments")], list(rows[0]), values)
