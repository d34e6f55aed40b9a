"""Documents: statements are issued for ever, corrected by notes, voided, and numbered without a gap.

Revision ID: 0009
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from rebill.store.migrations.way_back import NoWayBack

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(38, 12).with_variant(sa.String(48), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_WORKING = "status = 'Estimated' AND document_kind IN ('statement', 'recomputation')"
_WAITING = "status = 'Estimated' AND document_kind = 'block'"
_ISSUED = "status = 'Final' AND document_kind = 'statement'"
_KEY = ["customer_id", "billing_month", "currency"]


def upgrade() -> None:
    """Rows that stand become Estimated statements of the first edition; the runs of a month are counted."""
    _closing_settings()
    _closings()
    _keep_aside("statement_lines")
    _keep_aside("statements")
    _keep_aside("runs")
    _runs()
    _statements()
    _statement_lines()
    _bring_back()
    _numbers()
    _voids()
    for statement in _refusals(op.get_context().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Issued documents cannot be told in the schema before this one."""
    raise NoWayBack


def _keep_aside(table: str) -> None:
    op.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
    op.drop_table(table)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column(
            "number",
            sa.Integer(),
            nullable=False,
            comment="from 1 among the runs of the partner's month: which is the last",
        ),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="NULL = every customer"),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("outcome_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "folder",
            sa.Text(),
            nullable=False,
            comment="of its manifest and rated lines, relative to the lake",
        ),
        sa.Column("balance", sa.JSON(), nullable=False, comment="[{currency, imported, ...}], exact decimal text"),
        sa.Column("attention", sa.JSON(), nullable=False, comment="{kind: lines} that a person must look at"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_runs_partner_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
        sa.UniqueConstraint(
            "partner_id", "billing_month", "number", name=op.f("uq_runs_partner_id_billing_month_number")
        ),
    )
    op.create_index(op.f("ix_runs_billing_month"), "runs", ["billing_month"], unique=False)
    op.create_index(op.f("ix_runs_partner_id"), "runs", ["partner_id"], unique=False)


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("statement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("document_kind", sa.Text(), nullable=False, comment="model.document.DocumentKind"),
        sa.Column("edition", sa.Integer(), nullable=False, comment="from 1; the next begins when a void ends one"),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("total_minor_units", sa.BigInteger(), nullable=False, comment="of the whole document"),
        sa.Column("carried_minor_units", sa.BigInteger(), nullable=False, comment="of its carry lines, in the total"),
        sa.Column("block_minor_units", sa.BigInteger(), nullable=False, comment="of the blocks on it, in the total"),
        sa.Column("statement_cost", AMOUNT, nullable=False, comment="the partner's; no customer sees it"),
        sa.Column("block_cost", AMOUNT, nullable=False, comment="of the blocks on it, in the statement cost"),
        sa.Column("line_count", sa.Integer(), nullable=False, comment="its own and its carry lines"),
        sa.Column("corrects_id", sa.BigInteger(), nullable=True, comment="of notes and blocks"),
        sa.Column("carried_by_id", sa.BigInteger(), nullable=True, comment="where a block stands"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=True),
        sa.Column("number_year", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True, comment="without a gap in partner, series and year"),
        sa.Column(
            "invoice_id",
            sa.Text(),
            nullable=True,
            comment="the number as documents show it; NULL where another system gives it",
        ),
        sa.Column("invoice_date", sa.Date(), nullable=True),
        sa.Column("closing_id", sa.BigInteger(), nullable=True),
        sa.Column("issued_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint("(status = 'Final') = (issued_at IS NOT NULL)", name=op.f("ck_statements_issued")),
        sa.CheckConstraint(
            "(corrects_id IS NOT NULL) = (document_kind IN ('note', 'block'))", name=op.f("ck_statements_corrects")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_statements_partner_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_statements_customer_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_statements_run_id")),
        sa.ForeignKeyConstraint(["corrects_id"], ["statements.statement_id"], name=op.f("fk_statements_corrects_id")),
        sa.ForeignKeyConstraint(
            ["carried_by_id"], ["statements.statement_id"], name=op.f("fk_statements_carried_by_id")
        ),
        sa.ForeignKeyConstraint(["closing_id"], ["closings.closing_id"], name=op.f("fk_statements_closing_id")),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_statements")),
        sa.UniqueConstraint(
            "partner_id",
            "series",
            "number_year",
            "number",
            name=op.f("uq_statements_partner_id_series_number_year_number"),
        ),
        sa.UniqueConstraint("partner_id", "invoice_id", name=op.f("uq_statements_partner_id_invoice_id")),
        comment="The database itself refuses to change what is Final: see the migration that made documents",
    )
    for name in ("billing_month", "customer_id", "carried_by_id", "closing_id"):
        op.create_index(op.f(f"ix_statements_{name}"), "statements", [name], unique=False)
    op.create_index("ix_statements_in_order", "statements", ["partner_id", "created_at", "statement_id"], unique=False)
    for name, columns, condition in (
        ("uq_statements_working", _KEY, _WORKING),
        ("uq_statements_waiting", _KEY, _WAITING),
        ("uq_statements_issued", [*_KEY, "edition"], _ISSUED),
    ):
        where = sa.text(condition)
        op.create_index(name, "statements", columns, unique=True, sqlite_where=where, postgresql_where=where)


def _statement_lines() -> None:
    op.create_table(
        "statement_lines",
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("line_kind", sa.Text(), nullable=False, comment="model.statement.LineKind"),
        sa.Column(
            "reference",
            sa.BigInteger(),
            nullable=True,
            comment="the rule or entry number of a line that no charges make",
        ),
        sa.Column("description", sa.Text(), nullable=False),
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


_SAME_OF_RUNS = (
    "run_id, partner_id, billing_month, customer_id, engine, finished_at, manifest_sha256, outcome_sha256, folder, "
    "balance"
)
_SAME_OF_STATEMENTS = (
    "statement_id, partner_id, customer_id, billing_month, currency, status, run_id, total_minor_units, "
    "statement_cost, line_count, created_at, updated_at"
)
_SAME_OF_LINES = (
    "statement_id, number, partner_id, provider, subscription, service, charge_category, quantity, pricing_unit, "
    "exact_amount, amount_minor_units, charge_count"
)


def _bring_back() -> None:
    op.execute(
        f"INSERT INTO runs ({_SAME_OF_RUNS}, number, attention) SELECT {_SAME_OF_RUNS}, "
        "row_number() OVER (PARTITION BY partner_id, billing_month ORDER BY finished_at, run_id), '{}' FROM kept_runs"
    )
    op.execute(
        f"INSERT INTO statements ({_SAME_OF_STATEMENTS}, document_kind, edition, carried_minor_units, "
        f"block_minor_units, block_cost, reason) SELECT {_SAME_OF_STATEMENTS}, 'statement', 1, 0, 0, "
        f"{_zero()}, '' FROM kept_statements"
    )
    op.execute(
        f"INSERT INTO statement_lines ({_SAME_OF_LINES}, line_kind, description) "
        f"SELECT {_SAME_OF_LINES}, 'charges', '' FROM kept_statement_lines"
    )
    for table in ("statement_lines", "statements", "runs"):
        op.drop_table(f"kept_{table}")


def _zero() -> str:
    return "'0'" if op.get_context().dialect.name == "sqlite" else "0"


def _closing_settings() -> None:
    op.create_table(
        "closing_settings",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unassigned_threshold", AMOUNT, nullable=False),
        sa.Column("close_day", sa.Integer(), nullable=False, comment="of the following month"),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("numbering", sa.Text(), nullable=False),
        sa.Column("late_cost", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_closing_settings_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_closing_settings")),
        comment="A partner without a row has the settings of model.closing.ClosingSettings",
    )


def _closings() -> None:
    op.create_table(
        "closings",
        sa.Column("closing_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False, comment="model.closing.ClosingAct"),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="NULL = every customer of the month"),
        sa.Column("statement_id", sa.BigInteger(), nullable=True, comment="of a void: the statement it takes back"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it is done, or why blockers do not hold it back"),
        sa.Column("blockers", sa.JSON(), nullable=False, comment="[{kind, sentence}] that the reason overrides"),
        sa.Column(
            "documents_sha256",
            sa.String(length=64),
            nullable=False,
            comment="of what it issues, as it was asked for",
        ),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True, comment="NULL = waits for a second person"),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_closings_partner_id")),
        sa.PrimaryKeyConstraint("closing_id", name=op.f("pk_closings")),
    )
    op.create_index(op.f("ix_closings_partner_id"), "closings", ["partner_id"], unique=False)


def _numbers() -> None:
    op.create_table(
        "document_numbers",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("number_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_document_numbers_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "series", "number_year", name=op.f("pk_document_numbers")),
    )
    op.create_table(
        "given_numbers",
        sa.Column("statement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_given_numbers_partner_id")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.statement_id"], name=op.f("fk_given_numbers_statement_id")
        ),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_given_numbers")),
        sa.UniqueConstraint("partner_id", "invoice_id", name=op.f("uq_given_numbers_partner_id_invoice_id")),
        comment="Numbers that the partner's own system gave to issued documents; each once, for ever",
    )


def _voids() -> None:
    op.create_table(
        "voids",
        sa.Column("void_id", ROW_ID, nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("note_id", sa.BigInteger(), nullable=True, comment="NULL where there was nothing to take back"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.partner_id"], name=op.f("fk_voids_partner_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_voids_customer_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.statement_id"], name=op.f("fk_voids_statement_id")),
        sa.ForeignKeyConstraint(["note_id"], ["statements.statement_id"], name=op.f("fk_voids_note_id")),
        sa.PrimaryKeyConstraint("void_id", name=op.f("pk_voids")),
        sa.UniqueConstraint("statement_id", name=op.f("uq_voids_statement_id")),
        sa.UniqueConstraint(*_KEY, "edition", name=op.f("uq_voids_customer_id_billing_month_currency_edition")),
    )
    op.create_index(op.f("ix_voids_customer_id"), "voids", ["customer_id"], unique=False)
    op.create_index(op.f("ix_voids_partner_id"), "voids", ["partner_id"], unique=False)


# An issued document and its lines never change, whatever program asks. What is issued is first stored whole and then
# made Final, so the last thing that can be done to it is to make it so.
_POSTGRESQL = (
    """
CREATE FUNCTION refuse_change_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an issued document never changes' USING ERRCODE = 'integrity_constraint_violation';
END $$""",
    """
CREATE FUNCTION refuse_lines_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM changed JOIN statements USING (statement_id) WHERE statements.status = 'Final') THEN
        RAISE EXCEPTION 'an issued document never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$""",
    """
CREATE TRIGGER statements_issued BEFORE UPDATE OR DELETE ON statements
FOR EACH ROW WHEN (OLD.status = 'Final') EXECUTE FUNCTION refuse_change_of_issued()""",
    *(
        f"CREATE TRIGGER {table}_emptied BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_issued()"
        for table in ("statements", "statement_lines", "given_numbers", "voids")
    ),
    *(
        f"CREATE TRIGGER statement_lines_{name} AFTER {act} ON statement_lines REFERENCING {rows} TABLE AS changed "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_lines_of_issued()"
        for name, act, rows in (
            ("added", "INSERT", "NEW"),
            ("changed_from", "UPDATE", "OLD"),
            ("changed_to", "UPDATE", "NEW"),
            ("removed", "DELETE", "OLD"),
        )
    ),
    *(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_issued()"
        for table in ("given_numbers", "voids")
    ),
)
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'an issued document never changes'); END"
_IS_ISSUED = "EXISTS (SELECT 1 FROM statements WHERE statement_id = {row}.statement_id AND status = 'Final')"
_SQLITE = (
    *(
        f"CREATE TRIGGER statements_{act.lower()} BEFORE {act} ON statements WHEN OLD.status = 'Final' {_REFUSE}"
        for act in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE deletes without telling the trigger of deletes.
    f"CREATE TRIGGER statements_insert BEFORE INSERT ON statements WHEN {_IS_ISSUED.format(row='NEW')} {_REFUSE}",
    *(
        f"CREATE TRIGGER statement_lines_{act.lower()}_{row.lower()} BEFORE {act} ON statement_lines "
        f"WHEN {_IS_ISSUED.format(row=row)} {_REFUSE}"
        for act, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    ),
    *(
        f"CREATE TRIGGER {table}_{act.lower()} BEFORE {act} ON {table} {_REFUSE}"
        for table in ("given_numbers", "voids")
        for act in ("UPDATE", "DELETE")
    ),
)


def _refusals(dialect: str) -> tuple[str, ...]:
    return _SQLITE if dialect == "sqlite" else _POSTGRESQL
