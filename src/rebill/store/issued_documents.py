"""What was issued for a month, what the last run says of it now, and new documents that correct it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func

from rebill.model.correction import MonthSum, sum_of_lines
from rebill.model.document import DocumentKind
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.statement import CARRY_KINDS, PricedLine, Statement, StatementStatus
from rebill.store.closing import WaitingDocument
from rebill.store.identity import draw_ids
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.statements import insert_lines, is_issued_statement, lines_of
from rebill.store.tables import customers, runs, statement_lines, statements, voids

Key = tuple[int, str]
"""A customer's id and a currency."""

OWN_MINOR_UNITS = statements.c.total_minor_units - statements.c.carried_minor_units - statements.c.block_minor_units
"""What a document's own lines come to, without blocks and carry lines."""


@dataclass(frozen=True)
class IssuedMonth:
    """A customer's month with an issued statement that no void took back.

    ``total_minor_units``: of all its documents and blocks, before carry lines. ``run_number``: of the run that the
    statement came from. ``waiting_block_id``: a correction that is to stand on the next statement, and
    ``waiting_minor_units`` what it comes to.
    """

    statement_id: int
    customer_id: int
    customer_name: str
    currency: str
    edition: int
    run_id: int
    run_number: int
    total_minor_units: int = 0
    waiting_block_id: int | None = None
    waiting_minor_units: int = 0

    @property
    def key(self) -> Key:
        return self.customer_id, self.currency


@dataclass(frozen=True)
class Recomputed:
    """What a run computed for an issued month: ``total_minor_units`` of its lines."""

    statement_id: int
    run_id: int
    total_minor_units: int
    statement_cost: Decimal


def issued_months(
    scope: Scope, month: BillingMonth, customer_id: int | None = None, statement_id: int | None = None
) -> list[IssuedMonth]:
    """The issued statements of a month that stand, in order of customer id and currency."""
    query = (
        scope.select(
            statements, *statements.c, runs.c.number.label("run_number"), customers.c.name.label("customer_name")
        )
        .join(runs, and_(runs.c.run_id == statements.c.run_id, scope.own(runs)))
        .join(customers, and_(customers.c.customer_id == statements.c.customer_id, scope.own(customers)))
        .where(statements.c.billing_month == str(month), is_issued_statement())
        .order_by(statements.c.customer_id, statements.c.currency)
    )
    if customer_id is not None:
        query = query.where(statements.c.customer_id == customer_id)
    if statement_id is not None:
        query = query.where(statements.c.statement_id == statement_id)
    rows = scope.connection.execute(query).all()
    if not rows:
        return []
    totals, waiting = _issued_totals(scope, month), _waiting_blocks(scope, month)
    return [
        IssuedMonth(
            row.statement_id,
            row.customer_id,
            row.customer_name,
            row.currency,
            row.edition,
            row.run_id,
            row.run_number,
            totals[row.customer_id, row.currency, row.edition],
            *waiting.get((row.customer_id, row.currency), (None, 0)),
        )
        for row in rows
    ]


def _issued_totals(scope: Scope, month: BillingMonth) -> dict[tuple[int, str, int], int]:
    key = (statements.c.customer_id, statements.c.currency, statements.c.edition)
    query = (
        scope.select(statements, *key, func.sum(OWN_MINOR_UNITS).label("total"))
        .where(statements.c.billing_month == str(month), statements.c.status == StatementStatus.FINAL.value)
        .group_by(*key)
    )
    return {(row.customer_id, row.currency, row.edition): int(row.total) for row in scope.connection.execute(query)}


def _waiting_blocks(scope: Scope, month: BillingMonth) -> dict[Key, tuple[int, int]]:
    """The ids of corrections that wait, and what each comes to."""
    query = scope.select(statements).where(statements.c.billing_month == str(month), is_waiting_block())
    found = scope.connection.execute(query)
    return {(row.customer_id, row.currency): (row.statement_id, row.total_minor_units) for row in found}


def is_waiting_block() -> Any:
    """The condition that a row is a correction that waits for the statement it is to stand on."""
    return and_(
        statements.c.status == StatementStatus.ESTIMATED.value,
        statements.c.document_kind == DocumentKind.BLOCK.value,
    )


def recomputations(scope: Scope, month: BillingMonth) -> dict[Key, Recomputed]:
    """What runs computed for the issued months, where they found any line ever since the month was issued."""
    query = scope.select(statements).where(
        statements.c.billing_month == str(month), statements.c.document_kind == DocumentKind.RECOMPUTATION.value
    )
    return {
        (row.customer_id, row.currency): Recomputed(
            row.statement_id, row.run_id, row.total_minor_units, row.statement_cost
        )
        for row in scope.connection.execute(query)
    }


