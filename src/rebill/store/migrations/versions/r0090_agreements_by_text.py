"""Enterprise agreements are named by text: many ids of billing accounts are no numbers.

Revision ID: 0090
Revises: 0083
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0090"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The numbers that stand there become their texts."""
    with op.batch_alter_table("billing_rule_customers") as customers:
        customers.alter_column(
            "agreement_id",
            existing_type=sa.BigInteger(),
            existing_nullable=True,
            type_=sa.Text(),
            comment="of an Azure enterprise agreement, folded",
            existing_comment="of an Azure enterprise agreement",
            postgresql_using="agreement_id::text",
        )


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
