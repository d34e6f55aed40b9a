"""The partner has guards for all customers; a customer's own guard overrides it, or there is none of its own.

Revision ID: 0071
Revises: 0074
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0071"
down_revision = "0074"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Where a customer had no guard it follows the partner's, which has none yet."""
    op.create_table(
        "partner_guards",
        sa.Column("partner_guards_id", ROW_ID, primary_key=True),
        sa.Column("partner_id", sa.BigInteger(), sa.ForeignKey("partners.partner_id"), nullable=False),
        sa.Column(
            "from_month",
            sa.String(length=7),
            nullable=False,
            comment="in force from this month on; '0000-00' = always",
        ),
        sa.Column("cap_at_list", sa.Boolean(), nullable=False),
        sa.Column("floor_at_cost", sa.Boolean(), nullable=False),
        sa.Column("margin_floor_percent", AMOUNT, nullable=False, comment="0 = none"),
        sa.UniqueConstraint("partner_id", "from_month"),
    )
    follows = "NULL = as partner_guards say"
    with op.batch_alter_table("customer_terms") as terms:
        for name in ("cap_at_list", "floor_at_cost"):
            terms.alter_column(name, existing_type=sa.Boolean(), nullable=True, server_default=None, comment=follows)
        terms.alter_column(
            "margin_floor_percent",
            existing_type=AMOUNT,
            nullable=True,
            server_default=None,
            comment=f"0 = none; {follows}",
        )
    op.execute("UPDATE customer_terms SET cap_at_list = NULL WHERE NOT cap_at_list")
    op.execute("UPDATE customer_terms SET floor_at_cost = NULL WHERE NOT floor_at_cost")
    zero = "margin_floor_percent IN ('0', '0.000000000000')" if _is_sqlite() else "margin_floor_percent = 0"
    op.execute(f"UPDATE customer_terms SET margin_floor_percent = NULL WHERE {zero}")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
