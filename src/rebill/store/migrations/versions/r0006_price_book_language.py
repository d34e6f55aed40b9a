"""Price books become their specifications; accounts are assigned to books by month.

Revision ID: 0006
Revises: 0005
"""

import hashlib
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<CHTBillingRules createdBy="rebill" date="{day}">\n  <RuleGroup>\n'
_RULE = """    <BillingRule name="{name}">
      <BasicBillingRule billingAdjustment="{percent}" billingRuleType="{kind}"/>
    </BillingRule>
"""
_TAIL = "  </RuleGroup>\n</CHTBillingRules>\n"


def upgrade() -> None:
    """Write each book's rules out as the specification that says them, and each assignment as one of all accounts."""
    assignments, books = _rows("SELECT * FROM price_book_assignments"), _rows("SELECT * FROM price_books")
    specifications = [_specification(book) for book in books]
    for table in ("price_book_assignments", "price_rules", "price_books"):
        op.drop_table(table)
    _price_books()
    _price_book_specifications()
    _price_book_assignments()
    _price_book_account_assignments()
    _insert("price_books", books)
    _insert("price_book_specifications", specifications)
    _insert("price_book_assignments", [_assignment(row, assignments) for row in assignments])
    _insert("price_book_account_assignments", [_account_assignment(row, assignments) for row in assignments])


def downgrade() -> None:
    """The rules of a specification do not fit the schema before it."""
    # Going back is done with a backup, never by a migration that would drop what prices a bill.
    raise NoWayBack


def _rows(query: str, **values: object) -> list[dict[str, object]]:
    return [dict(row) for row in op.get_bind().execute(sa.text(query), values).mappings()]


def _insert(table: str, rows: list[dict[str, object]]) -> None:
    # By plain statements: the values are as the database gave them, moments included.
    for row in rows:
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        op.get_bind().execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)


def _specification(book: dict[str, object]) -> dict[str, object]:
    rules = _rows(
        "SELECT name, kind, percent FROM price_rules WHERE price_book_id = :book ORDER BY position",
        book=book["price_book_id"],
    )
    # No other rules than a markup's exist before this schema; its name needs no escaping.
    texts = [
        _RULE.format(name=rule["name"], kind=rule["kind"], percent=_plain(Decimal(str(rule["percent"]))))
        for rule in rules
    ]
    text = _HEAD.format(day=str(book["created_at"])[:10]) + "".join(texts) + _TAIL
    return {
        "partner_id": book["partner_id"],
        "price_book_id": book["price_book_id"],
        "from_month": "0000-00",
        "specification": text,
        "specification_format": "xml",
        "specification_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "created_at": book["created_at"],
    }


def _plain(percent: Decimal) -> str:
    return format(percent.normalize() if percent else Decimal(0), "f")


def _months(row: dict[str, object], assignments: list[dict[str, object]]) -> dict[str, object]:
    """From its own month to the one before the next assignment of the same accounts."""
    same = [
        str(other["from_month"])
        for other in assignments
        if (other["customer_id"], other["account_key"]) == (row["customer_id"], row["account_key"])
        and str(other["from_month"]) > str(row["from_month"])
    ]
    return {"start_month": row["from_month"], "end_month": _before(min(same)) if same else None}


def _before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year:04d}-{number - 1:02d}" if number > 1 else f"{year - 1:04d}-12"


def _assignment(row: dict[str, object], assignments: list[dict[str, object]]) -> dict[str, object]:
    kept = ("price_book_assignment_id", "partner_id", "customer_id", "price_book_id", "created_at", "updated_at")
    return {name: row[name] for name in kept} | _months(row, assignments)


def _account_assignment(row: dict[str, object], assignments: list[dict[str, object]]) -> dict[str, object]:
    kept = ("price_book_assignment_id", "partner_id", "customer_id", "created_at", "updated_at")
    account = "ALL" if row["account_key"] == "*" else row["account_key"]
    return {
        # Ids are drawn for each table by itself, and this one is new: the assignment's own will do.
        "price_book_account_assignment_id": row["price_book_assignment_id"],
        "billing_account_owner_id": account,
        "account_key": account,
        **{name: row[name] for name in kept},
        **_months(row, assignments),
    }


