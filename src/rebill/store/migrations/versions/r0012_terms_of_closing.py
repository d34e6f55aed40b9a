"""Customers' terms say whether credit is carried forward, and how late cost reaches them.

Revision ID: 0012
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was agreed before stays: nothing is carried, and late cost comes as the partner's settings say."""
    carry: sa.Column[bool] = sa.Column("carry_forward", sa.Boolean(), nullable=False, server_default=sa.false())
    said_by = "model.terms.LateCostTerm"
    late = sa.Column("late_cost", sa.Text(), nullable=False, server_default="partner", comment=said_by)
    op.add_column("customer_terms", carry)
    op.add_column("customer_terms", late)


def downgrade() -> None:
    """Back to terms that do not say."""
    op.drop_column("customer_terms", "late_cost")
    op.drop_column("customer_terms", "carry_forward")
