"""What each assignment and each entry of the audit trail costs to keep, without what nothing reads.

Revision ID: 0093
Revises: 0092
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None

_NO_OVERLAP = """
ALTER TABLE assignments ADD CONSTRAINT ex_assignments_overlap EXCLUDE USING gist (
    box(
        point(account_id, coalesce(effective_from - DATE '1900-01-01', -1000000)),
        point(account_id, coalesce(effective_to - DATE '1900-01-01' - 1, 1000000))
    ) WITH &&
) WHERE (withdrawn_at IS NULL)
"""
"""An assignment is the line, at its account, from its first to its last day, in days since 1900.

Days lie between 1900 and 2999, and ids of accounts below 10^9: both are exact in a box's numbers.
"""
_SEALED = sa.text("number IS NOT NULL")
_LISTS_OF_ENTRIES = {
    "ix_audit_entries_of_subject": ["partner_id", "subject_kind", "subject_id", "number"],
    "ix_audit_entries_of_customer": ["partner_id", "customer_id", "number"],
}


def upgrade() -> None:
    """The check against overlap took more than half of the time in which PostgreSQL stores an assignment.

    Two ranges in one index are looked through much more slowly than boxes. Entries are listed once they are sealed:
    before, they need not stand in the indexes of lists.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE assignments DROP CONSTRAINT ex_assignments_overlap")
        op.execute(_NO_OVERLAP)
    for name, columns in _LISTS_OF_ENTRIES.items():
        op.drop_index(name, table_name="audit_entries")
        op.create_index(name, "audit_entries", columns, sqlite_where=_SEALED, postgresql_where=_SEALED)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
