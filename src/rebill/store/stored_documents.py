"""Documents as their rows stand, for those who check them: nothing here trusts that they add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_

from rebill.model.document import DocumentKind
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementLine, StatementStatus
from rebill.store.closing import RecordedRun, recorded_run
from rebill.store.identity import can_be_stored
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.statements import lines_of
from rebill.store.tables import customers, runs, statements, voids


@dataclass(frozen=True)
class StoredDocument:
    """A statement, note or block of the record, row by row; amounts in minor units.

    ``total``, ``carried`` and ``blocks`` are what the document's own row says, ``lines`` its lines and carry lines.
    ``voids``: it takes an edition back. ``issued_at``: ``None`` = Estimated.
    """

    statement_id: int
    customer_id: int
    customer_name: str
    month: BillingMonth
    currency: str
    kind: DocumentKind
    status: StatementStatus
    edition: int
    run_id: int
    total: int
    carried: int
    blocks: int
    statement_cost: Decimal
    block_cost: Decimal
    line_count: int
    number: int
    issued_at: datetime | None
    voids: bool
    lines: tuple[StatementLine, ...]

    @property
    def own_total(self) -> int:
        """Its total without what is carried and without blocks of other months."""
        return self.total - self.carried - self.blocks

    @property
    def own_cost(self) -> Decimal:
        """The statement cost of its own lines."""
        return self.statement_cost - self.block_cost

    @property
    def carry_order(self) -> tuple[datetime, BillingMonth, int]:
        """Its place in the ledger of carried credit: as statements were issued, then those that will be, by month."""
        return self.issued_at or datetime.max.replace(tzinfo=UTC), self.month, self.edition

    @property
    def order(self) -> tuple[bool, bool, datetime, int, int]:
        """Its place among the documents of its edition: the statement, then notes as they were issued, a void last."""
        issued_at = self.issued_at or datetime.max.replace(tzinfo=UTC)
        return self.kind is not DocumentKind.STATEMENT, self.voids, issued_at, self.number, self.statement_id


_SHOWN = (DocumentKind.STATEMENT.value, DocumentKind.NOTE.value)


def stored_document(scope: Scope, statement_id: int) -> StoredDocument | None:
    """The statement or note of this id, with its lines."""
    if not can_be_stored(statement_id):
        return None
    found = _documents(
        scope, statements.c.statement_id == statement_id, statements.c.document_kind.in_(_SHOWN), _is_filled()
    )
    return found[0] if found else None


def stored_documents(scope: Scope, month: BillingMonth) -> list[StoredDocument]:
    """The statements and notes of a month, with their lines, in order of customer, currency and issue."""
    return _documents(
        scope, statements.c.billing_month == str(month), statements.c.document_kind.in_(_SHOWN), _is_filled()
    )


def standing_documents(scope: Scope, month: BillingMonth) -> list[StoredDocument]:
    """Everything issued for a month that no void took back: statements, notes, and blocks on later statements."""
    kinds = (DocumentKind.STATEMENT.value, DocumentKind.NOTE.value, DocumentKind.BLOCK.value)
    query = scope.select(voids).where(voids.c.billing_month == str(month))
    voided = {(row.customer_id, row.currency, row.edition) for row in scope.connection.execute(query)}
    found = _documents(
        scope,
        statements.c.billing_month == str(month),
        statements.c.status == StatementStatus.FINAL.value,
        statements.c.document_kind.in_(kinds),
    )
    return [one for one in found if (one.customer_id, one.currency, one.edition) not in voided]


def blocks_on(scope: Scope, statement_id: int) -> list[StoredDocument]:
    """The corrections of other months that stand on a statement."""
    return _documents(scope, statements.c.carried_by_id == statement_id)


def issued_before(scope: Scope, document: StoredDocument) -> list[StoredDocument]:
    """What was issued for the customer's month, of the same edition, before a note or block: it corrects their sum."""
    found = _documents(
        scope,
        statements.c.customer_id == document.customer_id,
        statements.c.billing_month == str(document.month),
        statements.c.currency == document.currency,
        statements.c.edition == document.edition,
        statements.c.status == StatementStatus.FINAL.value,
    )
    return [other for other in found if other.order < document.order]


def carried_before(scope: Scope, document: StoredDocument) -> list[StoredDocument]:
    """The customer's statements in the currency that carried money before ``document``, as their ledger counts them.

    Before an issued one: those that were issued before it. Before an Estimated one: all that are issued, and Estimated
    ones of earlier months, as if they were issued first.
    """
    found = _documents(
        scope,
        statements.c.customer_id == document.customer_id,
        statements.c.currency == document.currency,
        statements.c.document_kind == DocumentKind.STATEMENT.value,
        statements.c.carried_minor_units != 0,
    )
    return sorted(
        (other for other in found if other.carry_order < document.carry_order), key=lambda one: one.carry_order
    )


def runs_by_id(scope: Scope, run_ids: Sequence[int]) -> dict[int, RecordedRun]:
    """These runs, by id."""
    query = scope.select(runs).where(among(scope.connection, runs.c.run_id, run_ids))
    return {row.run_id: recorded_run(row) for row in scope.connection.execute(query)}


def _is_filled() -> ColumnElement[bool]:
    return statements.c.line_count > 0


def _documents(scope: Scope, *conditions: ColumnElement[bool]) -> list[StoredDocument]:
    of_customer = and_(customers.c.customer_id == statements.c.customer_id, scope.own(customers))
    query = (
        scope.select(statements, *statements.c, customers.c.name.label("customer_name"))
        .join(customers, of_customer)
        .where(*conditions)
    )
    rows = scope.connection.execute(query).all()
    lines = lines_of(scope, [row.statement_id for row in rows])
    voiding = set(scope.connection.scalars(scope.select(voids, voids.c.note_id)))
    found = [_document(row, tuple(lines[row.statement_id]), row.statement_id in voiding) for row in rows]
    return sorted(found, key=lambda one: (one.customer_id, one.currency, one.edition, one.order))


def _document(row: Any, lines: tuple[StatementLine, ...], is_void: bool) -> StoredDocument:
    return StoredDocument(
        statement_id=row.statement_id,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        month=BillingMonth.parse(row.billing_month),
        currency=row.currency,
        kind=DocumentKind(row.document_kind),
        status=StatementStatus(row.status),
        edition=row.edition,
        run_id=row.run_id,
        total=row.total_minor_units,
        carried=row.carried_minor_units,
        blocks=row.block_minor_units,
        statement_cost=row.statement_cost,
        block_cost=row.block_cost,
        line_count=row.line_count,
        number=row.number or 0,
        issued_at=row.issued_at,
        voids=is_void,
        lines=lines,
    )
