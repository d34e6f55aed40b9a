"""Statements and runs as the record keeps them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal_column

from rebill.model.document import Document, DocumentKind
from rebill.model.listing import Listing, Page
from rebill.model.money import QUANTITY_DECIMALS, ZERO, round_half_away
from rebill.model.months import BillingMonth
from rebill.model.statement import (
    CARRY_KINDS,
    CorrectionBlock,
    LineKind,
    PricedLine,
    Statement,
    StatementFilter,
    StatementLine,
    StatementStatus,
)
from rebill.store.identity import can_be_stored, draw_ids
from rebill.store.membership import among
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import customers, given_numbers, runs, statement_lines, statements, voids

_ORDER = (statements.c.created_at, statements.c.statement_id)
_CHUNK = 500
"""How many statements one query names: below every database's bound on parameters."""


@dataclass(frozen=True)
class StatementRecord:
    """A statement or note as stored: its id stays the same across runs, and into Final."""

    statement_id: int
    customer_name: str
    statement: Statement
    line_count: int
    run_id: int
    updated_at: datetime
    document: Document = field(default=Document())


class LineSort(NamedTuple):
    """What rules of tax tell lines apart by; ``month``: that they are of, or that their block corrects."""

    month: BillingMonth
    kind: LineKind
    charge_category: str | None


def save_run(scope: Scope, **columns: Any) -> None:
    """Record a run that balanced as the last of its month; ``columns`` are those of ``store.tables.runs``."""
    last = scope.select(runs, func.max(runs.c.number)).where(runs.c.billing_month == columns["billing_month"])
    scope.insert(runs, [{**columns, "number": (scope.connection.scalar(last) or 0) + 1}])


def recorded_run_ids(scope: Scope, month: BillingMonth) -> set[int]:
    """The ids of every run of the month that the record knows."""
    query = scope.select(runs, runs.c.run_id).where(runs.c.billing_month == str(month))
    return set(scope.connection.scalars(query))


def replace_estimated_statements(
    scope: Scope,
    month: BillingMonth,
    drawn_up: Sequence[Statement],
    run_id: int,
    now: datetime,
    only_customer_id: int | None = None,
) -> None:
    """Make ``drawn_up`` the month's Estimated statements: rebuilt whole, never appended to.

    The statement of a customer, month and currency keeps its id until it is issued: one that no longer has
    a line is emptied and not shown, and has its id again when it has lines again. What is issued is not touched:
    what the run says of such a month is kept beside it, to be compared. ``only_customer_id``: only that customer's.
    """
    standing = _standing_ids(scope, month, only_customer_id)
    wanted = {(statement.customer_id, statement.currency): statement for statement in drawn_up}
    _delete_lines(scope, list(standing.values()))
    _empty(scope, [statement_id for key, statement_id in standing.items() if key not in wanted], run_id, now)
    _update(scope, {standing[key]: wanted[key] for key in standing if key in wanted}, run_id, now)
    fresh = [statement for key, statement in wanted.items() if key not in standing]
    ids = draw_ids(scope.connection, statements.c.statement_id, len(fresh))
    issued, editions = issued_statement_ids(scope, month), _voided_editions(scope, month)
    scope.insert(
        statements,
        [
            {
                "statement_id": statement_id,
                "customer_id": statement.customer_id,
                "billing_month": str(month),
                "currency": statement.currency,
                "status": StatementStatus.ESTIMATED,
                "document_kind": (DocumentKind.RECOMPUTATION if key in issued else DocumentKind.STATEMENT).value,
                "edition": editions.get(key, 0) + 1,
                "reason": "",
                "created_at": now,
                **_figures(statement, run_id, now),
            }
            for statement_id, statement in zip(ids, fresh, strict=True)
            for key in ((statement.customer_id, statement.currency),)
        ],
    )
    rebuilt = {standing[key]: wanted[key] for key in standing if key in wanted}
    insert_lines(scope, {**rebuilt, **dict(zip(ids, fresh, strict=True))})


def issued_statement_ids(scope: Scope, month: BillingMonth) -> dict[tuple[int, str], int]:
    """The issued statements of a month that no void took back: customer id and currency → statement id."""
    query = scope.select(statements).where(statements.c.billing_month == str(month), is_issued_statement())
    return {(row.customer_id, row.currency): row.statement_id for row in scope.connection.execute(query)}


