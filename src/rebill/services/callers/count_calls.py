"""The limit of calls a minute, which each key has for itself, whichever server process it reaches."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from rebill.model.call_limit import Allowance, after_a_call
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.store.call_buckets import add_bucket, change_bucket, hold_bucket
from rebill.store.scope import Scope

GREATEST_REMEMBERED = 10_000
"""How many refused keys a process remembers at most."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class CallCount:
    """Counts the calls of every key. One object serves a whole process, any number of processes share the record.

    Only keys that stand in the record have a bucket: what nobody holds is never counted.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._refused_until: dict[int, int] = {}
        self._lock = threading.Lock()

    @property
    def is_limited(self) -> bool:
        """Whether this installation limits calls at all."""
        return self._installation.settings.calls_per_minute is not None

    def count(self, caller: Caller) -> Allowance | None:
        """Count a call and tell what it leaves, or that it is refused; ``None`` where calls are not limited.

        Raises ``Unavailable``.
        """
        calls_per_minute, key_id = self._installation.settings.calls_per_minute, caller.key_id
        if calls_per_minute is None or key_id is None:
            return None
        now = (self._installation.clock() - _EPOCH) // _MICROSECOND
        wait = self._known_wait(key_id, now)
        if wait:
            return Allowance(calls_per_minute, 0, wait, is_refused=True)

        def act(connection: Connection) -> Allowance:
            scope = Scope.of(connection, caller)
            full_at = hold_bucket(scope, key_id)
            new_full_at, allowance = after_a_call(calls_per_minute, full_at or 0, now)
            if full_at is None:
                add_bucket(scope, key_id, new_full_at)
            else:
                change_bucket(scope, key_id, new_full_at)
            return allowance

        allowance = self._installation.database.write(act)
        if allowance.is_refused:
            self._remember(key_id, now + allowance.wait)
        return allowance

    def _known_wait(self, key_id: int, now: int) -> int:
        """How long a key that was refused here has yet to wait: nobody can make that shorter, so nobody is asked."""
        with self._lock:
            until = self._refused_until.get(key_id, now)
            if until <= now:
                self._refused_until.pop(key_id, None)
            return max(until - now, 0)

    def _remember(self, key_id: int, until: int) -> None:
        with self._lock:
            if len(self._refused_until) >= GREATEST_REMEMBERED:
                # The record knows it all; what is forgotten here is only asked for again.
                self._refused_until.clear()
            self._refused_until[key_id] = until
