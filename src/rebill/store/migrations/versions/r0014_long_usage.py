"""A data set knows its longest usage, so that a change of owner looks into cost only where some may go across it.

Revision ID: 0014
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0014"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Data sets of before have NULL: they are looked into."""
    comment = "of its longest usage, rounded up; NULL = never counted"
    op.add_column("data_sets", sa.Column("greatest_usage_days", sa.BigInteger(), nullable=True, comment=comment))


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
