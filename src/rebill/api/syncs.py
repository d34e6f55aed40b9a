"""What was brought from Microsoft by itself: the record of syncs."""

from typing import Annotated

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.pointing import Sentence
from rebill.api.query import whole_number
from rebill.api.route import Route, partner_wide
from rebill.model.audit import exact_instant
from rebill.model.sync import GREATEST_MOVED_COUNT, MovedCustomer, SyncOutcome, SyncPart, SyncRecord
from rebill.services.acting.permission import Permission
from rebill.services.syncing.sync import list_syncs

_GREATEST_COUNT = 1_000
_USUAL_COUNT = 20
_LIMIT = whole_number("limit", f"How many syncs are listed; {_USUAL_COUNT} unless given.", 1, _GREATEST_COUNT)


class SyncAlarmAnswer(AnswerShape):
    """Something that moved oddly: a person looks at it before a bill goes out."""

    kind: str
    sentence: Sentence


class MovedCustomerAnswer(AnswerShape):
    """An Azure customer that Microsoft tells otherwise than before, or lists no longer."""

    azure_customer_id: str
    name: str
    gone: bool
    before: Annotated[dict[str, str], Field(description="What was told otherwise, by the name of it.")]
    now: Annotated[dict[str, str], Field(description="The same as it is told now.")]

    @classmethod
    def of(cls, moved: MovedCustomer) -> "MovedCustomerAnswer":
        """The answer of a customer."""
        return cls(
            azure_customer_id=moved.azure_customer_id,
            name=moved.name,
            gone=moved.is_gone,
            before=dict(moved.before),
            now=dict(moved.now),
        )


class SyncAnswer(AnswerShape):
    """A sync of one part: what it brought, and how it ended."""

    sync_id: int
    part: Annotated[str, Field(description=f"Of {', '.join(SyncPart)}.")]
    started_at: Annotated[str, Field(description="To the microsecond, in UTC.")]
    ended_at: str | None
    duration_seconds: float | None
    outcome: Annotated[str, Field(description=f"Of {', '.join(SyncOutcome)}; interrupted: its process was gone.")]
    counts: Annotated[dict[str, int], Field(description="What it brought, by name.")]
    alarms: list[SyncAlarmAnswer]
    moved_customers: Annotated[
        list[MovedCustomerAnswer],
        Field(
            description=f"The first {GREATEST_MOVED_COUNT} that changed, and as many that are gone; `counts` has all."
        ),
    ]
    fault_code: str
    fault: Annotated[Sentence, Field(description="Why it failed; empty where it did not.")]

    @classmethod
    def of(cls, record: SyncRecord) -> "SyncAnswer":
        """The answer of a sync."""
        return cls(
            sync_id=record.sync_id,
            part=record.part.value,
            started_at=exact_instant(record.started_at),
            ended_at=None if record.ended_at is None else exact_instant(record.ended_at),
            duration_seconds=record.duration_seconds,
            outcome=record.outcome.value,
            counts=dict(record.result.counts),
            alarms=[SyncAlarmAnswer(kind=one.kind.value, sentence=one.sentence) for one in record.result.alarms],
            moved_customers=[MovedCustomerAnswer.of(one) for one in record.result.moved],
            fault_code=record.fault_code,
            fault=record.fault,
        )


class SyncList(AnswerShape):
    """Syncs, the newest first."""

    syncs: list[SyncAnswer]


def list_all(call: Call) -> Answer:
    """The latest syncs with Microsoft, the newest first: counts, duration, outcome, and what moved oddly."""
    limit = call.parameters.number("limit")
    found = list_syncs(call.installation, call.caller, _USUAL_COUNT if limit is None else limit)
    return Answer.json(200, SyncList(syncs=[SyncAnswer.of(one) for one in found]))


ROUTES = partner_wide(
    Route("GET", "/v1/syncs", Permission.READ, list_all, "List syncs with Microsoft", {200: SyncList}, (_LIMIT,)),
)
