"""The migrations make exactly the schema of store.tables, on both databases, however often and at once."""

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, text

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
from rebill.store.tables import metadata, partners
from tests.store.assigned import NOW, partner_row, two_customers_and_two_accounts


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def test_the_migrated_schema_is_the_one_of_the_tables(empty: Database) -> None:
    upgrade(empty)
    with empty.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    # On PostgreSQL triggers see to what assignments refer to: test_assignments_in_the_database.
    of_assignments = {("add_fk", f"fk_assignments_{key}") for key in ("account_id", "customer_id", "partner_id")}
    found = {(difference[0], getattr(difference[1], "name", None)) for difference in differences}
    assert found == (of_assignments if empty.engine.dialect.name == "postgresql" else set())


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
        connection.execute(insert(partners), partner_row(1))
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


def test_markup_books_become_specifications_that_say_the_same(empty: Database) -> None:
    """A customer had a markup of 15, and from 2024-05 on a discount of 12.5; one account keeps a book of its own."""
    with empty.writing() as connection:
        command.upgrade(configuration(connection), "0005")
    two_customers_and_two_accounts(empty)
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
