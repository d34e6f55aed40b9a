"""When each key was last used: remembered at most once a minute, beside the calls and never in their way."""

import threading
from datetime import datetime, timedelta

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.store.keys import mark_used
from rebill.store.scope import Scope

INTERVAL = timedelta(minutes=1)
"""How far what is remembered may lag behind the last use."""


class KeyUses:
    """What one process has remembered of the keys' uses; any number of processes share the record."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._remembered: dict[int, datetime] = {}
        self._lock = threading.Lock()

    def is_due(self, caller: Caller) -> bool:
        """Whether the use that ``caller`` makes of a key is to be remembered; true once in an interval."""
        if caller.key_id is None:
            return False
        now = self._installation.clock()
        with self._lock:
            last = self._remembered.get(caller.key_id)
            if last is not None and now - last < INTERVAL:
                return False
            self._remembered[caller.key_id] = now
            return True

    def remember(self, caller: Caller) -> None:
        """Remember that the caller's key is used now, unless another process just did. Raises ``Unavailable``."""
        key_id = caller.key_id
        if key_id is None:
            raise AssertionError("the command line uses no key")
        now = self._installation.clock()
        self._installation.database.write(
            lambda connection: mark_used(Scope.of(connection, caller), key_id, now, now - INTERVAL)
        )
