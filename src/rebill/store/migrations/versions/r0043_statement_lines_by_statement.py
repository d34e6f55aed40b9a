"""Lines of statements are found by their statement alone: an index by partner, which nothing asks, is not kept.

Revision ID: 0043
Revises: 0034
"""

from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0043"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The primary key begins with the statement."""
    op.drop_index("ix_statement_lines_partner_id", table_name="statement_lines")


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
