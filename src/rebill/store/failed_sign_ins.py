"""How often wrong passwords were given for a name, whether anybody has it or not; bounded, for anybody can give one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_

from rebill.store.scope import Scope
from rebill.store.tables import failed_sign_ins


@dataclass(frozen=True)
class Failures:
    """``count`` wrong passwords were given in a row, the last of them at ``failed_at``."""

    count: int
    failed_at: datetime


def failures_of(scope: Scope, name_sha256: str, hold: bool = False) -> Failures | None:
    """What was counted of a name; ``None``: nothing. ``hold``: nobody else counts until this transaction ends."""
    query = scope.select(failed_sign_ins).where(failed_sign_ins.c.name_sha256 == name_sha256)
    row = scope.connection.execute(query.with_for_update() if hold else query).one_or_none()
    return None if row is None else Failures(row.failure_count, row.failed_at)


def count_failure(scope: Scope, name_sha256: str, now: datetime) -> None:
    """Count one more; breaks the primary key where the first of another call was quicker (``Database.write``)."""
    before = failures_of(scope, name_sha256, hold=True)
    if before is None:
        scope.insert(failed_sign_ins, [{"name_sha256": name_sha256, "failure_count": 1, "failed_at": now}])
        return
    changed = scope.update(failed_sign_ins).where(failed_sign_ins.c.name_sha256 == name_sha256)
    scope.connection.execute(changed.values(failure_count=before.count + 1, failed_at=now))


def forget_failures(scope: Scope, name_sha256: str) -> None:
    """Begin anew with a name."""
    scope.connection.execute(scope.delete(failed_sign_ins).where(failed_sign_ins.c.name_sha256 == name_sha256))


def forget_old_failures(scope: Scope, not_before: datetime, greatest_count: int) -> None:
    """Forget names whose last failure was before ``not_before``, and all but the ``greatest_count`` newest ones."""
    at = failed_sign_ins.c.failed_at
    first_beyond = scope.select(failed_sign_ins, at).order_by(at.desc()).offset(greatest_count).limit(1)
    # What another transaction holds was counted this moment, or is forgotten there.
    old = (
        scope.select(failed_sign_ins, failed_sign_ins.c.name_sha256)
        .where(or_(at < not_before, at <= first_beyond.scalar_subquery()))
        .with_for_update(skip_locked=True)
    )
    scope.connection.execute(scope.delete(failed_sign_ins).where(failed_sign_ins.c.name_sha256.in_(old)))
