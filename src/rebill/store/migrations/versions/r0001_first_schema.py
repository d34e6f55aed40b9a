"""The first schema of the record.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_NO_OVERLAP_POSTGRESQL = """
ALTER TABLE assignments ADD CONSTRAINT ex_assignments_overlap EXCLUDE USING gist (
    int8range(account_id, account_id, '[]') WITH &&,
    daterange(effective_from, effective_to) WITH &&
) WHERE (withdrawn_at IS NULL)
"""
_NO_OVERLAP_SQLITE = """
CREATE TRIGGER assignments_overlap_on_{act} BEFORE {act} ON assignments
WHEN NEW.withdrawn_at IS NULL AND EXISTS (
    SELECT 1 FROM assignments AS other
    WHERE other.account_id = NEW.account_id
      AND other.withdrawn_at IS NULL
      {but_itself}
      AND (other.effective_from IS NULL OR NEW.effective_to IS NULL OR other.effective_from < NEW.effective_to)
      AND (other.effective_to IS NULL OR NEW.effective_from IS NULL OR NEW.effective_from < other.effective_to)
)
BEGIN
    SELECT RAISE(ABORT, 'assignment overlap');
END
"""


def upgrade() -> None:
    """Create every table; the database itself refuses overlapping assignments."""
    _partners()
    _accounts()
    _customers()
    _data_sets()
    _price_books()
    _runs()
    _api_keys()
    _assignments()
    _customer_accounts()
    _customer_terms()
    _price_book_assignments()
    _price_rules()
    _statements()
    _statement_lines()
    _refuse_overlaps()


def downgrade() -> None:
    """There is nothing before the first schema."""
    # A downgrade would drop every bill there is; going back is done with a backup, never by a migration.
    raise NoWayBack


def _refuse_overlaps() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_NO_OVERLAP_POSTGRESQL)
        return
    op.execute(_NO_OVERLAP_SQLITE.format(act="INSERT", but_itself=""))
    op.execute(_NO_OVERLAP_SQLITE.format(act="UPDATE", but_itself="AND other.assignment_id <> OLD.assignment_id"))


def _listing_position() -> sa.Column[int]:
    return sa.Column(
        "listing_position", sa.Integer(), nullable=False, comment="from 0 among the partner's of one moment"
    )


def _partners() -> None:
    op.create_table(
        "partners",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("bill_input_tax", sa.Boolean(), nullable=False),
        sa.Column("billing_start", sa.String(length=7), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_partners")),
        sa.UniqueConstraint("name", name=op.f("uq_partners_name")),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="model.identifiers.AccountKind"),
        sa.Column("account_key", sa.Text(), nullable=False, comment="the form ids are compared in"),
        sa.Column("spelling", sa.Text(), nullable=False, comment="as the source spells it"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("relationship", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="active or gone"),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        _listing_position(),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False, comment="spelling, name and domain, case-folded by rebill"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_accounts_partner_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("partner_id", "kind", "account_key", name=op.f("uq_accounts_partner_id_kind_account_key")),
    )
    op.create_index(
        "ix_accounts_in_order",
        "accounts",
        ["partner_id", "kind", "first_seen_at", "listing_position", "account_id"],
        unique=False,
    )


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("street1", sa.Text(), nullable=False),
        sa.Column("street2", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("zipcode", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("trial_expiration", INSTANT, nullable=True),
        sa.Column("billing_contact", sa.Text(), nullable=False),
        sa.Column("billing_folder", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("generated_external_id", sa.String(length=12), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_customers_partner_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customers")),
    )
    op.create_index("ix_customers_in_order", "customers", ["partner_id", "created_at", "customer_id"], unique=False)
    op.create_index(
        "uq_customers_partner_id_name",
        "customers",
        ["partner_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _data_sets() -> None:
    op.create_table(
        "data_sets",
        sa.Column("data_set_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("delivery_sha256", sa.String(length=64), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("reject_count", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False, comment="[{name, sha256, rows, ...}] of the delivery"),
        sa.Column("parts", sa.JSON(), nullable=False, comment="[{path, sha256, rows}] in the lake"),
        sa.Column("sums", sa.JSON(), nullable=False, comment="[{currency, partner_cost}], exact decimal text"),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("imported_at", INSTANT, nullable=False),
        sa.Column("replaced_at", INSTANT, nullable=True, comment="NULL = in force"),
        sa.Column("overlap_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_data_sets_partner_id")),
        sa.PrimaryKeyConstraint("data_set_id", name=op.f("pk_data_sets")),
    )
    op.create_index(op.f("ix_data_sets_partner_id"), "data_sets", ["partner_id"], unique=False)
    op.create_index(
        "uq_data_sets_in_force",
        "data_sets",
        ["partner_id", "source_kind", "scope", "view", "billing_month"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )


def _price_books() -> None:
    op.create_table(
        "price_books",
        sa.Column("price_book_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("book_name", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_price_books_partner_id")),
        sa.PrimaryKeyConstraint("price_book_id", name=op.f("pk_price_books")),
        sa.UniqueConstraint("partner_id", "book_name", name=op.f("uq_price_books_partner_id_book_name")),
    )
    op.create_index(op.f("ix_price_books_partner_id"), "price_books", ["partner_id"], unique=False)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="NULL = every customer"),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("outcome_sha256", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False, comment="of its manifest and rated lines, relative to the lake"),
        sa.Column("balance", sa.JSON(), nullable=False, comment="[{currency, imported, ...}], exact decimal text"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_runs_partner_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_billing_month"), "runs", ["billing_month"], unique=False)
    op.create_index(op.f("ix_runs_partner_id"), "runs", ["partner_id"], unique=False)


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("lookup", sa.String(length=32), nullable=False, comment="the key's public part; finds the row"),
        sa.Column(
            "secret_sha256", sa.String(length=64), nullable=False, comment="of the key's secret part (256 random bits)"
        ),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(customer_id IS NULL) = (role <> 'customer_read_only')", name=op.f("ck_api_keys_customer_role")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_api_keys_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_api_keys_partner_id")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("lookup", name=op.f("uq_api_keys_lookup")),
    )
    op.create_index(op.f("ix_api_keys_customer_id"), "api_keys", ["customer_id"], unique=False)
    op.create_index(op.f("ix_api_keys_partner_id"), "api_keys", ["partner_id"], unique=False)


def _assignments() -> None:
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True, comment="inclusive; NULL = from the beginning"),
        sa.Column("effective_to", sa.Date(), nullable=True, comment="exclusive; NULL = open"),
        sa.Column("created_at", INSTANT, nullable=False),
        _listing_position(),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True, comment="taken back as if never made"),
        sa.CheckConstraint("effective_from < effective_to", name=op.f("ck_assignments_days")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_assignments_account_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_assignments_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_assignments_partner_id")),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_assignments")),
        comment="No two that are not withdrawn overlap for one account: the first migration sees to it",
    )
    op.create_index("ix_assignments_account_id", "assignments", ["account_id", "partner_id"], unique=False)
    order = ["created_at", "listing_position", "assignment_id"]
    op.create_index("ix_assignments_in_order", "assignments", ["partner_id", *order], unique=False)
    op.create_index("ix_assignments_of_customer_in_order", "assignments", ["customer_id", *order], unique=False)


def _customer_accounts() -> None:
    op.create_table(
        "customer_accounts",
        sa.Column("customer_account_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_customer_accounts_account_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_customer_accounts_customer_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_customer_accounts_partner_id")),
        sa.PrimaryKeyConstraint("customer_account_id", name=op.f("pk_customer_accounts")),
        sa.UniqueConstraint("customer_id", "account_id", name=op.f("uq_customer_accounts_customer_id_account_id")),
    )
    op.create_index(op.f("ix_customer_accounts_account_id"), "customer_accounts", ["account_id"], unique=False)
    op.create_index(op.f("ix_customer_accounts_customer_id"), "customer_accounts", ["customer_id"], unique=False)
    op.create_index(op.f("ix_customer_accounts_partner_id"), "customer_accounts", ["partner_id"], unique=False)


def _customer_terms() -> None:
    op.create_table(
        "customer_terms",
        sa.Column("customer_terms_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "from_month", sa.String(length=7), nullable=False, comment="in force from this month on; '0000-00' = always"
        ),
        sa.Column("billing_enabled", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("commitments", sa.Text(), nullable=False),
        sa.Column("fallback_markup_percent", AMOUNT, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_customer_terms_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_customer_terms_partner_id")),
        sa.PrimaryKeyConstraint("customer_terms_id", name=op.f("pk_customer_terms")),
        sa.UniqueConstraint("customer_id", "from_month", name=op.f("uq_customer_terms_customer_id_from_month")),
    )
    op.create_index(op.f("ix_customer_terms_customer_id"), "customer_terms", ["customer_id"], unique=False)
    op.create_index(op.f("ix_customer_terms_partner_id"), "customer_terms", ["partner_id"], unique=False)


def _price_book_assignments() -> None:
    op.create_table(
        "price_book_assignments",
        sa.Column("price_book_assignment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("price_book_id", sa.BigInteger(), nullable=False),
        sa.Column("from_month", sa.String(length=7), nullable=False, comment="'0000-00' = always"),
        sa.Column("account_key", sa.Text(), nullable=False, comment="the account it prices; '*' = all of the customer"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_price_book_assignments_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name=op.f("fk_price_book_assignments_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["price_book_id"], ["price_books.price_book_id"], name=op.f("fk_price_book_assignments_price_book_id")
        ),
        sa.PrimaryKeyConstraint("price_book_assignment_id", name=op.f("pk_price_book_assignments")),
        sa.UniqueConstraint(
            "customer_id",
            "account_key",
            "from_month",
            name=op.f("uq_price_book_assignments_customer_id_account_key_from_month"),
        ),
    )
    op.create_index(
        op.f("ix_price_book_assignments_customer_id"), "price_book_assignments", ["customer_id"], unique=False
    )
    op.create_index(
        op.f("ix_price_book_assignments_partner_id"), "price_book_assignments", ["partner_id"], unique=False
    )


def _price_rules() -> None:
    op.create_table(
        "price_rules",
        sa.Column("price_rule_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("price_book_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="from 1; the first match prices the line"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("percent", AMOUNT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_price_rules_partner_id")),
        sa.ForeignKeyConstraint(
            ["price_book_id"], ["price_books.price_book_id"], name=op.f("fk_price_rules_price_book_id")
        ),
        sa.PrimaryKeyConstraint("price_rule_id", name=op.f("pk_price_rules")),
        sa.UniqueConstraint("price_book_id", "position", name=op.f("uq_price_rules_price_book_id_position")),
    )
    op.create_index(op.f("ix_price_rules_partner_id"), "price_rules", ["partner_id"], unique=False)


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("statement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("total_minor_units", sa.BigInteger(), nullable=False),
        sa.Column("statement_cost", AMOUNT, nullable=False, comment="the partner's; no customer sees it"),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_statements_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_statements_partner_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_statements_run_id")),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_statements")),
        sa.UniqueConstraint(
            "customer_id", "billing_month", "currency", name=op.f("uq_statements_customer_id_billing_month_currency")
        ),
    )
    op.create_index(op.f("ix_statements_billing_month"), "statements", ["billing_month"], unique=False)
    op.create_index(op.f("ix_statements_customer_id"), "statements", ["customer_id"], unique=False)
    op.create_index(op.f("ix_statements_partner_id"), "statements", ["partner_id"], unique=False)


def _statement_lines() -> None:
    op.create_table(
        "statement_lines",
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("subscription", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("charge_category", sa.Text(), nullable=True),
        sa.Column("quantity", AMOUNT, nullable=True),
        sa.Column("pricing_unit", sa.Text(), nullable=True),
        sa.Column("exact_amount", AMOUNT, nullable=False),
        sa.Column("amount_minor_units", sa.BigInteger(), nullable=False),
        sa.Column("charge_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_statement_lines_partner_id")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.statement_id"], name=op.f("fk_statement_lines_statement_id")
        ),
        sa.PrimaryKeyConstraint("statement_id", "number", name=op.f("pk_statement_lines")),
    )
    op.create_index(op.f("ix_statement_lines_partner_id"), "statement_lines", ["partner_id"], unique=False)
