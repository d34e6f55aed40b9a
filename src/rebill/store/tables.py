"""The record's tables: one schema for SQLite and PostgreSQL.

Every table but ``partners`` bears ``partner_id``, so that one place (`scope.py`) can keep
partners apart. Ids that callers see are drawn at random (`identity.py`) and never reused.
Tables of some subjects stand in files of their own; all of them are imported from here.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from rebill.store.audit_tables import audit_chains as audit_chains
from rebill.store.audit_tables import audit_entries as audit_entries
from rebill.store.caller_tables import api_keys as api_keys
from rebill.store.caller_tables import call_buckets as call_buckets
from rebill.store.caller_tables import failed_sign_ins as failed_sign_ins
from rebill.store.caller_tables import kept_answers as kept_answers
from rebill.store.caller_tables import openid_subjects as openid_subjects
from rebill.store.caller_tables import passwords as passwords
from rebill.store.caller_tables import users as users
from rebill.store.caller_tables import web_sessions as web_sessions
from rebill.store.closing_tables import acceptances as acceptances
from rebill.store.closing_tables import accepted_lines as accepted_lines
from rebill.store.closing_tables import closing_settings as closing_settings
from rebill.store.closing_tables import closings as closings
from rebill.store.closing_tables import document_numbers as document_numbers
from rebill.store.closing_tables import given_numbers as given_numbers
from rebill.store.closing_tables import voids as voids
from rebill.store.columns import (
    ExactDecimal,
    Instant,
    Month,
    RowId,
    customer_reference,
    listing_position,
    own_id,
    partner_reference,
)
from rebill.store.columns import metadata as metadata
from rebill.store.manual_line_tables import manual_lines as manual_lines
from rebill.store.particulars_tables import billing_details as billing_details
from rebill.store.particulars_tables import document_deliveries as document_deliveries
from rebill.store.particulars_tables import issued_particulars as issued_particulars
from rebill.store.particulars_tables import letterheads as letterheads
from rebill.store.particulars_tables import logos as logos
from rebill.store.particulars_tables import tax_rules as tax_rules
from rebill.store.price_book_tables import price_book_account_assignments as price_book_account_assignments
from rebill.store.price_book_tables import price_book_assignments as price_book_assignments
from rebill.store.price_book_tables import price_book_dry_runs as price_book_dry_runs
from rebill.store.price_book_tables import price_book_specifications as price_book_specifications
from rebill.store.price_book_tables import price_books as price_books
from rebill.store.reconciliation_tables import microsoft_invoices as microsoft_invoices
from rebill.store.statement_tables import runs as runs
from rebill.store.statement_tables import started_runs as started_runs
from rebill.store.statement_tables import statement_lines as statement_lines
from rebill.store.statement_tables import statements as statements
from rebill.store.sync_tables import plan_subscriptions as plan_subscriptions
from rebill.store.sync_tables import syncs as syncs

partners = Table(
    "partners",
    metadata,
    own_id("partner_id"),
    Column("name", Text, nullable=False, unique=True, comment="what commands call it; one for the whole record"),
    Column("shown_name", Text, nullable=False, server_default="", comment="what it calls itself"),
    Column("currency", String(3), nullable=False),
    Column("bill_input_tax", Boolean, nullable=False),
    Column("billing_start", Month),
    Column("created_at", Instant, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    own_id("customer_id"),
    partner_reference(index=False),
    Column("name", Text, nullable=False),
    Column("street1", Text, nullable=False),
    Column("street2", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("zipcode", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("classification", Text, nullable=False),
    Column("trial_expiration", Instant),
    Column("billing_contact", Text, nullable=False),
    Column("billing_folder", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("generated_external_id", String(12), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Index("ix_customers_in_order", "partner_id", "created_at", "customer_id"),
    Index(
        "uq_customers_partner_id_name",
        "partner_id",
        "name",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

customer_terms = Table(
    "customer_terms",
    metadata,
    Column("customer_terms_id", RowId, primary_key=True),
    partner_reference(),
    customer_reference(),
    Column("from_month", Month, nullable=False, comment="in force from this month on; '0000-00' = always"),
    Column("billing_enabled", Boolean, nullable=False),
    Column("basis", Text, nullable=False),
    Column("commitments", Text, nullable=False),
    Column("fallback_markup_percent", ExactDecimal, nullable=False),
    Column("carry_forward", Boolean, nullable=False, server_default=false()),
    Column("late_cost", Text, nullable=False, server_default="partner", comment="model.terms.LateCostTerm"),
    Column("cap_at_list", Boolean, comment="NULL = as partner_guards say"),
    Column("floor_at_cost", Boolean, comment="NULL = as partner_guards say"),
    Column("margin_floor_percent", ExactDecimal, comment="0 = none; NULL = as partner_guards say"),
    Column("home_currency", String(3), comment="of fees and entries that name none; NULL = the partner's"),
    UniqueConstraint("customer_id", "from_month"),
)

partner_guards = Table(
    "partner_guards",
    metadata,
    Column("partner_guards_id", RowId, primary_key=True),
    partner_reference(index=False),
    Column("from_month", Month, nullable=False, comment="in force from this month on; '0000-00' = always"),
    Column("cap_at_list", Boolean, nullable=False),
    Column("floor_at_cost", Boolean, nullable=False),
    Column("margin_floor_percent", ExactDecimal, nullable=False, comment="0 = none"),
    UniqueConstraint("partner_id", "from_month"),
)

accounts = Table(
    "accounts",
    metadata,
    own_id("account_id"),
    partner_reference(index=False),
    Column("kind", Text, nullable=False, comment="model.identifiers.AccountKind"),
    Column("account_key", Text, nullable=False, comment="the form ids are compared in"),
    Column("spelling", Text, nullable=False, comment="as the source spells it"),
    Column("name", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("relationship", Text, nullable=False),
    Column("status", Text, nullable=False, comment="active or gone"),
    Column("first_seen_at", Instant, nullable=False),
    listing_position(),
    Column("last_seen_at", Instant, nullable=False),
    Column("search_text", Text, nullable=False, comment="spelling, name and domain, case-folded by rebill"),
    UniqueConstraint("partner_id", "kind", "account_key"),
    Index("ix_accounts_in_order", "partner_id", "kind", "first_seen_at", "listing_position", "account_id"),
)

_LISTED = (
    "kind",
    "created_at",
    "listing_position",
    "assignment_id",
    "withdrawn_at",
    "effective_from",
    "effective_to",
)
"""What lists of assignments are ordered and chosen by: an index with all of it can count one, and leaf through it."""
assignments = Table(
    "assignments",
    metadata,
    own_id("assignment_id"),
    partner_reference(index=False),
    customer_reference(index=False),
    Column("account_id", ForeignKey("accounts.account_id"), nullable=False),
    Column("kind", Text, nullable=False, server_default="", comment="its account's: lists are read from one index"),
    Column("effective_from", Date, comment="inclusive; NULL = from the beginning"),
    Column("effective_to", Date, comment="exclusive; NULL = open"),
    Column("created_at", Instant, nullable=False),
    listing_position(),
    Column("updated_at", Instant, nullable=False),
    Column("withdrawn_at", Instant, comment="taken back as if never made"),
    CheckConstraint("effective_from < effective_to", name="days"),
    # Both columns: a planner without statistics would else look up a whole partner for each account.
    Index("ix_assignments_account_id", "account_id", "partner_id"),
    Index("ix_assignments_in_order", "partner_id", *_LISTED),
    Index("ix_assignments_of_customer_in_order", "customer_id", "partner_id", *_LISTED),
    comment="No two that are not withdrawn overlap for one account: triggers see to it",
)

data_sets = Table(
    "data_sets",
    metadata,
    own_id("data_set_id"),
    partner_reference(),
    Column("source_kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("billing_month", Month, nullable=False),
    Column("layout", Text, nullable=False),
    Column("delivery_sha256", String(64), nullable=False),
    Column("line_count", BigInteger, nullable=False),
    Column("reject_count", BigInteger, nullable=False),
    Column("files", JSON, nullable=False, comment="[{name, sha256, rows, ...}] of the delivery"),
    Column("parts", JSON, nullable=False, comment="[{path, sha256, rows}] in the lake"),
    Column("sums", JSON, nullable=False, comment="[{currency, partner_cost}], exact decimal text"),
    Column("manifest_sha256", String(64), nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("replaced_at", Instant, comment="NULL = in force"),
    Column("overlap_reason", Text),
    Column("greatest_usage_days", BigInteger, comment="of its longest usage, rounded up; NULL = never counted"),
    Column("source_version", Text, comment="of two deliveries of a name the greater is the newer; NULL = not told"),
    Column("covered_from", Date, comment="the first day that the delivery is of; NULL = not told"),
    Column("covered_to", Date, comment="the last of them"),
    Column("invoice_lines", BigInteger, comment="lines that name an invoice; NULL = never counted"),
    Index(
        "uq_data_sets_in_force",
        "partner_id",
        "source_kind",
        "scope",
        "view",
        "billing_month",
        unique=True,
        sqlite_where=text("replaced_at IS NULL"),
        postgresql_where=text("replaced_at IS NULL"),
    ),
)

billing_rules = Table(
    "billing_rules",
    metadata,
    own_id("billing_rule_id"),
    partner_reference(index=False),
    Column("name", Text, nullable=False),
    Column("cloud", Text, nullable=False),
    Column("rule_type", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Column("ended_from_month", Month, comment="of a deleted rule: not in force from this month on"),
    Index("ix_billing_rules_in_order", "partner_id", "created_at", "billing_rule_id"),
    Index(
        "uq_billing_rules_partner_id_name",
        "partner_id",
        "name",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

billing_rule_versions = Table(
    "billing_rule_versions",
    metadata,
    Column("billing_rule_version_id", RowId, primary_key=True),
    partner_reference(),
    Column("billing_rule_id", ForeignKey("billing_rules.billing_rule_id"), nullable=False),
    Column("from_month", Month, nullable=False, comment="in force from this month on; '0000-00' = always"),
    Column("start_month", Month, nullable=False),
    Column("end_month", Month, comment="inclusive; NULL = without end"),
    Column("frequency", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("support_tier", Text, nullable=False),
    Column("sign", Text, nullable=False),
    Column("fee", ExactDecimal),
    Column("percent", ExactDecimal),
    Column("minimum_fee", ExactDecimal),
    Column("tiers", JSON(none_as_null=True), comment="[{from_spend, percent}], exact decimal text"),
    Column("as_line", Boolean, nullable=False),
    Column("currency", String(3), comment="of the fee; NULL = the customer's home currency"),
    Column("product_name", Text, nullable=False),
    Column("product_description", Text, nullable=False),
    Column("every_csp_customer", Boolean, nullable=False),
    Column("every_target_customer", Boolean, nullable=False),
    UniqueConstraint("billing_rule_id", "from_month"),
)

billing_rule_customers = Table(
    "billing_rule_customers",
    metadata,
    Column("billing_rule_customer_id", RowId, primary_key=True),
    partner_reference(),
    Column(
        "billing_rule_version_id",
        ForeignKey("billing_rule_versions.billing_rule_version_id"),
        nullable=False,
        index=True,
    ),
    customer_reference(),
    Column("chosen_as", Text, nullable=False, comment="csp, target, or agreement"),
    Column("agreement_id", Text, comment="of an Azure enterprise agreement, folded"),
    CheckConstraint("(agreement_id IS NOT NULL) = (chosen_as = 'agreement')", name="agreement"),
)