def _price_books() -> None:
    op.create_table(
        "price_books",
        sa.Column("price_book_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("book_name", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        _deleted_at(),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_price_books_partner_id")),
        sa.PrimaryKeyConstraint("price_book_id", name=op.f("pk_price_books")),
    )
    _index("price_books", "partner_id")
    _unique_while_shown("uq_price_books_partner_id_book_name", "price_books", ["partner_id", "book_name"])


def _price_book_specifications() -> None:
    table = "price_book_specifications"
    op.create_table(
        table,
        sa.Column("price_book_specification_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("price_book_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "from_month", sa.String(length=7), nullable=False, comment="in force from this month on; '0000-00' = always"
        ),
        sa.Column("specification", sa.Text(), nullable=False, comment="as the partner wrote it, byte for byte"),
        sa.Column("specification_format", sa.Text(), nullable=False, comment="xml or yaml"),
        sa.Column("specification_sha256", sa.String(length=64), nullable=False, comment="of the text in UTF-8"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f(f"fk_{table}_partner_id")),
        sa.ForeignKeyConstraint(
            ["price_book_id"], ["price_books.price_book_id"], name=op.f(f"fk_{table}_price_book_id")
        ),
        sa.PrimaryKeyConstraint("price_book_specification_id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("price_book_id", "from_month", name=op.f(f"uq_{table}_price_book_id_from_month")),
    )
    _index(table, "partner_id")


def _price_book_assignments() -> None:
    table = "price_book_assignments"
    op.create_table(
        table,
        sa.Column("price_book_assignment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("price_book_id", sa.BigInteger(), nullable=False),
        *_months_and_times(),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f(f"fk_{table}_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f(f"fk_{table}_partner_id")),
        sa.ForeignKeyConstraint(
            ["price_book_id"], ["price_books.price_book_id"], name=op.f(f"fk_{table}_price_book_id")
        ),
        sa.PrimaryKeyConstraint("price_book_assignment_id", name=op.f(f"pk_{table}")),
    )
    for column in ("customer_id", "partner_id", "price_book_id"):
        _index(table, column)


def _price_book_account_assignments() -> None:
    table = "price_book_account_assignments"
    op.create_table(
        table,
        sa.Column("price_book_account_assignment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("price_book_assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_account_owner_id", sa.Text(), nullable=False, comment="as it was sent"),
        sa.Column(
            "account_key", sa.Text(), nullable=False, comment="the form it is compared in; 'ALL' = all of the customer"
        ),
        *_months_and_times(),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f(f"fk_{table}_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f(f"fk_{table}_partner_id")),
        sa.ForeignKeyConstraint(
            ["price_book_assignment_id"],
            ["price_book_assignments.price_book_assignment_id"],
            name=op.f(f"fk_{table}_price_book_assignment_id"),
        ),
        sa.PrimaryKeyConstraint("price_book_account_assignment_id", name=op.f(f"pk_{table}")),
    )
    for column in ("partner_id", "price_book_assignment_id"):
        _index(table, column)
    _unique_while_shown(f"uq_{table}_in_force", table, ["customer_id", "account_key", "start_month"])


def _months_and_times() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("start_month", sa.String(length=7), nullable=False, comment="'0000-00' = always"),
        sa.Column(
            "end_month",
            sa.String(length=7),
            nullable=True,
            comment="the last one; before start_month = none; NULL = open",
        ),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        _deleted_at(),
    )


def _deleted_at() -> sa.Column[object]:
    comment = "not NULL = no longer shown; its months stay priced by it"
    return sa.Column("deleted_at", INSTANT, nullable=True, comment=comment)


def _unique_while_shown(name: str, table: str, columns: list[str]) -> None:
    shown = sa.text("deleted_at IS NULL")
    op.create_index(op.f(name), table, columns, unique=True, sqlite_where=shown, postgresql_where=shown)


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
