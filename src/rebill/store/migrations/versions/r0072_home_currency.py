"""A customer may have a home currency of its own.

Revision ID: 0072
Revises: 0071
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every customer keeps the partner's."""
    says = "of fees and entries that name none; NULL = the partner's"
    op.add_column("customer_terms", sa.Column("home_currency", sa.String(length=3), nullable=True, comment=says))


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
