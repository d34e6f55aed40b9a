"""What became of documents that are delivered: a row for each document and way."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_

from rebill.model.document import DocumentKind
from rebill.model.document_delivery import DeliveryState, DeliveryWay, DocumentDelivery
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementStatus
from rebill.store.scope import Scope
from rebill.store.tables import document_deliveries, given_numbers, statements


def to_deliver(
    scope: Scope, way: DeliveryWay, month: BillingMonth | None, customer_id: int | None
) -> list[tuple[int, int]]:
    """Issued and numbered documents that did not reach their customers this way, in order: statement, customer id.

    Those of which it is not known are left out.
    """
    tried = and_(
        document_deliveries.c.statement_id == statements.c.statement_id, document_deliveries.c.way == way.value
    )
    numbered = and_(given_numbers.c.statement_id == statements.c.statement_id, scope.own(given_numbers))
    query = (
        scope.select(statements, statements.c.statement_id, statements.c.customer_id)
        .outerjoin(document_deliveries, and_(tried, scope.own(document_deliveries)))
        .outerjoin(given_numbers, numbered)
        .where(
            statements.c.status == StatementStatus.FINAL.value,
            statements.c.document_kind.in_((DocumentKind.STATEMENT.value, DocumentKind.NOTE.value)),
            statements.c.line_count > 0,
            or_(statements.c.invoice_id.is_not(None), given_numbers.c.invoice_id.is_not(None)),
            or_(document_deliveries.c.state.is_(None), document_deliveries.c.state == DeliveryState.FAILED.value),
        )
        .order_by(statements.c.issued_at, statements.c.statement_id)
    )
    if month is not None:
        query = query.where(statements.c.billing_month == str(month))
    if customer_id is not None:
        query = query.where(statements.c.customer_id == customer_id)
    return [(row.statement_id, row.customer_id) for row in scope.connection.execute(query)]


def begin_delivery(
    scope: Scope, statement_id: int, customer_id: int, way: DeliveryWay, target: str, now: datetime
) -> bool:
    """Note that a document is about to leave; ``False`` where another process has it in hand, or it is delivered."""
    same = and_(document_deliveries.c.statement_id == statement_id, document_deliveries.c.way == way.value)
    again = (
        scope.update(document_deliveries)
        .where(same, document_deliveries.c.state == DeliveryState.FAILED.value)
        .values(
            state=DeliveryState.UNSURE.value, target=target, attempts=document_deliveries.c.attempts + 1, changed_at=now
        )
    )
    if scope.connection.execute(again).rowcount == 1:
        return True
    if scope.connection.execute(scope.select(document_deliveries).where(same)).first() is not None:
        return False
    row = {"statement_id": statement_id, "customer_id": customer_id, "way": way.value, "target": target}
    scope.insert(
        document_deliveries,
        [{**row, "state": DeliveryState.UNSURE.value, "attempts": 1, "fault": "", "changed_at": now}],
    )
    return True


def end_delivery(
    scope: Scope, statement_id: int, way: DeliveryWay, state: DeliveryState, fault: str, now: datetime
) -> None:
    """Note how it ended, and what is to be told of that."""
    ended = (
        scope.update(document_deliveries)
        .where(document_deliveries.c.statement_id == statement_id, document_deliveries.c.way == way.value)
        .values(state=state.value, fault=fault, changed_at=now)
    )
    scope.connection.execute(ended)


def forget_unsure(scope: Scope, statement_id: int, now: datetime) -> int:
    """Let what nobody knows of be delivered again; how many ways that was."""
    unsure = (
        scope.update(document_deliveries)
        .where(
            document_deliveries.c.statement_id == statement_id,
            document_deliveries.c.state == DeliveryState.UNSURE.value,
        )
        .values(state=DeliveryState.FAILED.value, fault="sent again by hand", changed_at=now)
    )
    return int(scope.connection.execute(unsure).rowcount)


def deliveries_of(scope: Scope, month: BillingMonth | None, customer_id: int | None) -> list[DocumentDelivery]:
    """Every delivery, by document and way."""
    of_statement = and_(statements.c.statement_id == document_deliveries.c.statement_id, scope.own(statements))
    query = scope.select(document_deliveries, *document_deliveries.c).join(statements, of_statement)
    if month is not None:
        query = query.where(statements.c.billing_month == str(month))
    if customer_id is not None:
        query = query.where(document_deliveries.c.customer_id == customer_id)
    rows = scope.connection.execute(query.order_by(document_deliveries.c.statement_id, document_deliveries.c.way))
    return [_delivery(row) for row in rows]


def _delivery(row: Any) -> DocumentDelivery:
    return DocumentDelivery(
        row.statement_id,
        row.customer_id,
        DeliveryWay(row.way),
        row.target,
        DeliveryState(row.state),
        row.attempts,
        row.fault,
        row.changed_at,
    )
