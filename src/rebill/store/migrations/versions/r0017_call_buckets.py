"""How many calls each key may still make, shared by all server processes.

Revision ID: 0017
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0017"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that nothing else refers to: the version before does not miss it."""
    op.create_table(
        "call_buckets",
        sa.Column("key_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False, comment="microseconds since 1970: model.call_limit"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.key_id"], name=op.f("fk_call_buckets_key_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_call_buckets_partner_id")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_call_buckets")),
        comment="How many calls each key may still make; on PostgreSQL not logged, so that a call waits for no disk",
    )
    if op.get_context().dialect.name == "postgresql":
        # Lost when the database server crashes: every bucket is full then, which harms nobody.
        op.execute("ALTER TABLE call_buckets SET UNLOGGED")


def downgrade() -> None:
    """There is no way back by itself, as for every migration."""
    raise NoWayBack
