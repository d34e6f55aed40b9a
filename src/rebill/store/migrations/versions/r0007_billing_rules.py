"""Partner billing rules, kept by versions.

Revision ID: 0007
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0007"
down_revision = "0001"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; the version before does not know them."""
    _billing_rules()
    _billing_rule_versions()
    _billing_rule_customers()


def downgrade() -> None:
    """A rule may have been billed by: going back is done with a backup."""
    raise NoWayBack


def _billing_rules() -> None:
    op.create_table(
        "billing_rules",
        sa.Column("billing_rule_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cloud", sa.Text(), nullable=False),
        sa.Column("rule_type", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.Column(
            "ended_from_month",
            sa.String(length=7),
            nullable=True,
            comment="of a deleted rule: not in force from this month on",
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_billing_rules_partner_id")),
        sa.PrimaryKeyConstraint("billing_rule_id", name=op.f("pk_billing_rules")),
    )
    op.create_index(
        "ix_billing_rules_in_order", "billing_rules", ["partner_id", "created_at", "billing_rule_id"], unique=False
    )
    op.create_index(
        "uq_billing_rules_partner_id_name",
        "billing_rules",
        ["partner_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _billing_rule_versions() -> None:
    op.create_table(
        "billing_rule_versions",
        sa.Column("billing_rule_version_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_rule_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "from_month",
            sa.String(length=7),
            nullable=False,
            comment="in force from this month on; '0000-00' = always",
        ),
        sa.Column("start_month", sa.String(length=7), nullable=False),
        sa.Column("end_month", sa.String(length=7), nullable=True, comment="inclusive; NULL = without end"),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("support_tier", sa.Text(), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("fee", AMOUNT, nullable=True),
        sa.Column("percent", AMOUNT, nullable=True),
        sa.Column("minimum_fee", AMOUNT, nullable=True),
        sa.Column("tiers", sa.JSON(), nullable=True, comment="[{from_spend, percent}], exact decimal text"),
        sa.Column("as_line", sa.Boolean(), nullable=False),
        sa.Column(
            "currency", sa.String(length=3), nullable=True, comment="of the fee; NULL = the customer's home currency"
        ),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("product_description", sa.Text(), nullable=False),
        sa.Column("every_csp_customer", sa.Boolean(), nullable=False),
        sa.Column("every_target_customer", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["billing_rule_id"],
            ["billing_rules.billing_rule_id"],
            name=op.f("fk_billing_rule_versions_billing_rule_id"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name=op.f("fk_billing_rule_versions_partner_id")
        ),
        sa.PrimaryKeyConstraint("billing_rule_version_id", name=op.f("pk_billing_rule_versions")),
        sa.UniqueConstraint(
            "billing_rule_id", "from_month", name=op.f("uq_billing_rule_versions_billing_rule_id_from_month")
        ),
    )
    op.create_index("ix_billing_rule_versions_partner_id", "billing_rule_versions", ["partner_id"], unique=False)


def _billing_rule_customers() -> None:
    op.create_table(
        "billing_rule_customers",
        sa.Column("billing_rule_customer_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_rule_version_id", ROW_ID, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("chosen_as", sa.Text(), nullable=False, comment="csp, target, or agreement"),
        sa.Column("agreement_id", sa.BigInteger(), nullable=True, comment="of an Azure enterprise agreement"),
        sa.CheckConstraint(
            "(agreement_id IS NOT NULL) = (chosen_as = 'agreement')", name=op.f("ck_billing_rule_customers_agreement")
        ),
        sa.ForeignKeyConstraint(
            ["billing_rule_version_id"],
            ["billing_rule_versions.billing_rule_version_id"],
            name=op.f("fk_billing_rule_customers_billing_rule_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_billing_rule_customers_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name=op.f("fk_billing_rule_customers_partner_id")
        ),
        sa.PrimaryKeyConstraint("billing_rule_customer_id", name=op.f("pk_billing_rule_customers")),
    )
    for column in ("billing_rule_version_id", "customer_id", "partner_id"):
        op.create_index(op.f(f"ix_billing_rule_customers_{column}"), "billing_rule_customers", [column], unique=False)
