"""Users may sign in at an identity provider: which of its subjects they are.

Revision ID: 0070
Revises: 0066
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0070"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; nothing that stands is touched."""
    op.create_table(
        "openid_subjects",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="the issuer's name for the user, which never changes"),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name="fk_openid_subjects_partner_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_openid_subjects_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_openid_subjects"),
        sa.UniqueConstraint("issuer", "subject", name="uq_openid_subjects_issuer_subject"),
        comment="Who users are at the identity provider",
    )
    op.create_index("ix_openid_subjects_partner_id", "openid_subjects", ["partner_id"])


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
