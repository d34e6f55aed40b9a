"""Sync a partner with Microsoft: one sync at a time, each part recorded with what it brought and how it ended."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from rebill.lake.folders import exclusive_lock
from rebill.model.errors import Conflict, RebillError
from rebill.model.party import Caller
from rebill.model.sync import SyncOutcome, SyncPart, SyncRecord, SyncResult
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.syncing.sync_catalogue import sync_catalogue
from rebill.services.syncing.sync_costs import sync_costs
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.store.scope import Scope
from rebill.store.syncs import begin_sync, end_interrupted, end_sync, latest_syncs

Progress = Callable[[SyncPart, int, int], None]
"""Called with a part, and how much of it is done, of how much."""
_ALL: Final = tuple(SyncPart)


def sync(
    installation: Installation, caller: Caller, progress: Progress, parts: Sequence[SyncPart] = _ALL
) -> list[SyncRecord]:
    """Bring the ``parts`` up to date; one that fails does not keep the others from it. Their records, in order.

    Raises ``Conflict`` while another sync of this partner is at work and ``Invalid`` when the settings are incomplete.
    """
    require(caller, Permission.CHANGE)
    folder = installation.settings.home / "sync" / str(caller.partner_id)
    with exclusive_lock(folder / "sync.lock") as held:
        if not held:
            raise Conflict("sync_running", "Another sync of this partner is running; it brings what there is.")
        with MicrosoftCalls(installation.settings.microsoft) as calls:
            installation.database.write(
                lambda connection: end_interrupted(Scope.of(connection, caller), installation.clock())
            )
            records = [_recorded(installation, caller, calls, folder, part, progress) for part in parts]
    return records


def list_syncs(installation: Installation, caller: Caller, count: int = 20) -> list[SyncRecord]:
    """The latest syncs of the partner, the newest first."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return latest_syncs(Scope.of(connection, caller), count)


def _recorded(
    installation: Installation,
    caller: Caller,
    calls: MicrosoftCalls,
    folder: Path,
    part: SyncPart,
    progress: Progress,
) -> SyncRecord:
    """Sync one part and record it, whatever becomes of it."""
    write = installation.database.write
    sync_id = write(lambda connection: begin_sync(Scope.of(connection, caller), part, installation.clock()))
    made = calls.made
    fault = "", ""
    result = SyncResult({})
    outcome = SyncOutcome.DONE
    try:
        result = _synced(installation, caller, calls, folder / part, part, progress)
    except RebillError as error:
        outcome, fault = SyncOutcome.FAILED, (error.code, error.message)
    result = SyncResult({**result.counts, "requests": calls.made - made}, result.alarms)
    write(
        lambda connection: end_sync(Scope.of(connection, caller), sync_id, installation.clock(), outcome, result, fault)
    )
    (record,) = [one for one in list_syncs(installation, caller) if one.sync_id == sync_id]
    return record


def _synced(
    installation: Installation,
    caller: Caller,
    calls: MicrosoftCalls,
    folder: Path,
    part: SyncPart,
    progress: Progress,
) -> SyncResult:
    synced = sync_catalogue if part is SyncPart.CATALOGUE else sync_costs
    return synced(installation, caller, calls, folder, lambda done, total: progress(part, done, total))
