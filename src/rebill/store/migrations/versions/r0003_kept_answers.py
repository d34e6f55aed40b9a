"""Answers to calls with an ``Idempotency-Key``, kept for a day.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the version before does not know it."""
    op.create_table(
        "kept_answers",
        sa.Column(
            "request_sha256",
            sa.String(length=64),
            nullable=False,
            comment="of partner, user, method, path, query and key",
        ),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False, comment="of the request's body"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="NULL: it showed a secret and is told once only"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_kept_answers_partner_id")),
        sa.PrimaryKeyConstraint("request_sha256", name=op.f("pk_kept_answers")),
        comment="Answers to calls with an Idempotency-Key, to tell them again for a day",
    )
    op.create_index("ix_kept_answers_by_age", "kept_answers", ["partner_id", "created_at"], unique=False)


def downgrade() -> None:
    """What was answered is forgotten a day later anyway; going back is done with a backup all the same."""
    raise NoWayBack
