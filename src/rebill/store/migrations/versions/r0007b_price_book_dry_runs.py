"""Dry runs of price books, and what came of them.

Revision ID: 0007b
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0007b"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
_TABLE = "price_book_dry_runs"


def upgrade() -> None:
    """Create the table; the version before does not know it."""
    op.create_table(
        _TABLE,
        sa.Column("dry_run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("price_book_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("owner_ids", sa.JSON(), nullable=False, comment="the accounts it is tried on; none = all"),
        sa.Column("place", sa.Integer(), nullable=False, comment="where in the lake it works"),
        sa.Column("status", sa.Text(), nullable=False, comment="running, done, failed, interrupted"),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column(
            "differences", sa.JSON(), nullable=False, comment="[{currency, services: [[name, today, under_book]]}]"
        ),
        sa.Column("fault", sa.Text(), nullable=False, comment="why it failed"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f(f"fk_{_TABLE}_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f(f"fk_{_TABLE}_partner_id")),
        sa.ForeignKeyConstraint(
            ["price_book_id"], ["price_books.price_book_id"], name=op.f(f"fk_{_TABLE}_price_book_id")
        ),
        sa.PrimaryKeyConstraint("dry_run_id", name=op.f(f"pk_{_TABLE}")),
    )
    for column in ("customer_id", "partner_id"):
        op.create_index(op.f(f"ix_{_TABLE}_{column}"), _TABLE, [column], unique=False)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
