"""Runs that were started to go on by themselves, and what came of them; what a run stored stands with the runs."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func

from rebill.model.bill_run import RunOrder, RunOutcome, RunRecord, RunStatus
from rebill.model.document import DocumentKind
from rebill.model.months import BillingMonth
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.scope import Scope
from rebill.store.tables import runs, started_runs, statements

_TABLE = started_runs
_INTERRUPTED = "run_interrupted"


def begin_run(scope: Scope, order: RunOrder, engine: str, now: datetime) -> int:
    """Note that a run goes on from now; its id. For who holds the month: those of before that never ended did not."""
    left = scope.update(_TABLE).where(_TABLE.c.billing_month == str(order.month), _TABLE.c.ended_at.is_(None))
    scope.connection.execute(left.values(ended_at=now, fault_code=_INTERRUPTED))
    run_id = draw_id(scope.connection, _TABLE.c.run_id)
    row = {"run_id": run_id, "billing_month": str(order.month), "customer_id": order.customer_id, "engine": engine}
    scope.insert(_TABLE, [{**row, "started_at": now, "ended_at": None, "fault_code": "", "fault": ""}])
    return run_id


def end_run(scope: Scope, run_id: int, now: datetime, fault_code: str = "", fault: str = "") -> None:
    """Note that a run ended, and why it failed where it did."""
    ended = scope.update(_TABLE).where(_TABLE.c.run_id == run_id)
    scope.connection.execute(ended.values(ended_at=now, fault_code=fault_code, fault=fault))


def find_run(scope: Scope, run_id: int) -> RunRecord | None:
    """A run, as far as the record knows: whether one that is noted as running lives, its month's lock tells."""
    if not can_be_stored(run_id):
        return None
    started = scope.connection.execute(scope.select(_TABLE).where(_TABLE.c.run_id == run_id)).one_or_none()
    stored = scope.connection.execute(scope.select(runs).where(runs.c.run_id == run_id)).one_or_none()
    return None if started is None and stored is None else _record(scope, started, stored)


def latest_runs(scope: Scope, month: BillingMonth, count: int) -> list[RunRecord]:
    """The latest runs of a month, the newest first: those that stored something, and those that were started."""
    of_month = scope.select(runs).where(runs.c.billing_month == str(month)).order_by(runs.c.number.desc())
    stored = {row.run_id: row for row in scope.connection.execute(of_month.limit(count))}
    begun = scope.select(_TABLE).where(_TABLE.c.billing_month == str(month)).order_by(_TABLE.c.started_at.desc())
    started = {row.run_id: row for row in scope.connection.execute(begun.limit(count))}
    found = [_record(scope, started.get(one), stored.get(one)) for one in {**started, **stored}]
    return sorted(found, key=_moment, reverse=True)[:count]


def _moment(record: RunRecord) -> datetime:
    moment = record.ended_at or record.started_at
    if moment is None:
        raise AssertionError("a run was started or has ended")
    return moment


def _record(scope: Scope, started: Row[Any] | None, stored: Row[Any] | None) -> RunRecord:
    row = stored if stored is not None else started
    if row is None:
        raise AssertionError("a run that is nowhere has no record")
    ended_at = stored.finished_at if stored is not None else row.ended_at
    return RunRecord(
        run_id=row.run_id,
        month=BillingMonth.parse(row.billing_month),
        customer_id=row.customer_id,
        engine=row.engine,
        status=_status(started, stored),
        started_at=None if started is None else started.started_at,
        ended_at=ended_at,
        fault_code="" if started is None or stored is not None else started.fault_code,
        fault="" if started is None or stored is not None else started.fault,
        outcome=None if stored is None else _outcome(scope, stored),
    )


def _status(started: Row[Any] | None, stored: Row[Any] | None) -> RunStatus:
    if stored is not None or started is None:
        return RunStatus.DONE
    if started.fault_code == _INTERRUPTED:
        return RunStatus.INTERRUPTED
    return RunStatus.FAILED if started.fault_code else RunStatus.RUNNING


def _outcome(scope: Scope, stored: Row[Any]) -> RunOutcome:
    drawn_up = scope.select(statements, func.count()).where(
        statements.c.run_id == stored.run_id,
        statements.c.document_kind == DocumentKind.STATEMENT.value,
        statements.c.line_count > 0,
    )
    open_attention = stored.attention if stored.open_attention is None else stored.open_attention
    count = scope.connection.scalar(drawn_up) or 0
    notices = tuple(stored.notices or ())
    return RunOutcome(tuple(stored.balance), dict(stored.attention), dict(open_attention), count, notices)
