"""What the operator sees: one JSON line a request on stderr, and counts and durations for Prometheus.

Neither ever bears a key: no header and no query is logged, and of the path only the route's template
and the ids in it.
"""

import os
import sys
import traceback
from collections import Counter as Counts
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rebill.api.errors import without_keys
from rebill.model.document_delivery import DeliveryState
from rebill.model.errors import RebillError
from rebill.model.money import text_of
from rebill.model.movement import Alarm, AlarmKind
from rebill.model.sync import SyncOutcome, SyncPart, SyncRecord
from rebill.services.delivering.deliver_one import Attempt
from rebill.services.syncing.sync_standing import SyncStanding

UNMATCHED = "unmatched"
"""Stands for the route of a request whose path no route has."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


def json_log(stream: TextIO | None = None) -> Any:
    """The log: one JSON line for each thing that is told."""
    return structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.BoundLogger,
    )


class Telemetry:
    """The log and the counters of one server process."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "rebill_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._durations = Histogram(
            "rebill_http_request_duration_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self._alarms = Gauge(
            "rebill_alarms",
            "What moved oddly, by the last checklists that partners asked for and by their latest syncs.",
            ("kind", "found_by"),
            registry=self.registry,
        )
        self._alarms_of: dict[int, Counts[AlarmKind]] = {}
        told = ("part",)
        last = "When the partner that waits longest was last synced well."
        self._synced_at = Gauge("rebill_sync_done_timestamp_seconds", last, told, registry=self.registry)
        failing = "Partners whose latest sync failed or was interrupted."
        self._failing_syncs = Gauge("rebill_sync_failing", failing, told, registry=self.registry)
        ended = "Documents that this process tried to deliver, by way and by what became of them."
        self._deliveries = Counter("rebill_deliveries", ended, ("way", "state"), registry=self.registry)
        self._log = json_log(stream)

    def answered(
        self, method: str, route: str | None, status: int, seconds: float, facts: Mapping[str, object]
    ) -> None:
        """Count and log one request that was answered with ``status`` after ``seconds``."""
        known_method = method if method in _METHODS else "other"
        template = route or UNMATCHED
        self._requests.labels(known_method, template, str(status)).inc()
        self._durations.labels(known_method, template).observe(seconds)
        self._log.info(
            "request",
            method=known_method,
            route=template,
            status=status,
            duration_milliseconds=round(seconds * 1000, 1),
            process_id=os.getpid(),
            **facts,
        )

    def failed(self, error: BaseException, request_id: str, presented_keys: Sequence[str]) -> None:
        """Log a fault of rebill's own, with its trace; keys are blotted out."""
        trace = without_keys("".join(traceback.format_exception(error)), presented_keys)
        self._log.error("failure", request_id=request_id, error=type(error).__name__, trace=trace)

    def refused(self, error: BaseException, request_id: str, presented_keys: Sequence[str]) -> None:
        """Log why a part that rebill needs could not be reached."""
        cause = error.__cause__ or error
        self._log.warning("unavailable", request_id=request_id, cause=without_keys(str(cause), presented_keys)[:500])

    def alarmed(self, partner_id: int, alarms: Sequence[Alarm]) -> None:
        """Log each alarm of a month, and count how many of each kind there are now, all partners together.

        Anybody may read the counts: they name no partner.
        """
        self._alarms_of[partner_id] = Counts(alarm.kind for alarm in alarms)
        for kind in AlarmKind:
            self._alarms.labels(kind.value, "checklist").set(sum(counts[kind] for counts in self._alarms_of.values()))
        for alarm in alarms:
            self._log_alarm(alarm, partner_id=partner_id)

    def _log_alarm(self, alarm: Alarm, **facts: object) -> None:
        self._log.warning(
            "alarm",
            **facts,
            billing_period=str(alarm.month),
            kind=alarm.kind.value,
            about=alarm.about,
            before=text_of(alarm.before),
            now=text_of(alarm.now),
            sentence=alarm.sentence,
        )

    def synced(self, partner_id: int, record: SyncRecord) -> None:
        """Log how a sync ended, and each thing that moved oddly in it."""
        told = {"partner_id": partner_id, "sync_id": record.sync_id, "part": record.part.value}
        log = self._log.info if record.outcome is SyncOutcome.DONE else self._log.error
        log(
            "sync",
            **told,
            outcome=record.outcome.value,
            duration_seconds=record.duration_seconds,
            counts=dict(record.result.counts),
            fault_code=record.fault_code,
            fault=record.fault,
        )
        for alarm in record.result.alarms:
            self._log_alarm(alarm, **told)

    def sync_not_begun(self, partner_id: int, error: RebillError) -> None:
        """Log why a sync could not even begin: another one runs, or the settings name no source."""
        self._log.warning("sync_not_begun", partner_id=partner_id, fault_code=error.code, fault=error.message)

    def syncs_stand(self, standings: Mapping[SyncPart, SyncStanding]) -> None:
        """Show how syncs stand, all partners together."""
        for kind in AlarmKind:
            found = sum(standing.alarms.get(kind, 0) for standing in standings.values())
            self._alarms.labels(kind.value, "sync").set(found)
        for part, standing in standings.items():
            done_at = 0 if standing.done_at is None else int(standing.done_at.timestamp())
            self._synced_at.labels(part.value).set(done_at)
            self._failing_syncs.labels(part.value).set(standing.failing)

    def delivered(self, partner_id: int, attempts: Sequence[Attempt]) -> None:
        """Count and log what became of documents that were brought to their customers."""
        for attempt in attempts:
            self._deliveries.labels(attempt.way.value, attempt.state.value).inc()
            log = self._log.info if attempt.state is DeliveryState.DELIVERED else self._log.warning
            log(
                "delivery",
                partner_id=partner_id,
                statement_id=attempt.statement_id,
                way=attempt.way.value,
                state=attempt.state.value,
                told=attempt.told,
            )

    def process_replaced(self, old_process_id: int | None, new_process_id: int | None) -> None:
        """Log that a server process died, or answered no more, and that another one took its place."""
        self._log.error("process_replaced", old_process_id=old_process_id, new_process_id=new_process_id)

    def supervisor_gone(self) -> None:
        """Log that this server process stops, since the one that replaced and stopped it is gone."""
        self._log.error("supervisor_gone", process_id=os.getpid())

    def metrics(self) -> bytes:
        """All counts in Prometheus' text format."""
        return generate_latest(self.registry)
