"""The record keeps the hash of a run's whole manifest, which holds those of the run's files.

Revision ID: 0015
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0015"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of before have NULL: of their manifests only the inputs are known by hash."""
    comment = "of the manifest, byte for byte; NULL = of before it was kept"
    op.add_column("runs", sa.Column("manifest_file_sha256", sa.String(length=64), nullable=True, comment=comment))


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
