"""The buckets of calls, one for each key that was ever limited."""

from rebill.store.scope import Scope
from rebill.store.tables import call_buckets


def hold_bucket(scope: Scope, key_id: int) -> int | None:
    """When a key's bucket is full again, ``None`` for one that has no bucket yet; nobody else changes it meanwhile."""
    query = scope.select(call_buckets, call_buckets.c.full_at).where(call_buckets.c.key_id == key_id)
    row = scope.connection.execute(query.with_for_update()).one_or_none()
    return None if row is None else int(row.full_at)


def add_bucket(scope: Scope, key_id: int, full_at: int) -> None:
    """Keep a key's first bucket; breaks the primary key where another call was quicker (``Database.write``)."""
    scope.insert(call_buckets, [{"key_id": key_id, "full_at": full_at}])


def change_bucket(scope: Scope, key_id: int, full_at: int) -> None:
    """Keep that a key's bucket is full again at ``full_at``."""
    scope.connection.execute(scope.update(call_buckets).where(call_buckets.c.key_id == key_id).values(full_at=full_at))
