"""Manual lines: amounts that no file has, entered for a customer's month.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A new table; nothing that stands changes."""
    op.create_table(
        "manual_lines",
        sa.Column("manual_line_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "entry_number",
            sa.Integer(),
            nullable=False,
            comment="from 1 among the partner's; its place on statements",
        ),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True, comment="NULL = the customer's home currency"),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("cost", AMOUNT, nullable=True, comment="the partner's; no customer sees it"),
        sa.Column("reason", sa.Text(), nullable=False, comment="what the customer reads"),
        sa.Column("invoice_id", sa.Text(), nullable=False, comment="Microsoft's; '' = none"),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True, comment="no run bills it from then on"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_manual_lines_partner_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_manual_lines_customer_id")),
        sa.PrimaryKeyConstraint("manual_line_id", name=op.f("pk_manual_lines")),
        sa.UniqueConstraint("partner_id", "entry_number", name=op.f("uq_manual_lines_partner_id_entry_number")),
    )
    op.create_index(op.f("ix_manual_lines_customer_id"), "manual_lines", ["customer_id"], unique=False)
    op.create_index(
        "ix_manual_lines_of_month", "manual_lines", ["partner_id", "billing_month", "entry_number"], unique=False
    )


def downgrade() -> None:
    """Back to a record without them."""
    op.drop_table("manual_lines")
