"""Sync a partner with its sources: one sync at a time, each part recorded with what it brought and how it ended."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from rebill.lake.folders import exclusive_lock
from rebill.model.errors import Conflict, Invalid, RebillError
from rebill.model.party import Caller
from rebill.model.sync import SyncOutcome, SyncPart, SyncRecord, SyncResult
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.syncing.sync_catalogue import sync_catalogue
from rebill.services.syncing.sync_costs import sync_costs
from rebill.services.syncing.sync_exports import sync_exports
from rebill.settings import MicrosoftSettings, Settings
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.sources.microsoft.sign_in import require_complete
from rebill.store.scope import Scope
from rebill.store.syncs import begin_sync, end_interrupted, end_sync, latest_syncs

Progress = Callable[[SyncPart, int, int], None]
"""Called with a part, and how much of it is done, of how much. It may raise ``SyncStopped``."""
_OF_MICROSOFT: Final = (SyncPart.CATALOGUE, SyncPart.COSTS)


class SyncStopped(Exception):
    """Raised by a progress that was told to stop: the sync ends there, and the next one goes on where it was."""


def sync(
    installation: Installation, caller: Caller, progress: Progress, parts: Sequence[SyncPart] = tuple(SyncPart)
) -> list[SyncRecord]:
    """Bring those of ``parts`` up to date that the settings say something of, each whatever becomes of the others.

    Their records, in order. Raises ``Conflict`` while another sync of this partner is at work, and ``Invalid`` when the
    settings name no source of any of them.
    """
    require(caller, Permission.CHANGE)
    wanted = _configured(installation.settings, parts)
    folder = installation.settings.home / "sync" / str(caller.partner_id)
    with exclusive_lock(folder / "sync.lock") as held, ExitStack() as stack:
        if not held:
            raise Conflict("sync_running", "Another sync of this partner is running; it brings what there is.")
        installation.database.write(
            lambda connection: end_interrupted(Scope.of(connection, caller), installation.clock())
        )
        connect = _connected(installation.settings.microsoft, stack)
        task = _Task(installation, caller, folder, progress, connect)
        records: list[SyncRecord] = []
        for part in wanted:
            records.append(_recorded(task, part))
            if records[-1].outcome is SyncOutcome.INTERRUPTED:
                break
        return records


def _configured(settings: Settings, parts: Sequence[SyncPart]) -> list[SyncPart]:
    has_exports = bool(settings.cost_exports)
    found = [part for part in parts if (has_exports if part is SyncPart.EXPORTS else settings.microsoft.is_named)]
    if found:
        return found
    if any(part in _OF_MICROSOFT for part in parts):
        require_complete(settings.microsoft)
    raise Invalid(
        "exports_not_configured",
        "To sync exports of cost, set REBILL_COST_EXPORTS to the folders and addresses that they are delivered to "
        "(docs/exports.md).",
        {"REBILL_COST_EXPORTS": "is not set"},
    )


def list_syncs(installation: Installation, caller: Caller, count: int = 20) -> list[SyncRecord]:
    """The latest syncs of the partner, the newest first."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return latest_syncs(Scope.of(connection, caller), count)


@dataclass(frozen=True)
class _Task:
    """What syncing a part needs. ``open_calls`` connects to Microsoft when a part first needs it."""

    installation: Installation
    caller: Caller
    folder: Path
    progress: Progress
    open_calls: Callable[[], MicrosoftCalls]


def _connected(settings: MicrosoftSettings, stack: ExitStack) -> Callable[[], MicrosoftCalls]:
    """Connects once, and only if somebody asks: other sources need no account at Microsoft."""
    opened: list[MicrosoftCalls] = []

    def connect() -> MicrosoftCalls:
        if not opened:
            opened.append(stack.enter_context(MicrosoftCalls(settings)))
        return opened[0]

    return connect


def _recorded(task: _Task, part: SyncPart) -> SyncRecord:
    """Sync one part and record it, whatever becomes of it."""
    installation, caller = task.installation, task.caller
    write = installation.database.write
    sync_id = write(lambda connection: begin_sync(Scope.of(connection, caller), part, installation.clock()))
    result, fault, is_stopped = SyncResult({}), ("", ""), False
    try:
        result = _SYNCED[part](task, part)
    except SyncStopped:
        is_stopped = True
    except RebillError as error:
        fault = error.code, error.message
    if result.refused:
        name, reason = next(iter(result.refused.items()))
        count = len(result.refused)
        told = "1 delivery was" if count == 1 else f"{count} deliveries were"
        fault = "deliveries_refused", f"{told} refused. {name}: {reason}"
    outcome = SyncOutcome.INTERRUPTED if is_stopped else SyncOutcome.FAILED if fault[0] else SyncOutcome.DONE
    write(
        lambda connection: end_sync(Scope.of(connection, caller), sync_id, installation.clock(), outcome, result, fault)
    )
    (record,) = [one for one in list_syncs(installation, caller) if one.sync_id == sync_id]
    return record


def _from_microsoft(task: _Task, part: SyncPart) -> SyncResult:
    calls = task.open_calls()
    made = calls.made
    synced = sync_catalogue if part is SyncPart.CATALOGUE else sync_costs
    result = synced(task.installation, task.caller, calls, task.folder / part, partial(task.progress, part))
    return replace(result, counts={**result.counts, "requests": calls.made - made})


def _from_storage(task: _Task, part: SyncPart) -> SyncResult:
    return sync_exports(task.installation, task.caller, partial(task.progress, part))


_SYNCED: Final[Mapping[SyncPart, Callable[[_Task, SyncPart], SyncResult]]] = {
    SyncPart.CATALOGUE: _from_microsoft,
    SyncPart.COSTS: _from_microsoft,
    SyncPart.EXPORTS: _from_storage,
}
