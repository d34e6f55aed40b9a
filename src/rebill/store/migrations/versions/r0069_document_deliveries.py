"""What became of documents that are delivered to customers.

Revision ID: 0069
Revises: 0070
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0069"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was delivered yet."""
    moment = sa.DateTime(timezone=True)
    statement = sa.ForeignKey("statements.statement_id")
    op.create_table(
        "document_deliveries",
        sa.Column("statement_id", sa.BigInteger(), statement, primary_key=True, autoincrement=False),
        sa.Column("way", sa.Text(), primary_key=True, comment="model.document_delivery.DeliveryWay"),
        sa.Column("partner_id", sa.BigInteger(), sa.ForeignKey("partners.partner_id"), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.customer_id"), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="model.document_delivery.DeliveryState"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("changed_at", moment, nullable=False),
    )
    op.create_index("ix_document_deliveries_partner_id", "document_deliveries", ["partner_id"])
    op.create_index("ix_document_deliveries_customer_id", "document_deliveries", ["customer_id"])


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
