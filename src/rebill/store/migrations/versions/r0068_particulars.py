"""Documents show letterheads, customers' details and tax; issued ones as they were when they were issued.

Revision ID: 0068
Revises: 0063
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0068"
down_revision = "0063"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

_POSTGRESQL = (
    "CREATE TRIGGER issued_particulars_emptied BEFORE TRUNCATE ON issued_particulars "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_issued()",
    "CREATE TRIGGER issued_particulars_kept BEFORE UPDATE OR DELETE ON issued_particulars "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_issued()",
)
_SQLITE = tuple(
    f"CREATE TRIGGER issued_particulars_{act.lower()} BEFORE {act} ON issued_particulars "
    "BEGIN SELECT RAISE(ABORT, 'an issued document never changes'); END"
    for act in ("UPDATE", "DELETE")
)


def _partner() -> sa.Column[int]:
    return sa.Column("partner_id", sa.BigInteger(), sa.ForeignKey("partners.partner_id"), nullable=False)


def upgrade() -> None:
    """Nothing is known of any partner or customer yet: documents show names, addresses and net totals."""
    op.create_table(
        "letterheads",
        _own("partner_id", "partners.partner_id"),
        sa.Column("letterhead", sa.JSON(), nullable=False, comment="model.particulars.Letterhead, field by field"),
    )
    op.create_table(
        "logos",
        _own("partner_id", "partners.partner_id"),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="base64"),
        comment="Kept for ever: issued documents name them by their hash",
    )
    op.create_table(
        "billing_details",
        _own("customer_id", "customers.customer_id"),
        _partner(),
        sa.Column("details", sa.JSON(), nullable=False, comment="model.particulars.BillingDetails, field by field"),
    )
    op.create_index("ix_billing_details_partner_id", "billing_details", ["partner_id"])
    _tax_rules()
    op.create_table(
        "issued_particulars",
        _own("statement_id", "statements.statement_id"),
        _partner(),
        sa.Column(
            "particulars",
            sa.JSON(),
            nullable=False,
            comment="model.particulars.Particulars as it was when issued",
        ),
        comment="The database itself refuses to change them",
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def _own(name: str, reference: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey(reference), primary_key=True, autoincrement=False)


def _tax_rules() -> None:
    op.create_table(
        "tax_rules",
        sa.Column("tax_rule_id", ROW_ID, primary_key=True),
        _partner(),
        sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.customer_id")),
        sa.Column("lines", sa.Text(), nullable=False, comment="model.tax.TaxedLines"),
        sa.Column(
            "from_month", sa.String(7), nullable=False, comment="in force from this month on; '0000-00' = always"
        ),
        sa.Column("category", sa.Text(), nullable=False, comment="model.tax.TaxCategory"),
        sa.Column("percent", AMOUNT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
    )
    for name, columns, where in (
        ("uq_tax_rules_general", ("partner_id", "lines", "from_month"), "customer_id IS NULL"),
        ("uq_tax_rules_of_customer", ("partner_id", "customer_id", "lines", "from_month"), "customer_id IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(
            name, "tax_rules", list(columns), unique=True, sqlite_where=condition, postgresql_where=condition
        )


def downgrade() -> None:
    """Going back is done with a backup, as everywhere."""
    raise NoWayBack
