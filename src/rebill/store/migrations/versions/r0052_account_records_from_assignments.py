"""A customer's records of accounts are read from its assignments, which hold all that they told.

A record's ``created_at`` is that of the first assignment of the account to the customer, and its ``updated_at`` that of
the one that changed last; what is withdrawn counts.

Revision ID: 0052
Revises: 0040
"""

from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0052"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is lost: each act wrote the same times into both tables, in one transaction."""
    op.drop_table("customer_accounts")


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
