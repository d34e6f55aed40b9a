"""When the next sync is due: so long after the last one began, whoever asked for that."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Final

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.syncing.sync import list_syncs

_LEAST_PAUSE_SECONDS: Final = 60.0
"""A sync that could not even begin, so that none is recorded, is not tried at once again."""


def seconds_until_due(installation: Installation, caller: Caller, minutes: int) -> float:
    """How long until ``minutes`` have passed since the latest sync of any part began; 0 where none ever did."""
    latest = list_syncs(installation, caller, 1)
    if not latest:
        return 0.0
    due_at = latest[0].started_at + timedelta(minutes=minutes)
    # A clock that was set back must not put it off for ever.
    return min(max((due_at - installation.clock()).total_seconds(), 0.0), minutes * 60.0)


def keep_syncing(sync_now: Callable[[], None], until_due: Callable[[], float], stopped: Event) -> None:
    """Sync whenever it is due, until ``stopped`` is set. ``sync_now`` raises nothing that does not end it."""
    pause = until_due()
    while not stopped.wait(pause):
        sync_now()
        pause = max(until_due(), _LEAST_PAUSE_SECONDS)
