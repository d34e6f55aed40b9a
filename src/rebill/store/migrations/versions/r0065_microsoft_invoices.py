"""Microsoft's invoices, to compare imported cost with, and how much it may differ from them.

Revision ID: 0065
Revises: 0052
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0065"
down_revision = "0052"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")
INSTANT = sa.DateTime(timezone=True)
IN_FORCE = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    """A new table; partners' rules for closing get the tolerance that holds where nobody says otherwise."""
    op.create_table(
        "microsoft_invoices",
        sa.Column("microsoft_invoice_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="Microsoft's"),
        sa.Column("kind", sa.Text(), nullable=False, comment="model.microsoft_invoice.InvoiceKind"),
        sa.Column(
            "amends", sa.Text(), nullable=False, comment="the number of the invoice that a note belongs to; '' = none"
        ),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", AMOUNT, nullable=False, comment="before tax, signed as it counts"),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column(
            "withdrawn_at",
            INSTANT,
            nullable=True,
            comment="NULL = in force; an invoice entered anew withdraws what was entered",
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_microsoft_invoices_partner_id")),
        sa.PrimaryKeyConstraint("microsoft_invoice_id", name=op.f("pk_microsoft_invoices")),
    )
    op.create_index(
        "ix_microsoft_invoices_in_order", "microsoft_invoices", ["partner_id", "entered_at", "microsoft_invoice_id"]
    )
    op.create_index(
        "uq_microsoft_invoices_in_force",
        "microsoft_invoices",
        ["partner_id", "number"],
        unique=True,
        sqlite_where=IN_FORCE,
        postgresql_where=IN_FORCE,
    )
    percent = sa.Column("tolerance_percent", AMOUNT, nullable=False, server_default="0.5", comment="of an invoice")
    amount = sa.Column("tolerance_amount", AMOUNT, nullable=False, server_default="5", comment="in any currency")
    op.add_column("closing_settings", percent)
    op.add_column("closing_settings", amount)


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
