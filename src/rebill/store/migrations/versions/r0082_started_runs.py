"""Runs that were started over the API or from a page, so that any process can tell how far they are.

Revision ID: 0082
Revises: 0073
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0082"
down_revision = "0073"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A new table; nothing that stands changes."""
    op.create_table(
        "started_runs",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="NULL = every customer"),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True, comment="NULL = it works, or its process is gone"),
        sa.Column("fault_code", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False, comment="why it failed"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_started_runs_partner_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_started_runs")),
    )
    op.create_index(
        "ix_started_runs_of_month", "started_runs", ["partner_id", "billing_month", "started_at"], unique=False
    )


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
