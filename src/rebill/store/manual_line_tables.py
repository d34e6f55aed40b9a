"""The record's table of manual lines."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from rebill.store.columns import ExactDecimal, Instant, Month, customer_reference, metadata, own_id, partner_reference

manual_lines = Table(
    "manual_lines",
    metadata,
    own_id("manual_line_id"),
    partner_reference(index=False),
    customer_reference(),
    Column("entry_number", Integer, nullable=False, comment="from 1 among the partner's; its place on statements"),
    Column("billing_month", Month, nullable=False),
    Column("currency", String(3), comment="NULL = the customer's home currency"),
    Column("amount", ExactDecimal, nullable=False),
    Column("cost", ExactDecimal, comment="the partner's; no customer sees it"),
    Column("reason", Text, nullable=False, comment="what the customer reads"),
    Column("invoice_id", Text, nullable=False, comment="Microsoft's; '' = none"),
    Column("entered_at", Instant, nullable=False),
    Column("withdrawn_at", Instant, comment="no run bills it from then on"),
    UniqueConstraint("partner_id", "entry_number"),
    Index("ix_manual_lines_of_month", "partner_id", "billing_month", "entry_number"),
)
