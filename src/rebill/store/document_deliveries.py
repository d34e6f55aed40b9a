"""What became of documents that are delivered: a row for each document and way, from when they are issued."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update

from rebill.model.document import DocumentKind
from rebill.model.document_delivery import (
    DeliveryState,
    DeliveryWay,
    DocumentDelivery,
    IssuedBesideDeliveries,
    next_attempt,
)
from rebill.model.months import BillingMonth
from rebill.model.particulars import Particulars
from rebill.model.statement import StatementStatus
from rebill.store.customers import billing_folders
from rebill.store.identity import can_be_stored
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.tables import document_deliveries, given_numbers, statements

SENT_BY_HAND: Final = "sent again by hand"
_OPEN = (DeliveryState.WAITING.value, DeliveryState.FAILED.value)


@dataclass(frozen=True)
class DeliveryChoice:
    """Which documents: of a month, of a customer, those due at a moment; ``None`` for any."""

    month: BillingMonth | None = None
    customer_id: int | None = None
    due_at: datetime | None = None


def order_deliveries(
    scope: Scope, ways: Sequence[DeliveryWay], issued: Mapping[int, Particulars], now: datetime
) -> None:
    """Note that documents are to be delivered by each way that has a place for them; part of what issues them.

    ``issued``: what they show, by statement id.
    """
    folders = billing_folders(scope, {shown.recipient.customer_id for shown in issued.values()})
    rows = []
    for way in ways:
        for statement_id, shown in issued.items():
            to = shown.recipient
            target = to.details.email if way is DeliveryWay.EMAIL else folders[to.customer_id]
            if target:
                row = {"statement_id": statement_id, "customer_id": to.customer_id, "way": way.value, "target": target}
                waiting = {"state": DeliveryState.WAITING.value, "attempts": 0, "fault": ""}
                rows.append({**row, **waiting, "changed_at": now, "due_at": now})
    scope.insert(document_deliveries, rows)


def customers_of_unordered(scope: Scope, way: DeliveryWay, statement_ids: Collection[int]) -> dict[int, int]:
    """The customers of those documents whose delivery this way nobody ordered or tried, by statement id."""
    ordered = scope.select(document_deliveries, document_deliveries.c.statement_id)
    query = scope.select(statements, statements.c.statement_id, statements.c.customer_id).where(
        among(scope.connection, statements.c.statement_id, statement_ids),
        statements.c.statement_id.not_in(ordered.where(document_deliveries.c.way == way.value)),
    )
    return {row.statement_id: row.customer_id for row in scope.connection.execute(query)}


def forget_order(scope: Scope, statement_id: int, way: DeliveryWay) -> None:
    """A document that waits for its delivery has nowhere to go any more: nothing is due."""
    waiting = scope.delete(document_deliveries).where(
        document_deliveries.c.statement_id == statement_id,
        document_deliveries.c.way == way.value,
        document_deliveries.c.state == DeliveryState.WAITING.value,
    )
    scope.connection.execute(waiting)


def partners_with_due_deliveries(connection: Connection, now: datetime) -> Sequence[int]:
    """The partners that have something to deliver now. It serves no caller: this query alone goes over all partners."""
    due = select(document_deliveries.c.partner_id).where(document_deliveries.c.due_at <= now).distinct()
    return connection.scalars(due).all()


def stop_deliveries(connection: Connection) -> None:
    """Let no server deliver by itself what waits, whosever it is; what is ordered later it does."""
    waits = document_deliveries.c.due_at.is_not(None)
    connection.execute(update(document_deliveries).where(waits).values(due_at=None))


def to_deliver(scope: Scope, way: DeliveryWay, choice: DeliveryChoice) -> list[int]:
    """Issued and numbered documents that did not reach their customers this way, in order.

    Those of which it is not known are left out.
    """
    tried = and_(
        document_deliveries.c.statement_id == statements.c.statement_id, document_deliveries.c.way == way.value
    )
    query = (
        _issued(scope, choice)
        .with_only_columns(statements.c.statement_id)
        .outerjoin(document_deliveries, and_(tried, scope.own(document_deliveries)))
        .where(
            _has_number(),
            or_(document_deliveries.c.state.is_(None), document_deliveries.c.state.in_(_OPEN)),
        )
        .order_by(statements.c.issued_at, statements.c.statement_id)
    )
    if choice.due_at is not None:
        query = query.where(document_deliveries.c.due_at <= choice.due_at)
    return list(scope.connection.scalars(query))


def issued_beside_deliveries(scope: Scope, choice: DeliveryChoice) -> IssuedBesideDeliveries:
    """How many documents of a month or customer are issued, and which of them nobody tried to deliver, and why."""
    tried = scope.select(document_deliveries, document_deliveries.c.statement_id)
    is_tried = statements.c.statement_id.in_(tried)
    columns = (statements.c.customer_id, _has_number().label("has_number"), is_tried.label("is_tried"))
    counts = _issued(scope, choice).with_only_columns(*columns, func.count().label("documents"))
    issued, without_number = 0, 0
    without_place: Counter[int] = Counter()
    for row in scope.connection.execute(counts.group_by(*columns)):
        issued += row.documents
        if not row.has_number:
            without_number += row.documents
        elif not row.is_tried:
            without_place[row.customer_id] += row.documents
    return IssuedBesideDeliveries(
        issued, without_number, dict(sorted(without_place.items())), _waiting_with_number(scope, choice)
    )


def _waiting_with_number(scope: Scope, choice: DeliveryChoice) -> dict[DeliveryWay, int]:
    ordered = and_(document_deliveries.c.statement_id == statements.c.statement_id, scope.own(document_deliveries))
    counts = (
        _issued(scope, choice)
        .with_only_columns(document_deliveries.c.way, func.count().label("documents"))
        .join(document_deliveries, ordered)
        .where(_has_number(), document_deliveries.c.state == DeliveryState.WAITING.value)
        .group_by(document_deliveries.c.way)
    )
    return {DeliveryWay(row.way): row.documents for row in scope.connection.execute(counts)}


def _issued(scope: Scope, choice: DeliveryChoice) -> Select[Any]:
    """The issued documents of a month or customer, with the numbers that were given to them."""
    numbered = and_(given_numbers.c.statement_id == statements.c.statement_id, scope.own(given_numbers))
    query = (
        scope.select(statements)
        .outerjoin(given_numbers, numbered)
        .where(
            statements.c.status == StatementStatus.FINAL.value,
            statements.c.document_kind.in_((DocumentKind.STATEMENT.value, DocumentKind.NOTE.value)),
            statements.c.line_count > 0,
        )
    )
    if choice.month is not None:
        query = query.where(statements.c.billing_month == str(choice.month))
    if choice.customer_id is not None:
        query = query.where(statements.c.customer_id == choice.customer_id)
    return query


def _has_number() -> ColumnElement[bool]:
    return or_(statements.c.invoice_id.is_not(None), given_numbers.c.invoice_id.is_not(None))


def begin_delivery(
    scope: Scope,
    statement_id: int,
    customer_id: int,
    way: DeliveryWay,
    target: str,
    now: datetime,
    *,
    is_repeated: bool = False,
) -> bool:
    """Note that a document is about to leave; ``False`` where another process has it in hand, or it is delivered.

    ``is_repeated``: its place was asked in this round before; a round counts as one attempt.
    """
    same = and_(document_deliveries.c.statement_id == statement_id, document_deliveries.c.way == way.value)
    again = (
        scope.update(document_deliveries)
        .where(same, document_deliveries.c.state.in_(_OPEN))
        .values(
            state=DeliveryState.UNSURE.value,
            target=target,
            attempts=document_deliveries.c.attempts + (0 if is_repeated else 1),
            fault="",
            changed_at=now,
            due_at=None,
        )
    )
    if scope.connection.execute(again).rowcount == 1:
        return True
    if scope.connection.execute(scope.select(document_deliveries).where(same)).first() is not None:
        return False
    row = {"statement_id": statement_id, "customer_id": customer_id, "way": way.value, "target": target}
    scope.insert(
        document_deliveries,
        [{**row, "state": DeliveryState.UNSURE.value, "attempts": 1, "fault": "", "changed_at": now, "due_at": None}],
    )
    return True


def end_delivery(
    scope: Scope, statement_id: int, way: DeliveryWay, state: DeliveryState, fault: str, now: datetime, is_lasting: bool
) -> None:
    """Note how it ended, and what is to be told of that. ``is_lasting``: trying again by itself would not help."""
    same = and_(document_deliveries.c.statement_id == statement_id, document_deliveries.c.way == way.value)
    due_at = None
    if state is DeliveryState.FAILED and not is_lasting:
        attempts = scope.select(document_deliveries, document_deliveries.c.attempts).where(same)
        due_at = next_attempt(scope.connection.scalars(attempts).one(), now)
    ended = scope.update(document_deliveries).where(same)
    scope.connection.execute(ended.values(state=state.value, fault=fault, changed_at=now, due_at=due_at))


def postpone(scope: Scope, way: DeliveryWay, now: datetime) -> None:
    """What is due by a way that takes nothing now becomes due with what failed on it, at the earliest."""
    of_way = document_deliveries.c.way == way.value
    later = scope.select(document_deliveries, func.min(document_deliveries.c.due_at))
    until = scope.connection.scalar(later.where(of_way, document_deliveries.c.due_at > now))
    if until is not None:
        due = scope.update(document_deliveries).where(of_way, document_deliveries.c.due_at <= now)
        scope.connection.execute(due.values(due_at=until))


def forget_unsure(scope: Scope, statement_id: int, now: datetime) -> int:
    """Let what nobody knows of be delivered again; how many ways that was."""
    unsure = (
        scope.update(document_deliveries)
        .where(
            document_deliveries.c.statement_id == statement_id,
            document_deliveries.c.state == DeliveryState.UNSURE.value,
        )
        .values(state=DeliveryState.FAILED.value, fault=SENT_BY_HAND, changed_at=now)
    )
    return int(scope.connection.execute(unsure).rowcount)


def find_delivery(scope: Scope, statement_id: int, way: DeliveryWay) -> DocumentDelivery | None:
    """What became of a document on one way; ``None``: it was never to go there."""
    if not can_be_stored(statement_id):
        return None
    query = scope.select(document_deliveries).where(
        document_deliveries.c.statement_id == statement_id, document_deliveries.c.way == way.value
    )
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else delivery_of_row(row)


def make_due(scope: Scope, statement_id: int, way: DeliveryWay, now: datetime) -> bool:
    """Let a server bring what is not delivered at once; ``False``: it is delivered.

    What nobody knows of counts as failed from now on.
    """
    due = (
        scope.update(document_deliveries)
        .where(
            document_deliveries.c.statement_id == statement_id,
            document_deliveries.c.way == way.value,
            document_deliveries.c.state != DeliveryState.DELIVERED.value,
        )
        .values(state=DeliveryState.FAILED.value, fault=SENT_BY_HAND, changed_at=now, due_at=now)
    )
    return scope.connection.execute(due).rowcount == 1


def deliveries_of(scope: Scope, month: BillingMonth | None, customer_id: int | None) -> list[DocumentDelivery]:
    """Every delivery, by document and way."""
    of_statement = and_(statements.c.statement_id == document_deliveries.c.statement_id, scope.own(statements))
    query = scope.select(document_deliveries, *document_deliveries.c).join(statements, of_statement)
    if month is not None:
        query = query.where(statements.c.billing_month == str(month))
    if customer_id is not None:
        query = query.where(document_deliveries.c.customer_id == customer_id)
    rows = scope.connection.execute(query.order_by(document_deliveries.c.statement_id, document_deliveries.c.way))
    return [delivery_of_row(row) for row in rows]


def delivery_of_row(row: Any) -> DocumentDelivery:
    """The delivery that a row of ``document_deliveries`` holds."""
    return DocumentDelivery(
        row.statement_id,
        row.customer_id,
        DeliveryWay(row.way),
        row.target,
        DeliveryState(row.state),
        row.attempts,
        row.fault,
        row.changed_at,
        row.due_at,
    )
