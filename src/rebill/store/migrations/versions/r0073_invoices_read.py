"""Which of Microsoft's invoices a sync has read.

Revision ID: 0073
Revises: 0072
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What stands was entered by somebody."""
    column: sa.Column[bool] = sa.Column(
        "is_read", sa.Boolean(), nullable=False, server_default=sa.false(), comment="by a sync"
    )
    op.add_column("microsoft_invoices", column)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
