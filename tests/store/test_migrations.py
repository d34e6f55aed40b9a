"""The migrations make exactly the schema of store.tables, on both databases, however often and at once."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, text
from sqlalchemy.exc import IntegrityError

from rebill.model.assignment import Days
from rebill.model.errors import Unavailable
from rebill.model.months import BillingMonth
from rebill.model.price_book import markup_adjustment
from rebill.services.pricing.price_book_text import recorded_price_book
from rebill.store.database import Database
from rebill.store.migrations import configuration, upgrade
from rebill.store.partners import first_partner
from rebill.store.price_books import account_books_in_force, books_in_force
from rebill.store.schema import known_revisions, require_newest_schema
from rebill.store.scope import Scope
from rebill.store.tables import accounts, assignments, customers, metadata, partners

NOW = datetime(2024, 10, 15, tzinfo=UTC)


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def migrated(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def test_the_migrated_schema_is_the_one_of_the_tables(empty: Database) -> None:
    upgrade(empty)
    with empty.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    # The exclusion constraint of assignments brings an index that SQLAlchemy shows as one of its own.
    assert [difference for difference in differences if "ex_assignments_overlap" not in repr(difference)] == []


def test_schemas_are_told_by_the_names_of_the_files(empty: Database) -> None:
    upgrade(empty)
    with empty.reading() as connection:
        require_newest_schema(connection)
        history = ScriptDirectory.from_config(configuration(connection))
    assert sorted(one.revision for one in history.walk_revisions()) == known_revisions()
    assert history.get_heads() == known_revisions()[-1:]


def test_every_check_constraint_of_the_tables_is_there(migrated: Database) -> None:
    for table in metadata.tables.values():
        wanted = {str(rule.name) for rule in table.constraints if type(rule).__name__ == "CheckConstraint"}
        with migrated.reading() as connection:
            found = {rule["name"] for rule in inspect(connection).get_check_constraints(table.name)}
        assert wanted == found, table.name


def test_a_second_upgrade_changes_nothing(empty: Database) -> None:
    upgrade(empty)
    with empty.writing() as connection:
        connection.execute(insert(partners), _partner_row(1))
    upgrade(empty)
    with empty.reading() as connection:
        assert first_partner(connection) is not None


def test_six_processes_that_upgrade_at_once_all_succeed(database_url: str) -> None:
    program = (
        "import sys; from rebill.store.database import Database; from rebill.store.migrations import upgrade;"
        "sys.stdin.readline(); upgrade(Database(sys.argv[1]))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, database_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    outcomes = [(process.communicate()[1].decode(), process.returncode) for process in started]
    assert outcomes == [("", 0)] * 6


def test_an_empty_database_says_to_run_init(empty: Database) -> None:
    with pytest.raises(Unavailable, match="rebill init") as refused, empty.reading() as connection:
        first_partner(connection)
    assert refused.value.code == "database_not_initialised"


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.sqlite3", "postgresql://localhost:1/rebill"])
def test_a_database_that_cannot_be_reached_is_unavailable(url: str) -> None:
    database = Database(url)
    with pytest.raises(Unavailable) as refused, database.reading():
        pass
    assert refused.value.code == "database_unavailable"


Day = str | None


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
    _two_customers_and_an_account(migrated)
    _assign(migrated, 1, ("2024-02-10", "2024-02-20"))
    if is_refused:
        with pytest.raises(IntegrityError, match="overlap"):
            _assign(migrated, 2, second)
    else:
        _assign(migrated, 2, second)


def test_the_database_tells_overlaps_as_the_model_does(migrated: Database) -> None:
    """Every two spans of these days, from the first day that there is to the last, and without bounds."""
    firsts, ends = (None, "1900-01-01", "2024-02-10"), ("1900-01-02", "2024-02-10", "2024-02-11", "2999-12-31", None)
    spans = [(first, end) for first in firsts for end in ends if first is None or end is None or first < end]
    _two_customers_and_an_account(migrated)
    for one, other in itertools.product(spans, repeat=2):
        _assign(migrated, 1, one)
        try:
            _assign(migrated, 2, other)
            is_refused = False
        except IntegrityError:
            is_refused = True
        assert is_refused == Days(*map(_day, one)).overlaps(Days(*map(_day, other))), (one, other)
        with migrated.writing() as connection:
            connection.execute(assignments.delete())


def test_the_database_refuses_a_change_that_would_overlap(migrated: Database) -> None:
    _two_customers_and_an_account(migrated)
    _assign(migrated, 1, ("2024-02-10", "2024-02-20"))
    _assign(migrated, 2, ("2024-02-20", None))
    longer = text("UPDATE assignments SET effective_to = NULL WHERE customer_id = 1")
    with pytest.raises(IntegrityError, match="overlap"), migrated.writing() as connection:
        connection.execute(longer)


def test_what_is_withdrawn_overlaps_nothing_until_it_is_taken_back(migrated: Database) -> None:
    _two_customers_and_an_account(migrated)
    _assign(migrated, 1, (None, None), withdrawn_at=NOW)
    _assign(migrated, 2, (None, None))
    again = text("UPDATE assignments SET withdrawn_at = NULL WHERE customer_id = 1")
    with pytest.raises(IntegrityError, match="overlap"), migrated.writing() as connection:
        connection.execute(again)


def test_an_assignment_of_no_day_is_refused(migrated: Database) -> None:
    _two_customers_and_an_account(migrated)
    with pytest.raises(IntegrityError):
        _assign(migrated, 1, ("2024-02-10", "2024-02-10"))


def _partner_row(partner_id: int) -> dict[str, object]:
    row: dict[str, object] = {"partner_id": partner_id, "name": f"Partner {partner_id}", "currency": "USD"}
    return row | {"bill_input_tax": False, "created_at": NOW}


def _two_customers_and_an_account(database: Database) -> None:
    texts = dict.fromkeys(
        "street1 street2 city state zipcode country billing_contact billing_folder classification "
        "generated_external_id".split(),
        "",
    )
    times = {"created_at": NOW, "updated_at": NOW}
    with database.writing() as connection:
        connection.execute(insert(partners), _partner_row(1))
        for customer_id in (1, 2):
            row: dict[str, object] = {"customer_id": customer_id, "partner_id": 1, "name": f"Customer {customer_id}"}
            row["tags"] = []
            connection.execute(insert(customers), row | texts | times)
        account = dict.fromkeys("spelling name domain relationship search_text".split(), "")
        account |= {"account_key": "a", "kind": "azure_customer", "status": "active"}
        seen = {"first_seen_at": NOW, "last_seen_at": NOW}
        connection.execute(insert(accounts), {"account_id": 1, "partner_id": 1, "listing_position": 0} | account | seen)


def _day(text: Day) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _assign(database: Database, customer_id: int, days: tuple[Day, Day], withdrawn_at: datetime | None = None) -> None:
    first, until = map(_day, days)
    row = {"partner_id": 1, "customer_id": customer_id, "account_id": 1, "created_at": NOW, "updated_at": NOW}
    row |= {"assignment_id": customer_id, "listing_position": 0}
    span = {"effective_from": first, "effective_to": until, "withdrawn_at": withdrawn_at}
    with database.writing() as connection:
        connection.execute(insert(assignments), row | span)


def test_markup_books_become_specifications_that_say_the_same(empty: Database) -> None:
    """A customer had a markup of 15, and from 2024-05 on a discount of 12.5; one account keeps a book of its own."""
    with empty.writing() as connection:
        command.upgrade(configuration(connection), "0005")
    _two_customers_and_an_account(empty)
    books = {1: ("percentIncrease", "15.0000"), 2: ("percentDiscount", "12.5")}
    assigned = {11: (1, "0000-00", "*"), 12: (2, "2024-05", "*"), 13: (1, "2024-01", "sub-1")}
    moment = NOW if empty.engine.dialect.name == "postgresql" else NOW.isoformat(" ")
    times = {"partner": 1, "now": moment}
    with empty.writing() as connection:
        for book_id, (kind, percent) in books.items():
            values = times | {"id": book_id, "name": f"Book {book_id}", "kind": kind, "percent": percent}
            connection.execute(text("INSERT INTO price_books VALUES (:id, :partner, :name, :now, :now)"), values)
            rule = "INSERT INTO price_rules VALUES (:id, :partner, :id, 1, 'Markup', :kind, CAST(:percent AS {}))"
            kept_as = "NUMERIC" if empty.engine.dialect.name == "postgresql" else "TEXT"
            connection.execute(text(rule.format(kept_as)), values)
        for assignment_id, (book_id, month, account) in assigned.items():
            values = times | {"id": assignment_id, "book": book_id, "month": month, "account": account}
            columns = "price_book_assignment_id, partner_id, customer_id, price_book_id, from_month, account_key"
            marks = ":id, :partner, 1, :book, :month, :account, :now, :now"
            row = f"INSERT INTO price_book_assignments ({columns}, created_at, updated_at) VALUES ({marks})"
            connection.execute(text(row), values)
    upgrade(empty)
    priced = {}
    with empty.reading() as connection:
        scope = Scope(connection, 1)
        for billed in (BillingMonth(2023, 1), BillingMonth(2024, 4), BillingMonth(2024, 5)):
            chosen = account_books_in_force(scope, billed)
            found = {book.price_book_id: book for book in books_in_force(scope, billed, {1, 2}, recorded_price_book)}
            priced[str(billed)] = {
                choice.account_key: next(found[choice.price_book_id].book.rules).adjustment for choice in chosen
            }
            assert {book.name for book in found.values()} == {"Book 1", "Book 2"}
    up, down = markup_adjustment(Decimal(15)), markup_adjustment(Decimal("-12.5"))
    assert priced == {
        "2023-01": {None: up},
        "2024-04": {None: up, "sub-1": up},
        "2024-05": {None: down, "sub-1": up},
    }
