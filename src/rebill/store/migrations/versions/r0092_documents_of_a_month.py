"""The documents of a month are found by an index: without it those of every month were looked through.

Revision ID: 0092
Revises: 0091
"""

from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is asked of a month took the longer, the more months there were."""
    op.drop_index("ix_statements_billing_month", table_name="statements")
    in_order = ["partner_id", "billing_month", "created_at", "statement_id"]
    op.create_index("ix_statements_of_month_in_order", "statements", in_order)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
