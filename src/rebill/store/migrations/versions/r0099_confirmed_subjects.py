"""Whoever a subject is counts once that person was let in there.

Revision ID: 0099
Revises: 0098
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Who is linked already stays so: which of them the persons made use of was not kept."""
    op.add_column(
        "openid_subjects",
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the subject first signed in as this user; none: others said it is",
        ),
    )
    op.execute("UPDATE openid_subjects SET confirmed_at = linked_at")


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
