"""Acts that issued documents, or wait for a second person: who did what, when and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_

from rebill.model.closing import Blocker, BlockerKind, Closing, ClosingAct, ClosingOrder
from rebill.model.months import BillingMonth
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.scope import Scope
from rebill.store.tables import closings

_WAITS = and_(closings.c.closed_by.is_(None), closings.c.withdrawn_at.is_(None))


def add_closing(
    scope: Scope,
    order: ClosingOrder,
    blockers: Sequence[Blocker],
    documents_sha256: str,
    requested_by: str,
    now: datetime,
    *,
    waits: bool = False,
) -> Closing:
    """Keep an act that is done now, or (``waits``) is asked for and waits for a second person."""
    closing_id = draw_id(scope.connection, closings.c.closing_id)
    row = {
        "closing_id": closing_id,
        "act": order.act.value,
        "billing_month": str(order.month),
        "customer_id": order.customer_id,
        "statement_id": order.statement_id,
        "reason": order.reason,
        "blockers": [{"kind": blocker.kind.value, "sentence": blocker.sentence} for blocker in blockers],
        "documents_sha256": documents_sha256,
        "requested_by": requested_by,
        "requested_at": now,
        "closed_by": None if waits else requested_by,
        "closed_at": None if waits else now,
        "withdrawn_at": None,
    }
    scope.insert(closings, [row])
    closing = find_closing(scope, closing_id)
    if closing is None:
        raise AssertionError("an act just stored must be found")
    return closing


def find_closing(scope: Scope, closing_id: int) -> Closing | None:
    """An act that was not withdrawn."""
    if not can_be_stored(closing_id):
        return None
    query = scope.select(closings).where(closings.c.closing_id == closing_id, closings.c.withdrawn_at.is_(None))
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else _closing(row)


def waiting_closings(scope: Scope) -> list[Closing]:
    """The acts that wait for a second person, in the order in which they were asked for."""
    query = scope.select(closings).where(_WAITS).order_by(closings.c.requested_at, closings.c.closing_id)
    return [_closing(row) for row in scope.connection.execute(query)]


def mark_closed(scope: Scope, closing_id: int, closed_by: str, now: datetime) -> None:
    """Note who approved an act that waited, and when."""
    waiting = scope.update(closings).where(closings.c.closing_id == closing_id, _WAITS)
    scope.connection.execute(waiting.values(closed_by=closed_by, closed_at=now))


def withdraw_waiting(scope: Scope, closing_ids: Sequence[int], now: datetime) -> None:
    """Take back acts that wait for a second person."""
    waiting = scope.update(closings).where(closings.c.closing_id.in_(closing_ids), _WAITS)
    scope.connection.execute(waiting.values(withdrawn_at=now))


def _closing(row: Any) -> Closing:
    return Closing(
        closing_id=row.closing_id,
        order=ClosingOrder(
            ClosingAct(row.act), BillingMonth.parse(row.billing_month), row.customer_id, row.reason, row.statement_id
        ),
        blockers=tuple(Blocker(BlockerKind(found["kind"]), found["sentence"]) for found in row.blockers),
        documents_sha256=row.documents_sha256,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        closed_by=row.closed_by or "",
        closed_at=row.closed_at,
    )
