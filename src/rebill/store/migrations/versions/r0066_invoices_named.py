"""Data sets know how many of their lines name an invoice, and partners what moves oddly from month to month.

Revision ID: 0066
Revises: 0061
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0066"
down_revision = "0061"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")


def upgrade() -> None:
    """Of what was imported before, nobody counted."""
    lines = sa.Column("invoice_lines", sa.BigInteger(), comment="lines that name an invoice; NULL = never counted")
    op.add_column("data_sets", lines)
    percent = sa.Column("movement_percent", AMOUNT, nullable=False, server_default="25", comment="more is odd")
    op.add_column("closing_settings", percent)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