def is_issued_statement() -> ColumnElement[bool]:
    """The condition that a row is an issued statement that no void took back.

    Its constants stand in its text, so that planners see that the index of issued statements holds all of them.
    """
    return and_(
        statements.c.status == literal_column(f"'{StatementStatus.FINAL.value}'"),
        statements.c.document_kind == literal_column(f"'{DocumentKind.STATEMENT.value}'"),
        not_voided(),
    )


def not_voided() -> ColumnElement[bool]:
    """The condition that no void took a statement back."""
    return ~exists().where(voids.c.statement_id == statements.c.statement_id)


def _voided_editions(scope: Scope, month: BillingMonth) -> dict[tuple[int, str], int]:
    """How many editions of a customer's month and currency were voided."""
    query = scope.select(voids).where(voids.c.billing_month == str(month)).order_by(voids.c.edition)
    return {(row.customer_id, row.currency): row.edition for row in scope.connection.execute(query)}


def _standing_ids(scope: Scope, month: BillingMonth, only_customer_id: int | None) -> dict[tuple[int, str], int]:
    """What runs of the month rebuild: customer id and currency → statement id."""
    query = scope.select(statements).where(
        statements.c.billing_month == str(month),
        statements.c.status == StatementStatus.ESTIMATED.value,
        statements.c.document_kind.in_((DocumentKind.STATEMENT.value, DocumentKind.RECOMPUTATION.value)),
    )
    if only_customer_id is not None:
        query = query.where(statements.c.customer_id == only_customer_id)
    return {(row.customer_id, row.currency): row.statement_id for row in scope.connection.execute(query)}


def _figures(statement: Statement, run_id: int, now: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "total_minor_units": statement.total_minor_units,
        "statement_cost": statement.statement_cost,
        "line_count": len(statement.lines),
        "updated_at": now,
        **_ALONE,
    }


_ALONE = {"carried_minor_units": 0, "block_minor_units": 0, "block_cost": ZERO}
"""Figures of a statement that nothing goes with yet: see ``store.carrying``."""


