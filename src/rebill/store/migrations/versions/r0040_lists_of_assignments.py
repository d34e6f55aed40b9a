"""Assignments know the kind of their account, and lists of them are counted and leafed through in one index.

Revision ID: 0040
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0040"
down_revision = "0043"
branch_labels = None
depends_on = None

_LISTED = (
    "kind",
    "created_at",
    "listing_position",
    "assignment_id",
    "withdrawn_at",
    "effective_from",
    "effective_to",
)
_KIND = "UPDATE assignments SET kind = (SELECT kind FROM accounts WHERE accounts.account_id = assignments.account_id)"


def upgrade() -> None:
    """Every assignment gets the kind that its account has, and never changes."""
    comment = "its account's: lists are read from one index"
    op.add_column("assignments", sa.Column("kind", sa.Text(), nullable=False, server_default="", comment=comment))
    op.execute(_KIND)
    for name, first in (
        ("ix_assignments_in_order", "partner_id"),
        ("ix_assignments_of_customer_in_order", "customer_id"),
    ):
        op.drop_index(name, table_name="assignments")
        op.create_index(name, "assignments", [first, *_LISTED])


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
