"""Users may have passwords, and whoever signed in to the pages has a session in the record.

Revision ID: 0067
Revises: 0068
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0067"
down_revision = "0068"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two new tables; nothing that stands is touched."""
    op.create_table(
        "passwords",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("sign_in_name", sa.Text(), nullable=False, comment="case-folded; one for the whole record"),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id, with its salt and costs"),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False, comment="wrong ones in a row"),
        sa.Column("failed_at", INSTANT, nullable=True, comment="the last of them"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name="fk_passwords_partner_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_passwords_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_passwords"),
        sa.UniqueConstraint("sign_in_name", name="uq_passwords_sign_in_name"),
    )
    op.create_index("ix_passwords_partner_id", "passwords", ["partner_id"])
    op.create_table(
        "web_sessions",
        sa.Column("token_sha256", sa.String(64), nullable=False, comment="of the cookie's 256 random bits"),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=True, comment="what it was signed in with, if no password"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=False, comment="may lag by a minute"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name="fk_web_sessions_partner_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_web_sessions_user_id"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.key_id"], name="fk_web_sessions_key_id"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_web_sessions"),
        comment="Who is signed in to the console or the portal; what has ended is removed",
    )
    for column in ("partner_id", "user_id", "key_id"):
        op.create_index(f"ix_web_sessions_{column}", "web_sessions", [column])


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