def _update(scope: Scope, rebuilt: dict[int, Statement], run_id: int, now: datetime) -> None:
    if not rebuilt:
        return
    columns = ("run_id", "total_minor_units", "statement_cost", "line_count", "updated_at", *_ALONE)
    query = (
        scope.update(statements)
        .where(statements.c.statement_id == bindparam("rebuilt_id"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    scope.connection.execute(
        query,
        [
            {"rebuilt_id": statement_id}
            | {f"new_{name}": value for name, value in _figures(statement, run_id, now).items()}
            for statement_id, statement in rebuilt.items()
        ],
    )


def _empty(scope: Scope, statement_ids: Sequence[int], run_id: int, now: datetime) -> None:
    emptied = {"run_id": run_id, "total_minor_units": 0, "statement_cost": ZERO, "line_count": 0, "updated_at": now}
    emptied |= _ALONE
    for chunk in _chunks(statement_ids):
        scope.connection.execute(scope.update(statements).where(statements.c.statement_id.in_(chunk)).values(emptied))


def _delete_lines(scope: Scope, statement_ids: Sequence[int]) -> None:
    for chunk in _chunks(statement_ids):
        scope.connection.execute(scope.delete(statement_lines).where(statement_lines.c.statement_id.in_(chunk)))


_LINE_COLUMNS = (
    "statement_id",
    "number",
    "line_kind",
    "reference",
    "description",
    "provider",
    "subscription",
    "service",
    "charge_category",
    "quantity",
    "pricing_unit",
    "exact_amount",
    "amount_minor_units",
    "charge_count",
)


def insert_lines(scope: Scope, numbered: dict[int, Statement]) -> None:
    """Store the own lines of documents that have none yet: statement id → document."""
    insert_stored_lines(scope, {statement_id: document.lines for statement_id, document in numbered.items()})


def insert_stored_lines(scope: Scope, numbered: Mapping[int, Sequence[StatementLine]]) -> None:
    """Store more lines of documents: statement id → lines with numbers that it has not yet."""
    rows = (
        (
            statement_id,
            line.number,
            line.priced.kind.value,
            line.priced.reference,
            line.priced.description,
            line.priced.provider,
            line.priced.subscription,
            line.priced.service,
            line.priced.charge_category,
            line.priced.quantity,
            line.priced.pricing_unit,
            line.priced.exact_amount,
            line.amount_minor_units,
            line.priced.charges,
        )
        for statement_id, lines in numbered.items()
        for line in lines
    )
    scope.load(statement_lines, _LINE_COLUMNS, rows)


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def statements_of_month(scope: Scope, month: BillingMonth) -> list[StatementRecord]:
    """The statements of a month without their lines, by customer id and currency; those that were voided are not."""
    query = _recorded(scope).where(*is_of_month(month)).order_by(statements.c.customer_id, statements.c.currency)
    return [_record(row) for row in scope.connection.execute(query)]


def is_of_month(month: BillingMonth, with_notes: bool = False) -> tuple[ColumnElement[bool], ...]:
    """The conditions that a row is a statement of a month that no void took back; ``with_notes``: or a note."""
    return (*_are_shown(with_notes), statements.c.billing_month == str(month), not_voided())


def statements_by_status(scope: Scope, month: BillingMonth) -> dict[StatementStatus, int]:
    """How many ``statements_of_month`` there are of each status that there is."""
    query = scope.select(statements, statements.c.status, func.count()).where(*is_of_month(month))
    return {
        StatementStatus(status): count
        for status, count in scope.connection.execute(query.group_by(statements.c.status))
    }


def statements_of_closing(scope: Scope, closing_id: int) -> list[StatementRecord]:
    """What one act issued, without lines: in the order in which documents get their numbers."""
    query = _shown(scope).where(statements.c.closing_id == closing_id)
    rows = scope.connection.execute(query.order_by(statements.c.customer_id, statements.c.currency))
    return [_record(row) for row in rows]


def blocks_waiting(scope: Scope, month: BillingMonth) -> list[StatementRecord]:
    """Corrections of a month that are to stand on the next statements, without lines."""
    query = _recorded(scope).where(
        statements.c.billing_month == str(month),
        statements.c.document_kind == DocumentKind.BLOCK.value,
        statements.c.status == StatementStatus.ESTIMATED.value,
    )
    rows = scope.connection.execute(query.order_by(statements.c.customer_id, statements.c.currency))
    return [_record(row) for row in rows]


def statement_page(scope: Scope, page: Page, wanted: StatementFilter, after: Sequence[Any]) -> Listing[StatementRecord]:
    """A page of the statements without their lines, in order of creation."""
    query = _shown(scope, wanted.with_notes)
    if wanted.customer_id is not None:
        query = query.where(statements.c.customer_id == wanted.customer_id)
    if wanted.month is not None:
        query = query.where(statements.c.billing_month == str(wanted.month))
    if wanted.status is not None:
        query = query.where(statements.c.status == wanted.status.value)
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_record(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].statement_id if items else None)


def place_of_statement(scope: Scope, statement_id: int) -> Sequence[object] | None:
    """Where a statement, with lines or without, stands in the order of lists."""
    if not can_be_stored(statement_id):
        return None
    query = scope.select(statements, *_ORDER).where(statements.c.statement_id == statement_id)
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else tuple(row)


def find_statement(scope: Scope, statement_id: int) -> StatementRecord | None:
    """One statement with its lines."""
    if not can_be_stored(statement_id):
        return None
    row = scope.connection.execute(_shown(scope).where(statements.c.statement_id == statement_id)).one_or_none()
    return None if row is None else _whole_record(scope, row)


def providers_by_statement(scope: Scope, statement_ids: Collection[int]) -> dict[int, set[str | None]]:
    """The providers of each statement's lines."""
    query = (
        scope.select(statement_lines, statement_lines.c.statement_id, statement_lines.c.provider)
        .where(among(scope.connection, statement_lines.c.statement_id, statement_ids))
        .distinct()
    )
    found: dict[int, set[str | None]] = defaultdict(set)
    for row in scope.connection.execute(query):
        found[row.statement_id].add(row.provider)
    return found


def statements_with_blocks(scope: Scope, statement_ids: Collection[int]) -> set[int]:
    """Those of these statements that corrections of other months stand on."""
    carrying = among(scope.connection, statements.c.carried_by_id, statement_ids)
    return set(scope.connection.scalars(scope.select(statements, statements.c.carried_by_id).where(carrying)))


def sorts_of_lines(scope: Scope, statement_ids: Collection[int]) -> dict[int, set[LineSort]]:
    """Of which sorts the lines of each statement are, those of the blocks on it too."""
    of_statement = and_(statements.c.statement_id == statement_lines.c.statement_id, scope.own(statements))
    document_id = func.coalesce(statements.c.carried_by_id, statements.c.statement_id)
    wanted = among(scope.connection, statements.c.statement_id, statement_ids) | among(
        scope.connection, statements.c.carried_by_id, statement_ids
    )
    lines = statement_lines.c
    sort = (document_id, statements.c.billing_month, lines.line_kind, lines.charge_category)
    query = scope.select(statement_lines, *sort).join(statements, of_statement).where(wanted).distinct()
    found: dict[int, set[LineSort]] = defaultdict(set)
    for statement_id, month, kind, category in scope.connection.execute(query):
        found[statement_id].add(LineSort(BillingMonth.parse(month), LineKind(kind), category))
    return found


def _shown(scope: Scope, with_notes: bool = True) -> Select[Any]:
    """Documents that have lines, and the names of their customers, deleted ones too."""
    return _recorded(scope).where(*_are_shown(with_notes))


def _are_shown(with_notes: bool) -> tuple[ColumnElement[bool], ...]:
    kinds = (DocumentKind.STATEMENT.value, DocumentKind.NOTE.value)
    return statements.c.line_count > 0, statements.c.document_kind.in_(kinds if with_notes else kinds[:1])


def _recorded(scope: Scope) -> Select[Any]:
    of_customer = and_(customers.c.customer_id == statements.c.customer_id, scope.own(customers))
    numbered = and_(given_numbers.c.statement_id == statements.c.statement_id, scope.own(given_numbers))
    names = (customers.c.name.label("customer_name"), given_numbers.c.invoice_id.label("given_number"))
    return (
        scope.select(statements, *statements.c, *names).join(customers, of_customer).outerjoin(given_numbers, numbered)
    )


def lines_of(scope: Scope, statement_ids: Collection[int]) -> dict[int, list[StatementLine]]:
    """The lines of these documents, carry lines among them, by document and in order."""
    query = scope.select(statement_lines).where(among(scope.connection, statement_lines.c.statement_id, statement_ids))
    found: dict[int, list[StatementLine]] = defaultdict(list)
    for row in scope.connection.execute(query.order_by(statement_lines.c.statement_id, statement_lines.c.number)):
        priced = PricedLine(
            row.provider,
            row.subscription,
            row.service,
            row.charge_category,
            None if row.quantity is None else round_half_away(row.quantity, QUANTITY_DECIMALS),
            row.pricing_unit,
            row.exact_amount,
            row.charge_count,
            LineKind(row.line_kind),
            row.reference,
            row.description,
        )
        found[row.statement_id].append(StatementLine(row.number, priced, row.amount_minor_units))
    return found


def _blocks_on(scope: Scope, statement_id: int) -> tuple[CorrectionBlock, ...]:
    """The blocks that stand on a statement, in order of the months they correct."""
    query = scope.select(statements).where(statements.c.carried_by_id == statement_id)
    rows = scope.connection.execute(query.order_by(statements.c.billing_month)).all()
    lines = lines_of(scope, [row.statement_id for row in rows])
    return tuple(
        CorrectionBlock(
            row.statement_id,
            row.corrects_id,
            BillingMonth.parse(row.billing_month),
            tuple(lines[row.statement_id]),
            row.total_minor_units,
        )
        for row in rows
    )


def _whole_record(scope: Scope, row: Any) -> StatementRecord:
    lines = lines_of(scope, [row.statement_id])[row.statement_id]
    if len(lines) != row.line_count:
        raise AssertionError("a statement has as many lines as were stored with it")
    own = tuple(line for line in lines if line.priced.kind not in CARRY_KINDS)
    carried = tuple(line for line in lines if line.priced.kind in CARRY_KINDS)
    return _record(row, own, _blocks_on(scope, row.statement_id), carried)


def _record(
    row: Any,
    lines: tuple[StatementLine, ...] = (),
    blocks: tuple[CorrectionBlock, ...] = (),
    carry_lines: tuple[StatementLine, ...] = (),
) -> StatementRecord:
    statement = Statement(
        customer_id=row.customer_id,
        month=BillingMonth.parse(row.billing_month),
        currency=row.currency,
        lines=lines,
        total_minor_units=row.total_minor_units,
        statement_cost=row.statement_cost,
        status=StatementStatus(row.status),
        carried_minor_units=row.carried_minor_units,
        blocks=blocks,
        carry_lines=carry_lines,
    )
    document = Document(
        kind=DocumentKind(row.document_kind),
        edition=row.edition,
        corrects_id=row.corrects_id,
        reason=row.reason,
        invoice_id=row.invoice_id or row.given_number or "",
        invoice_date=row.invoice_date,
    )
    return StatementRecord(
        row.statement_id, row.customer_name, statement, row.line_count, row.run_id, row.updated_at, document
    )
