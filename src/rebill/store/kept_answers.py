"""Answers that are told again when a call is repeated with its ``Idempotency-Key``."""

from datetime import datetime

from sqlalchemy import text

from rebill.model.kept_answer import KeptAnswer
from rebill.store.scope import Scope
from rebill.store.tables import kept_answers

_SWEPT_AT_ONCE = 100
"""Outlived answers that a call takes away besides its own work: more than one, so that they get fewer."""


def hold_request(scope: Scope, request_sha256: str) -> bool:
    """Whether no other transaction works on this request; none begins to until this one ends.

    On SQLite transactions that write come one after the other anyway.
    """
    if scope.connection.dialect.name != "postgresql":
        return True
    lock = int.from_bytes(bytes.fromhex(request_sha256)[:8], "big", signed=True)
    return bool(scope.connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": lock}))


def find_answer(scope: Scope, request_sha256: str, not_before: datetime) -> KeptAnswer | None:
    """What the request was answered, unless that was before ``not_before``."""
    query = scope.select(kept_answers).where(
        kept_answers.c.request_sha256 == request_sha256, kept_answers.c.created_at > not_before
    )
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else KeptAnswer(row.body_sha256, row.status, row.headers, row.media_type, row.body)


def keep_answer(scope: Scope, request_sha256: str, answer: KeptAnswer, now: datetime, not_before: datetime) -> None:
    """Keep an answer; some of those from before ``not_before`` go."""
    of_request = kept_answers.c.request_sha256 == request_sha256
    scope.connection.execute(scope.delete(kept_answers).where(of_request))
    row = {
        "request_sha256": request_sha256,
        "body_sha256": answer.body_sha256,
        "status": answer.status,
        "headers": dict(answer.headers),
        "media_type": answer.media_type,
        "body": answer.body,
        "created_at": now,
    }
    scope.insert(kept_answers, [row])
    outlived = (
        scope.select(kept_answers, kept_answers.c.request_sha256)
        .where(kept_answers.c.created_at <= not_before)
        .order_by(kept_answers.c.created_at)
        .limit(_SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    scope.connection.execute(scope.delete(kept_answers).where(kept_answers.c.request_sha256.in_(outlived)))
