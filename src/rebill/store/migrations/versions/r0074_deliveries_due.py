"""Deliveries that wait, and when a server brings them by itself.

Revision ID: 0074
Revises: 0069
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0074"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What failed before waits for ``rebill deliver``: an upgrade sends nothing by itself."""
    due_at = sa.Column(
        "due_at",
        sa.DateTime(timezone=True),
        nullable=True,
        comment="from when on a server brings it by itself; NULL = it does not",
    )
    op.add_column("document_deliveries", due_at)
    op.create_index("ix_document_deliveries_due_at", "document_deliveries", ["due_at"])


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
