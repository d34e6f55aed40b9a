"""The record of syncs, and the Azure plans that they listed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select

from rebill.model.azure_plan import PlanSubscription
from rebill.model.money import text_of
from rebill.model.months import BillingMonth
from rebill.model.movement import Alarm, AlarmKind
from rebill.model.sync import MovedCustomer, SyncOutcome, SyncPart, SyncRecord, SyncResult
from rebill.store.identity import draw_id, draw_ids
from rebill.store.scope import Scope
from rebill.store.tables import plan_subscriptions, syncs

_TOLD: Final = ("azure_customer_id", "plan_name", "subscription_name", "status")
_LATEST: Final = 1000


def begin_sync(scope: Scope, part: SyncPart, at: datetime) -> int:
    """Record that a sync has begun; its id."""
    sync_id = draw_id(scope.connection, syncs.c.sync_id)
    row = {"sync_id": sync_id, "part": part.value, "started_at": at, "outcome": SyncOutcome.RUNNING.value}
    nothing: dict[str, Any] = {"ended_at": None, "counts": {}, "alarms": [], "fault_code": "", "fault": ""}
    scope.insert(syncs, [{**row, **nothing}])
    return sync_id


def end_sync(
    scope: Scope, sync_id: int, at: datetime, outcome: SyncOutcome, result: SyncResult, fault: tuple[str, str]
) -> None:
    """Record how a sync has ended; ``fault``: code and sentence, both empty where there is none."""
    values = {
        "ended_at": at,
        "outcome": outcome.value,
        "counts": dict(result.counts),
        "alarms": [_kept(alarm) for alarm in result.alarms],
        "fault_code": fault[0],
        "fault": fault[1],
        "moved_customers": [asdict(one) for one in result.moved],
    }
    scope.connection.execute(scope.update(syncs).where(syncs.c.sync_id == sync_id).values(values))


def end_interrupted(scope: Scope, at: datetime) -> int:
    """Record of every sync that was never ended that it was interrupted; how many there were."""
    left = scope.update(syncs).where(syncs.c.outcome == SyncOutcome.RUNNING.value)
    return scope.connection.execute(left.values(outcome=SyncOutcome.INTERRUPTED.value, ended_at=at)).rowcount


def latest_syncs(scope: Scope, count: int) -> list[SyncRecord]:
    """The latest syncs, the newest first."""
    query = scope.select(syncs).order_by(syncs.c.started_at.desc(), syncs.c.sync_id.desc())
    return [_record(row) for row in scope.connection.execute(query.limit(min(count, _LATEST)))]


def all_syncs(connection: Connection) -> Iterator[tuple[int, SyncRecord]]:
    """The latest syncs of all partners, each with its partner's id, the newest first: for the operator's metrics."""
    query = select(syncs).order_by(syncs.c.started_at.desc(), syncs.c.sync_id.desc()).limit(_LATEST)
    return ((row.partner_id, _record(row)) for row in connection.execute(query))


def remember_plan_subscriptions(scope: Scope, seen: Sequence[PlanSubscription], at: datetime) -> None:
    """Keep which subscriptions stood under which Azure plans at ``at``; those no longer listed stay as they were."""
    known = {(row.plan_id, row.subscription_id): row for row in scope.connection.execute(_of_partner(scope))}
    wanted = {(one.plan_id, one.subscription_id): one for one in seen}
    fresh = [key for key in wanted if key not in known]
    ids = dict(
        zip(fresh, draw_ids(scope.connection, plan_subscriptions.c.plan_subscription_id, len(fresh)), strict=True)
    )
    rows = []
    for key, one in wanted.items():
        stored = known.get(key)
        own = {
            "plan_subscription_id": stored.plan_subscription_id if stored else ids[key],
            "first_seen_at": stored.first_seen_at if stored else at,
            "last_seen_at": at,
        }
        rows.append({**own, **vars(one)})
    scope.upsert(plan_subscriptions, ["plan_subscription_id"], rows, [*_TOLD, "last_seen_at"])


def known_plan_subscriptions(scope: Scope, among: Collection[str] | None = None) -> list[PlanSubscription]:
    """Every subscription that was ever seen under an Azure plan, by tenant, plan and subscription.

    ``among``: only where one of these is its tenant, its plan or itself.
    """
    names = ("azure_customer_id", "plan_id", "subscription_id", "plan_name", "subscription_name", "status")
    wanted = _of_partner(scope)
    if among is not None:
        table = plan_subscriptions.c
        keys = (table.azure_customer_id, table.plan_id, table.subscription_id)
        wanted = wanted.where(or_(*(key.in_(among) for key in keys)))
    rows = scope.connection.execute(wanted)
    return sorted(PlanSubscription(*(getattr(row, name) for name in names)) for row in rows)


def _of_partner(scope: Scope) -> Any:
    return scope.select(plan_subscriptions)


def _kept(alarm: Alarm) -> dict[str, str]:
    return {
        "kind": alarm.kind.value,
        "billing_month": str(alarm.month),
        "about": alarm.about,
        "before": text_of(alarm.before),
        "now": text_of(alarm.now),
        "sentence": alarm.sentence,
    }


def _alarm(kept: Mapping[str, str], began: datetime) -> Alarm:
    """An alarm as it was kept; of syncs of earlier versions nothing but its kind and sentence is known."""
    month = kept.get("billing_month")
    return Alarm(
        AlarmKind(kept["kind"]),
        BillingMonth.parse(month) if month else BillingMonth.of(began.date()),
        kept.get("about", ""),
        Decimal(kept.get("before", "0")),
        Decimal(kept.get("now", "0")),
        kept["sentence"],
    )


def _record(row: Row[Any]) -> SyncRecord:
    alarms = tuple(_alarm(one, row.started_at) for one in row.alarms)
    return SyncRecord(
        row.sync_id,
        SyncPart(row.part),
        row.started_at,
        row.ended_at,
        SyncOutcome(row.outcome),
        SyncResult(row.counts, alarms, moved=tuple(MovedCustomer(**one) for one in row.moved_customers or ())),
        row.fault_code,
        row.fault,
    )
