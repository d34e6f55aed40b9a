"""The record's tables of closing months: who closed what and why, numbers given, statements voided."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from rebill.store.columns import (
    ExactDecimal,
    Instant,
    Month,
    RowId,
    customer_reference,
    metadata,
    own_id,
    partner_reference,
)

closing_settings = Table(
    "closing_settings",
    metadata,
    Column("partner_id", ForeignKey("partners.partner_id"), primary_key=True, autoincrement=False),
    Column("unassigned_threshold", ExactDecimal, nullable=False),
    Column("close_day", Integer, nullable=False, comment="of the following month"),
    Column("needs_approval", Boolean, nullable=False),
    Column("numbering", Text, nullable=False),
    Column("late_cost", Text, nullable=False),
    Column("tolerance_percent", ExactDecimal, nullable=False, server_default="0.5", comment="of an invoice"),
    Column("tolerance_amount", ExactDecimal, nullable=False, server_default="5", comment="in any currency"),
    Column("movement_percent", ExactDecimal, nullable=False, server_default="25", comment="more is odd"),
    comment="A partner without a row has the settings of model.closing.ClosingSettings",
)

document_numbers = Table(
    "document_numbers",
    metadata,
    Column("partner_id", ForeignKey("partners.partner_id"), primary_key=True, autoincrement=False),
    Column("series", Text, primary_key=True),
    Column("number_year", Integer, primary_key=True, autoincrement=False),
    Column("last_number", Integer, nullable=False),
)

given_numbers = Table(
    "given_numbers",
    metadata,
    Column("statement_id", ForeignKey("statements.statement_id"), primary_key=True, autoincrement=False),
    partner_reference(index=False),
    Column("invoice_id", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
    UniqueConstraint("partner_id", "invoice_id"),
    comment="Numbers that the partner's own system gave to issued documents; each once, for ever",
)

closings = Table(
    "closings",
    metadata,
    own_id("closing_id"),
    partner_reference(),
    Column("act", Text, nullable=False, comment="model.closing.ClosingAct"),
    Column("billing_month", Month, nullable=False),
    Column("customer_id", BigInteger, comment="NULL = every customer of the month"),
    Column("statement_id", BigInteger, comment="of a void: the statement it takes back"),
    Column("reason", Text, nullable=False, comment="why it is done, or why blockers do not hold it back"),
    Column("blockers", JSON, nullable=False, comment="[{kind, sentence}] that the reason overrides"),
    Column("documents_sha256", String(64), nullable=False, comment="of what it issues, as it was asked for"),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("closed_by", Text, comment="NULL = waits for a second person"),
    Column("closed_at", Instant),
    Column("withdrawn_at", Instant),
)

voids = Table(
    "voids",
    metadata,
    Column("void_id", RowId, primary_key=True),
    partner_reference(),
    customer_reference(),
    Column("billing_month", Month, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("edition", Integer, nullable=False),
    Column("statement_id", ForeignKey("statements.statement_id"), nullable=False, unique=True),
    Column("note_id", ForeignKey("statements.statement_id"), comment="NULL where there was nothing to take back"),
    Column("reason", Text, nullable=False),
    Column("voided_at", Instant, nullable=False),
    UniqueConstraint("customer_id", "billing_month", "currency", "edition"),
)

acceptances = Table(
    "acceptances",
    metadata,
    own_id("acceptance_id"),
    partner_reference(),
    Column("billing_month", Month, nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted_by", Text, nullable=False),
    Column("accepted_at", Instant, nullable=False),
)

accepted_lines = Table(
    "accepted_lines",
    metadata,
    Column("accepted_line_id", RowId, primary_key=True),
    partner_reference(index=False),
    Column("acceptance_id", ForeignKey("acceptances.acceptance_id"), nullable=False),
    Column("billing_month", Month, nullable=False),
    Column("kind", Text, nullable=False, comment="model.rating.Attention"),
    Column("source_sha256", String(64), nullable=False),
    Column("source_row", BigInteger, nullable=False),
    Column("customer_id", BigInteger, comment="whose line it is; NULL = nobody's"),
    Index("ix_accepted_lines_of_month", "partner_id", "billing_month"),
    comment="Lines that a person looked at and accepted as they are",
)
