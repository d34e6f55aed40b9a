"""Which Azure customers a sync found changed or gone; they were counted only.

Revision ID: 0094
Revises: 0093
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Syncs of before name none."""
    column: sa.Column[object] = sa.Column(
        "moved_customers", sa.JSON(none_as_null=True), comment="the first that changed or went; NULL = of before"
    )
    op.add_column("syncs", column)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
