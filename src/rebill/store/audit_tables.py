"""The record's tables of the audit trail."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from rebill.store.columns import RowId, metadata, partner_reference

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("audit_entry_id", RowId, primary_key=True),
    partner_reference(index=False),
    Column("at", Text, nullable=False, comment="model.audit.exact_instant: what is hashed is what is kept"),
    Column("act", Text, nullable=False, comment="model.audit.Act"),
    Column("outcome", Text, nullable=False, comment="model.audit.ActOutcome"),
    Column("subject_kind", Text, nullable=False, comment="model.audit.SubjectKind"),
    Column("subject_id", BigInteger, comment="as asked: there need not be anything of this id"),
    Column("customer_id", BigInteger, comment="whom it concerns, as asked"),
    Column("channel", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("caller_customer_id", BigInteger, comment="whose key it was, where it was a customer's"),
    Column("user_id", BigInteger),
    Column("key_id", BigInteger),
    Column("operating_system_user", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", Text, comment="canonical JSON, of what the act changed"),
    Column("after", Text, comment="canonical JSON, of what the act changed"),
    Column("refusal", Text, comment="canonical JSON: why the act was not done"),
    Column("content_sha256", String(64), nullable=False),
    Column("number", BigInteger, comment="in the partner's chain, from 1; NULL until it is sealed"),
    Column("chain_sha256", String(64), comment="over number, the chain hash before, and content_sha256"),
    CheckConstraint("(number IS NULL) = (chain_sha256 IS NULL)", name="sealed"),
    UniqueConstraint("partner_id", "number"),
    Index(
        "ix_audit_entries_waiting",
        "partner_id",
        "audit_entry_id",
        sqlite_where=text("number IS NULL"),
        postgresql_where=text("number IS NULL"),
    ),
    # Only sealed entries are listed.
    Index(
        "ix_audit_entries_of_subject",
        "partner_id",
        "subject_kind",
        "subject_id",
        "number",
        sqlite_where=text("number IS NOT NULL"),
        postgresql_where=text("number IS NOT NULL"),
    ),
    Index(
        "ix_audit_entries_of_customer",
        "partner_id",
        "customer_id",
        "number",
        sqlite_where=text("number IS NOT NULL"),
        postgresql_where=text("number IS NOT NULL"),
    ),
    comment="Nothing of it is changed or deleted: the migration that made it sees to that",
)

audit_chains = Table(
    "audit_chains",
    metadata,
    Column("partner_id", ForeignKey("partners.partner_id"), primary_key=True, autoincrement=False),
    Column("last_number", BigInteger, nullable=False, comment="of the entry sealed last; 0 = none yet"),
    Column("last_chain_sha256", String(64), nullable=False),
)