def recomputed_sum(scope: Scope, recomputed: Recomputed | None) -> MonthSum:
    """The month as it is now; ``None`` = it has no line any more."""
    if recomputed is None:
        return MonthSum()
    lines = lines_of(scope, [recomputed.statement_id])[recomputed.statement_id]
    return MonthSum(tuple(line.priced for line in lines), recomputed.total_minor_units, recomputed.statement_cost)


def issued_sum(scope: Scope, month: BillingMonth, issued: IssuedMonth) -> MonthSum:
    """Everything issued for a customer's month: the statement, all notes, and blocks on later statements."""
    query = scope.select(statements).where(
        statements.c.billing_month == str(month),
        statements.c.customer_id == issued.customer_id,
        statements.c.currency == issued.currency,
        statements.c.edition == issued.edition,
        statements.c.status == StatementStatus.FINAL.value,
    )
    rows = scope.connection.execute(query.order_by(statements.c.issued_at, statements.c.statement_id)).all()
    lines = lines_of(scope, [row.statement_id for row in rows])
    own: list[PricedLine] = [
        line.priced for row in rows for line in lines[row.statement_id] if line.priced.kind not in CARRY_KINDS
    ]
    cost = sum((row.statement_cost - row.block_cost for row in rows), ZERO)
    return MonthSum(sum_of_lines(own), issued.total_minor_units, cost)


@dataclass(frozen=True)
class NewCorrection:
    """A correction to be stored: by itself (a note), or to stand on the next statement (a block)."""

    issued: IssuedMonth
    correction: Statement
    kind: DocumentKind
    run_id: int
    reason: str


def add_corrections(scope: Scope, added: Sequence[NewCorrection], now: datetime) -> list[WaitingDocument]:
    """Store corrections, not issued yet, instead of blocks that wait for the same months; their order stays."""
    remove_waiting_blocks(scope, [one.issued.waiting_block_id for one in added])
    ids = draw_ids(scope.connection, statements.c.statement_id, len(added))
    numbered = list(zip(ids, added, strict=True))
    scope.insert(statements, [_correction_row(statement_id, one, now) for statement_id, one in numbered])
    insert_lines(scope, {statement_id: one.correction for statement_id, one in numbered})
    return [
        WaitingDocument(
            statement_id,
            one.issued.customer_id,
            one.issued.currency,
            one.run_id,
            one.kind,
            one.correction.total_minor_units,
        )
        for statement_id, one in numbered
    ]


def _correction_row(statement_id: int, one: NewCorrection, now: datetime) -> dict[str, Any]:
    correction = one.correction
    return {
        "statement_id": statement_id,
        "customer_id": one.issued.customer_id,
        "billing_month": str(correction.month),
        "currency": one.issued.currency,
        "status": StatementStatus.ESTIMATED.value,
        "document_kind": one.kind.value,
        "edition": one.issued.edition,
        "run_id": one.run_id,
        "total_minor_units": correction.total_minor_units,
        "carried_minor_units": 0,
        "block_minor_units": 0,
        "statement_cost": correction.statement_cost,
        "block_cost": ZERO,
        "line_count": len(correction.lines),
        "corrects_id": one.issued.statement_id,
        "reason": one.reason,
        "created_at": now,
        "updated_at": now,
    }


def remove_waiting_blocks(scope: Scope, block_ids: Collection[int | None]) -> None:
    """Take back corrections that wait for a statement."""
    wanted = [block_id for block_id in block_ids if block_id is not None]
    for table in (statement_lines, statements):
        if wanted:
            unwanted = among(scope.connection, table.c.statement_id, wanted)
            scope.connection.execute(scope.delete(table).where(unwanted))


def add_void(
    scope: Scope, month: BillingMonth, issued: IssuedMonth, note_id: int | None, reason: str, now: datetime
) -> None:
    """End an edition: the month may be issued anew, as the last run computed it."""
    void = {
        "customer_id": issued.customer_id,
        "billing_month": str(month),
        "currency": issued.currency,
        "edition": issued.edition,
        "statement_id": issued.statement_id,
        "note_id": note_id,
        "reason": reason,
        "voided_at": now,
    }
    scope.insert(voids, [void])
    remove_waiting_blocks(scope, [issued.waiting_block_id])
    waits_again = scope.update(statements).where(
        statements.c.customer_id == issued.customer_id,
        statements.c.billing_month == str(month),
        statements.c.currency == issued.currency,
        statements.c.document_kind == DocumentKind.RECOMPUTATION.value,
    )
    scope.connection.execute(waits_again.values(document_kind=DocumentKind.STATEMENT.value, edition=issued.edition + 1))
