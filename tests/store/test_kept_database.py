"""Tests share a database on PostgreSQL; none of them can tell."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from tests.postgresql_databases import KeptDatabase, PostgresqlDatabases


@pytest.fixture
def kept(postgresql_databases: PostgresqlDatabases, migrated_postgresql: str) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(postgresql_databases, lambda: migrated_postgresql)
    yield kept
    kept.drop()


def lent_with(kept: KeptDatabase, *statements: str) -> str | None:
    """Carry the statements out in the database, as a test would; its name."""
    with kept.lent() as address:
        engine = create_engine(address)
        with engine.begin() as connection:
            assert not connection.execute(text("SELECT count(*) FROM partners")).scalar()
            assert not connection.execute(text("SELECT count(*) FROM audit_chains")).scalar()
            for statement in statements:
                connection.execute(text(statement))
        # The connection is still in the pool when the loan ends, as that of a careless test would be.
    engine.dispose()
    return address.database


PARTNER = (
    "INSERT INTO partners (partner_id, name, currency, bill_input_tax, created_at)"
    " VALUES (1, 'Left over', 'USD', false, now())"
)


def test_rows_go_and_the_database_stays(kept: KeptDatabase) -> None:
    first = lent_with(kept, PARTNER)
    assert lent_with(kept, PARTNER) == first


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE customers DROP COLUMN name",
        "ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_are_not_deleted",
        "DROP TRIGGER audit_entries_are_not_deleted ON audit_entries",
        "CREATE TABLE stray (a integer)",
        "UPDATE alembic_version SET version_num = 'older'",
        "DROP TABLE alembic_version",
    ],
)
def test_a_database_whose_schema_was_changed_is_not_used_again(kept: KeptDatabase, change: str) -> None:
    changed = lent_with(kept, change)
    assert lent_with(kept, PARTNER) != changed
