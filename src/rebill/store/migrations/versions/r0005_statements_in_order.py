"""Statements are listed page by page in order of creation: an index that begins with the partner has that order.

Revision ID: 0005
Revises: 0007
"""

from alembic import op

revision = "0005"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The longer index serves what the one of the partner alone did."""
    op.create_index("ix_statements_in_order", "statements", ["partner_id", "created_at", "statement_id"], unique=False)
    op.drop_index(op.f("ix_statements_partner_id"), table_name="statements")


def downgrade() -> None:
    """Back to the index of the partner alone."""
    op.create_index(op.f("ix_statements_partner_id"), "statements", ["partner_id"], unique=False)
    op.drop_index("ix_statements_in_order", table_name="statements")
