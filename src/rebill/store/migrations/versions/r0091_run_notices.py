"""What a run tells beside its figures: fixed rates that did not price what their rules are for.

Revision ID: 0091
Revises: 0090
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of before it was told tell nothing."""
    column: sa.Column[object] = sa.Column(
        "notices", sa.JSON(none_as_null=True), comment="[sentence]; NULL = of before it was told"
    )
    op.add_column("runs", column)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
