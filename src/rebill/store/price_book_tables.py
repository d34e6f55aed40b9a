"""The record's tables of price books: what they say by month, and which accounts of which customers they price."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from rebill.store.columns import Instant, Month, RowId, customer_reference, metadata, own_id, partner_reference


def _months() -> tuple[Column[str], Column[str]]:
    """The months in which a row is in force; both inclusive."""
    return (
        Column("start_month", Month, nullable=False, comment="'0000-00' = always"),
        Column("end_month", Month, comment="the last one; before start_month = none; NULL = open"),
    )


price_books = Table(
    "price_books",
    metadata,
    own_id("price_book_id"),
    partner_reference(),
    Column("book_name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant, comment="not NULL = no longer shown; its months stay priced by it"),
    Index(
        "uq_price_books_partner_id_book_name",
        "partner_id",
        "book_name",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

price_book_specifications = Table(
    "price_book_specifications",
    metadata,
    Column("price_book_specification_id", RowId, primary_key=True),
    partner_reference(),
    Column("price_book_id", ForeignKey("price_books.price_book_id"), nullable=False),
    Column("from_month", Month, nullable=False, comment="in force from this month on; '0000-00' = always"),
    Column("specification", Text, nullable=False, comment="as the partner wrote it, byte for byte"),
    Column("specification_format", Text, nullable=False, comment="xml or yaml"),
    Column("specification_sha256", String(64), nullable=False, comment="of the text in UTF-8"),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("price_book_id", "from_month"),
)

price_book_assignments = Table(
    "price_book_assignments",
    metadata,
    own_id("price_book_assignment_id"),
    partner_reference(),
    customer_reference(),
    Column("price_book_id", ForeignKey("price_books.price_book_id"), nullable=False, index=True),
    *_months(),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant, comment="not NULL = no longer shown; its months stay priced by it"),
)

price_book_account_assignments = Table(
    "price_book_account_assignments",
    metadata,
    own_id("price_book_account_assignment_id"),
    partner_reference(),
    customer_reference(index=False),
    Column(
        "price_book_assignment_id",
        ForeignKey("price_book_assignments.price_book_assignment_id"),
        nullable=False,
        index=True,
    ),
    Column("billing_account_owner_id", Text, nullable=False, comment="as it was sent"),
    Column("account_key", Text, nullable=False, comment="the form it is compared in; 'ALL' = all of the customer"),
    *_months(),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant, comment="not NULL = no longer shown; its months stay priced by it"),
    Index(
        "uq_price_book_account_assignments_in_force",
        "customer_id",
        "account_key",
        "start_month",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

price_book_dry_runs = Table(
    "price_book_dry_runs",
    metadata,
    own_id("dry_run_id"),
    partner_reference(),
    customer_reference(),
    Column("price_book_id", ForeignKey("price_books.price_book_id"), nullable=False),
    Column("billing_month", Month, nullable=False),
    Column("owner_ids", JSON, nullable=False, comment="the accounts it is tried on; none = all"),
    Column("place", Integer, nullable=False, comment="where in the lake it works"),
    Column("status", Text, nullable=False, comment="running, done, failed, interrupted"),
    Column("requested_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("differences", JSON, nullable=False, comment="[{currency, services: [[name, today, under_book]]}]"),
    Column("fault", Text, nullable=False, comment="why it failed"),
)
