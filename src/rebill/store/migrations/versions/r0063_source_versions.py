"""A data set knows how new its source called the delivery, and of which days: an older one never replaces a newer.

Revision ID: 0063
Revises: 0065
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0063"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Data sets of before have NULL: nothing was told of them, and any later delivery of their name is newer."""
    comment = "of two deliveries of a name the greater is the newer; NULL = not told"
    op.add_column("data_sets", sa.Column("source_version", sa.Text(), nullable=True, comment=comment))
    comment = "the first day that the delivery is of; NULL = not told"
    op.add_column("data_sets", sa.Column("covered_from", sa.Date(), nullable=True, comment=comment))
    op.add_column("data_sets", sa.Column("covered_to", sa.Date(), nullable=True, comment="the last of them"))


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
