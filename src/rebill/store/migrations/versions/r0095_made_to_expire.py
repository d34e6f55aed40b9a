"""When a key was made to expire, whatever a rotation made of it since: what replaces it lasts as long.

Revision ID: 0095
Revises: 0094
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of keys of before, the end that they have is taken for the one that they were made with."""
    comment = "expires_at as the key was made; a rotation may end it earlier"
    op.add_column("api_keys", sa.Column("made_to_expire_at", sa.DateTime(timezone=True), comment=comment))
    op.execute("UPDATE api_keys SET made_to_expire_at = expires_at")


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
