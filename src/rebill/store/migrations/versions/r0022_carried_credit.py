"""The credit that issued documents carry is found without reading the others.

Revision ID: 0022
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index of the few documents that have a carry line."""
    carried = sa.text("carried_minor_units <> 0")
    columns = ["partner_id", "customer_id", "currency"]
    op.create_index(
        "ix_statements_carried", "statements", columns, sqlite_where=carried, postgresql_where=carried, unique=False
    )


def downgrade() -> None:
    """Back to reading them all."""
    op.drop_index("ix_statements_carried", table_name="statements")
