"""Azure plans with the subscriptions under them, and a record of every sync.

Revision ID: 0061
Revises: 0067
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0061"
down_revision = "0067"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """New tables; nothing that stands changes."""
    op.create_table(
        "plan_subscriptions",
        sa.Column("plan_subscription_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("azure_customer_id", sa.Text(), nullable=False, comment="the tenant, in lower case"),
        sa.Column("plan_id", sa.Text(), nullable=False, comment="Partner Center's subscription: the Azure plan"),
        sa.Column("subscription_id", sa.Text(), nullable=False, comment="the Azure subscription"),
        sa.Column("plan_name", sa.Text(), nullable=False),
        sa.Column("subscription_name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="Partner Center's word"),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False, comment="before the last sync = no longer listed"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_plan_subscriptions_partner_id")),
        sa.PrimaryKeyConstraint("plan_subscription_id", name=op.f("pk_plan_subscriptions")),
        sa.UniqueConstraint(
            "partner_id",
            "plan_id",
            "subscription_id",
            name=op.f("uq_plan_subscriptions_partner_id_plan_id_subscription_id"),
        ),
    )
    op.create_table(
        "syncs",
        sa.Column("sync_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False, comment="model.sync.SyncPart"),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False, comment="model.sync.SyncOutcome"),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("alarms", sa.JSON(), nullable=False),
        sa.Column("fault_code", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_syncs_partner_id")),
        sa.PrimaryKeyConstraint("sync_id", name=op.f("pk_syncs")),
    )
    op.create_index("ix_syncs_in_order", "syncs", ["partner_id", "started_at", "sync_id"], unique=False)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
