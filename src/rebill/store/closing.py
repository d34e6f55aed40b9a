"""Closing months in the record: who may issue now, the partner's rules, numbers, and making documents Final."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from rebill.model.closing import ClosingSettings, LateCost, Numbering
from rebill.model.document import DocumentKind, Series, invoice_id_text, series_of
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementStatus
from rebill.store.scope import Query, Scope
from rebill.store.tables import closing_settings, document_numbers, partners, runs, statements

_CLOSING_LOCK: Final = 724_541_191
"""Any number will do, as long as every version of rebill takes the same one; beside it stands the partner's id."""


def hold_closing(scope: Scope) -> None:
    """Be the only one of this partner who issues documents or replaces Estimated ones, until the transaction ends."""
    _hold(scope, _closing_held)


def hold_months_open(scope: Scope) -> None:
    """Let nobody issue documents of this partner until the transaction ends. Any number of callers may at once."""
    _hold(scope, months_held_open)


def _hold(scope: Scope, lock: Query) -> None:
    # SQLite's writers stand in line anyway.
    if scope.dialect == "postgresql":
        scope.run(lock)


def _closing_held(scope: Scope) -> Select[Any]:
    return select(func.pg_advisory_xact_lock(_CLOSING_LOCK, scope.partner_id))


def months_held_open(scope: Scope) -> Select[Any]:
    """The query of ``hold_months_open``, for PostgreSQL."""
    return select(func.pg_advisory_xact_lock_shared(_CLOSING_LOCK, scope.partner_id))


def billing_start(scope: Scope) -> BillingMonth | None:
    """The first month that the partner bills with rebill; months before it are never issued."""
    ((start,),) = scope.run(_billing_start)
    return None if start is None else BillingMonth.parse(start)


def _billing_start(scope: Scope) -> Select[Any]:
    return select(partners.c.billing_start).where(partners.c.partner_id == scope.partner_id)


def closing_settings_of(scope: Scope) -> ClosingSettings:
    """The partner's rules for closing its months."""
    row = scope.connection.execute(scope.select(closing_settings)).one_or_none()
    if row is None:
        return ClosingSettings()
    return ClosingSettings(
        unassigned_threshold=row.unassigned_threshold,
        close_day=row.close_day,
        needs_approval=row.needs_approval,
        numbering=Numbering(row.numbering),
        late_cost=LateCost(row.late_cost),
        tolerance_percent=row.tolerance_percent,
        tolerance_amount=row.tolerance_amount,
        movement_percent=row.movement_percent,
    )


def store_closing_settings(scope: Scope, settings: ClosingSettings) -> None:
    """Keep the partner's rules for closing its months as they are now."""
    row = {
        "unassigned_threshold": settings.unassigned_threshold,
        "close_day": settings.close_day,
        "needs_approval": settings.needs_approval,
        "numbering": settings.numbering.value,
        "late_cost": settings.late_cost.value,
        "tolerance_percent": settings.tolerance_percent,
        "tolerance_amount": settings.tolerance_amount,
        "movement_percent": settings.movement_percent,
    }
    scope.upsert(closing_settings, ["partner_id"], [row], list(row))


@dataclass(frozen=True)
class RecordedRun:
    """A run as the record keeps it. ``inputs_sha256``: of what it was computed from.

    ``open_attention``: lines of ``attention`` that nobody accepted, by kind. ``manifest_file_sha256``: of the whole
    manifest; ``None`` for runs of before it was kept. ``notices``: sentences on fixed rates that do not price
    what their rules are for.
    """

    run_id: int
    month: BillingMonth
    number: int
    customer_id: int | None
    inputs_sha256: str
    outcome_sha256: str
    folder: str
    balance: tuple[dict[str, str], ...]
    attention: dict[str, int]
    open_attention: dict[str, int]
    manifest_file_sha256: str | None
    notices: tuple[str, ...]


def runs_of_month(scope: Scope, month: BillingMonth) -> list[RecordedRun]:
    """The runs of a month, the last one first."""
    query = scope.select(runs).where(runs.c.billing_month == str(month)).order_by(runs.c.number.desc())
    return [recorded_run(row) for row in scope.connection.execute(query)]


def recorded_run(row: Any) -> RecordedRun:
    """The run that a row of ``runs`` holds."""
    return RecordedRun(
        row.run_id,
        BillingMonth.parse(row.billing_month),
        row.number,
        row.customer_id,
        row.manifest_sha256,
        row.outcome_sha256,
        row.folder,
        tuple(row.balance),
        row.attention,
        row.attention if row.open_attention is None else row.open_attention,
        row.manifest_file_sha256,
        tuple(row.notices or ()),
    )


def months_ever_run(scope: Scope) -> set[BillingMonth]:
    """The months that any run has billed."""
    query = scope.select(runs, runs.c.billing_month).distinct()
    return {BillingMonth.parse(month) for month in scope.connection.scalars(query)}


