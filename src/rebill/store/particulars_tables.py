"""The record's tables of what documents show of partners and customers, and of tax."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, text

from rebill.store.columns import ExactDecimal, Instant, Month, RowId, customer_reference, metadata, partner_reference

letterheads = Table(
    "letterheads",
    metadata,
    Column("partner_id", ForeignKey("partners.partner_id"), primary_key=True, autoincrement=False),
    Column("letterhead", JSON, nullable=False, comment="model.particulars.Letterhead, field by field"),
)

logos = Table(
    "logos",
    metadata,
    Column("partner_id", ForeignKey("partners.partner_id"), primary_key=True, autoincrement=False),
    Column("sha256", String(64), primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("content", Text, nullable=False, comment="base64"),
    comment="Kept for ever: issued documents name them by their hash",
)

billing_details = Table(
    "billing_details",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True, autoincrement=False),
    partner_reference(),
    Column("details", JSON, nullable=False, comment="model.particulars.BillingDetails, field by field"),
)

_GENERAL = text("customer_id IS NULL")
_OWN = text("customer_id IS NOT NULL")
tax_rules = Table(
    "tax_rules",
    metadata,
    Column("tax_rule_id", RowId, primary_key=True),
    partner_reference(index=False),
    customer_reference(nullable=True, index=False),
    Column("lines", Text, nullable=False, comment="model.tax.TaxedLines"),
    Column("from_month", Month, nullable=False, comment="in force from this month on; '0000-00' = always"),
    Column("category", Text, nullable=False, comment="model.tax.TaxCategory"),
    Column("percent", ExactDecimal, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(
        "uq_tax_rules_general",
        "partner_id",
        "lines",
        "from_month",
        unique=True,
        sqlite_where=_GENERAL,
        postgresql_where=_GENERAL,
    ),
    Index(
        "uq_tax_rules_of_customer",
        "partner_id",
        "customer_id",
        "lines",
        "from_month",
        unique=True,
        sqlite_where=_OWN,
        postgresql_where=_OWN,
    ),
)

document_deliveries = Table(
    "document_deliveries",
    metadata,
    Column("statement_id", ForeignKey("statements.statement_id"), primary_key=True, autoincrement=False),
    Column("way", Text, primary_key=True, comment="model.document_delivery.DeliveryWay"),
    partner_reference(),
    customer_reference(),
    Column("target", Text, nullable=False),
    Column("state", Text, nullable=False, comment="model.document_delivery.DeliveryState"),
    Column("attempts", Integer, nullable=False),
    Column("fault", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("due_at", Instant, comment="from when on a server brings it by itself; NULL = it does not"),
    Index("ix_document_deliveries_due_at", "due_at"),
)

issued_particulars = Table(
    "issued_particulars",
    metadata,
    Column("statement_id", ForeignKey("statements.statement_id"), primary_key=True, autoincrement=False),
    partner_reference(index=False),
    Column("particulars", JSON, nullable=False, comment="model.particulars.Particulars as it was when issued"),
    comment="The database itself refuses to change them",
)
