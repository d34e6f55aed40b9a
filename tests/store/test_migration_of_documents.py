"""Statements and runs that stood before there were documents are there afterwards, to the last decimal."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import text

from rebill.store.database import Database
from rebill.store.migrations import configuration, upgrade

BEFORE = (
    "INSERT INTO partners (partner_id, name, currency, bill_input_tax, created_at) "
    "VALUES (1, 'P', 'USD', :no, '2024-10-01 00:00:00')",
    "INSERT INTO customers (customer_id, partner_id, name, street1, street2, city, state, zipcode, country, "
    "classification, billing_contact, billing_folder, tags, generated_external_id, created_at, updated_at) VALUES "
    "(2, 1, 'C', '', '', '', '', '', '', '', '', '', '[]', '', '2024-10-01 00:00:00', '2024-10-01 00:00:00')",
    *(
        "INSERT INTO runs (run_id, partner_id, billing_month, engine, finished_at, manifest_sha256, outcome_sha256, "
        f"folder, balance) VALUES ({run_id}, 1, '2024-09', 'duckdb', '2024-10-0{day} 00:00:00', 'm', 'o', 'f', '[]')"
        for run_id, day in ((7, 2), (5, 3))
    ),
    "INSERT INTO statements (statement_id, partner_id, customer_id, billing_month, currency, status, run_id, "
    "total_minor_units, statement_cost, line_count, created_at, updated_at) VALUES (9, 1, 2, '2024-09', 'USD', "
    "'Estimated', 5, 101, '1.000000000001', 1, '2024-10-03 00:00:00', '2024-10-03 00:00:00')",
    "INSERT INTO statement_lines (statement_id, number, partner_id, provider, exact_amount, amount_minor_units, "
    "charge_count) VALUES (9, 1, 1, 'Microsoft', '1.005000000001', 101, 3)",
)


@pytest.fixture
def before(database_url: str) -> Iterator[Database]:
    """A record as it stood just before, with two runs and a statement of one line."""
    database = Database(database_url)
    upgrade_to(database, "0006")
    with database.writing() as connection:
        for statement in BEFORE:
            connection.execute(text(statement), {"no": False} if ":no" in statement else {})
    yield database
    database.close()


def upgrade_to(database: Database, revision: str) -> None:
    with database.writing() as connection:
        command.upgrade(configuration(connection), revision)


def test_what_stood_is_there_as_estimated_statements_of_the_first_edition(before: Database) -> None:
    upgrade(before)
    with before.reading() as connection:
        runs = connection.execute(text("SELECT run_id, number FROM runs ORDER BY number")).all()
        (statement,) = connection.execute(text("SELECT * FROM statements")).all()
        (line,) = connection.execute(text("SELECT * FROM statement_lines")).all()
    assert [tuple(run) for run in runs] == [(7, 1), (5, 2)]
    assert (statement.statement_id, statement.document_kind, statement.edition) == (9, "statement", 1)
    assert (statement.status, statement.run_id, str(statement.statement_cost)) == ("Estimated", 5, "1.000000000001")
    assert (line.line_kind, line.description, str(line.exact_amount)) == ("charges", "", "1.005000000001")