def last_whole_runs(scope: Scope) -> dict[BillingMonth, RecordedRun]:
    """The last run of each month that was for all customers."""
    query = scope.select(runs).where(runs.c.customer_id.is_(None)).order_by(runs.c.number)
    return {run.month: run for run in map(recorded_run, scope.connection.execute(query))}


@dataclass(frozen=True)
class WaitingDocument:
    """An Estimated document with lines, in the order in which documents get their numbers."""

    statement_id: int
    customer_id: int
    currency: str
    run_id: int
    kind: DocumentKind
    total_minor_units: int


def statements_to_issue(scope: Scope, month: BillingMonth, customer_id: int | None) -> list[WaitingDocument]:
    """The Estimated statements of a month, in order of customer id and currency."""
    query = scope.select(statements).where(statements.c.billing_month == str(month), *_waits(customer_id))
    rows = scope.connection.execute(query.order_by(statements.c.customer_id, statements.c.currency))
    return [
        WaitingDocument(
            row.statement_id, row.customer_id, row.currency, row.run_id, DocumentKind.STATEMENT, row.total_minor_units
        )
        for row in rows
    ]


def _waits(customer_id: int | None) -> list[ColumnElement[bool]]:
    """That a statement waits to be issued, of all customers or of one."""
    found = [
        statements.c.status == StatementStatus.ESTIMATED.value,
        statements.c.document_kind == DocumentKind.STATEMENT.value,
        statements.c.line_count > 0,
    ]
    return found if customer_id is None else [*found, statements.c.customer_id == customer_id]


def months_to_issue_before(scope: Scope, month: BillingMonth, customer_id: int | None) -> dict[int, list[str]]:
    """Which earlier months have Estimated statements, from the partner's start of billing on, by customer.

    Of the customers with such a statement of ``month``: of all, or of one.
    """
    query = _to_issue_before(scope, month, customer_id).order_by(statements.c.billing_month)
    found = dict[int, list[str]]()
    for found_customer_id, earlier in scope.connection.execute(query.distinct()):
        found.setdefault(found_customer_id, []).append(earlier)
    return found


def first_month_to_issue_before(scope: Scope, month: BillingMonth) -> str | None:
    """The first of ``months_to_issue_before``, of all customers."""
    query = _to_issue_before(scope, month, None).with_only_columns(func.min(statements.c.billing_month))
    first: str | None = scope.connection.scalar(query)
    return first


def _to_issue_before(scope: Scope, month: BillingMonth, customer_id: int | None) -> Select[Any]:
    waiting_now = (
        scope.select(statements, statements.c.customer_id)
        .where(statements.c.billing_month == str(month), *_waits(customer_id))
        .correlate(None)
    )
    return scope.select(statements, statements.c.customer_id, statements.c.billing_month).where(
        statements.c.billing_month < str(month),
        statements.c.billing_month >= str(billing_start(scope) or ""),
        statements.c.customer_id.in_(waiting_now),
        *_waits(customer_id),
    )


def issue(
    scope: Scope,
    documents: Sequence[WaitingDocument],
    invoice_date: date,
    numbering: Numbering,
    closing_id: int,
    now: datetime,
) -> None:
    """Make stored documents Final for ever, numbered in their order. ``hold_closing`` must be held."""
    query = (
        scope.update(statements)
        .where(statements.c.statement_id == bindparam("issued_id"))
        .values(
            status=StatementStatus.FINAL.value,
            series=bindparam("new_series"),
            number_year=bindparam("new_year"),
            number=bindparam("new_number"),
            invoice_id=bindparam("new_invoice_id"),
            invoice_date=invoice_date,
            closing_id=closing_id,
            issued_at=now,
            updated_at=now,
        )
    )
    numbered = _numbered(scope, documents, invoice_date.year, numbering)
    if numbered:
        scope.connection.execute(query, numbered)


def _numbered(
    scope: Scope, documents: Sequence[WaitingDocument], year: int, numbering: Numbering
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    taken: dict[Series, int] = {}
    for document in documents:
        row: dict[str, object] = {"issued_id": document.statement_id}
        row |= dict.fromkeys(("new_series", "new_year", "new_number", "new_invoice_id"))
        # A block has the number of the statement it stands on.
        if numbering is Numbering.GAPLESS and document.kind is not DocumentKind.BLOCK:
            series = series_of(document.kind)
            taken[series] = number = taken.get(series) or _last_number(scope, series, year)
            taken[series] = number = number + 1
            row |= {"new_series": series.value, "new_year": year, "new_number": number}
            row["new_invoice_id"] = invoice_id_text(series, year, number)
        rows.append(row)
    for series, last in taken.items():
        counted = {"series": series.value, "number_year": year, "last_number": last}
        scope.upsert(document_numbers, ["partner_id", "series", "number_year"], [counted], ["last_number"])
    return rows


def _last_number(scope: Scope, series: Series, year: int) -> int:
    query = scope.select(document_numbers, document_numbers.c.last_number).where(
        document_numbers.c.series == series.value, document_numbers.c.number_year == year
    )
    return scope.connection.scalars(query.with_for_update()).one_or_none() or 0
