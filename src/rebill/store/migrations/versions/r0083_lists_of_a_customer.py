"""Lists of a customer's assignments are read from one index, whatever the partner.

Revision ID: 0083
Revises: 0082
"""

from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

_NAME = "ix_assignments_of_customer_in_order"
_LISTED = (
    "kind",
    "created_at",
    "listing_position",
    "assignment_id",
    "withdrawn_at",
    "effective_from",
    "effective_to",
)


def upgrade() -> None:
    """Without the partner in it each row was looked up in the table, only to see whose it is."""
    op.drop_index(_NAME, table_name="assignments")
    op.create_index(_NAME, "assignments", ["customer_id", "partner_id", *_LISTED])


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
