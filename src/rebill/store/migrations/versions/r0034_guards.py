"""Customers' terms hold prices within bounds: never above list, never below cost, so much margin at least.

Revision ID: 0034
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0015"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")


def upgrade() -> None:
    """What was agreed before stays: no bounds."""
    cap: sa.Column[bool] = sa.Column("cap_at_list", sa.Boolean(), nullable=False, server_default=sa.false())
    floor: sa.Column[bool] = sa.Column("floor_at_cost", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("customer_terms", cap)
    op.add_column("customer_terms", floor)
    margin = sa.Column("margin_floor_percent", AMOUNT, nullable=False, server_default="0", comment="0 = none")
    op.add_column("customer_terms", margin)


def downgrade() -> None:
    """Back to terms without bounds."""
    for column in ("margin_floor_percent", "floor_at_cost", "cap_at_list"):
        op.drop_column("customer_terms", column)
