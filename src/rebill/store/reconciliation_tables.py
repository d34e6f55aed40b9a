"""The record's table of Microsoft's invoices, as the partner entered them or a sync read them."""

from sqlalchemy import Boolean, Column, Index, String, Table, Text, false, text

from rebill.store.columns import ExactDecimal, Instant, Month, metadata, own_id, partner_reference

microsoft_invoices = Table(
    "microsoft_invoices",
    metadata,
    own_id("microsoft_invoice_id"),
    partner_reference(index=False),
    Column("number", Text, nullable=False, comment="Microsoft's"),
    Column("kind", Text, nullable=False, comment="model.microsoft_invoice.InvoiceKind"),
    Column("amends", Text, nullable=False, comment="the number of the invoice that a note belongs to; '' = none"),
    Column("billing_month", Month, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total", ExactDecimal, nullable=False, comment="before tax, signed as it counts"),
    Column("entered_at", Instant, nullable=False),
    Column("withdrawn_at", Instant, comment="NULL = in force; an invoice entered anew withdraws what was entered"),
    Column("is_read", Boolean, nullable=False, server_default=false(), comment="by a sync"),
    Index("ix_microsoft_invoices_in_order", "partner_id", "entered_at", "microsoft_invoice_id"),
    Index(
        "uq_microsoft_invoices_in_force",
        "partner_id",
        "number",
        unique=True,
        sqlite_where=text("withdrawn_at IS NULL"),
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
)
