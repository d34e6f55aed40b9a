"""Wrong passwords are counted for names that nobody has, too.

Revision ID: 0098
Revises: 0097
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0098"
down_revision = "0097"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was counted so far is forgotten: whoever has to wait at this moment waits no longer."""
    op.create_table(
        "failed_sign_ins",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_sha256", sa.String(64), nullable=False, comment="of the partner's number and the name given"),
        sa.Column("failure_count", sa.Integer(), nullable=False, comment="wrong passwords in a row"),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False, comment="the last of them"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name="fk_failed_sign_ins_partner_id"),
        sa.PrimaryKeyConstraint("partner_id", "name_sha256", name="pk_failed_sign_ins"),
        comment="Names for which wrong passwords were given, somebody's or nobody's; the newest ones only",
    )
    op.create_index("ix_failed_sign_ins_by_age", "failed_sign_ins", ["partner_id", "failed_at"])
    with op.batch_alter_table("passwords") as passwords:
        passwords.drop_column("failure_count")
        passwords.drop_column("failed_at")


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
