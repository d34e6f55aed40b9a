"""Sync a partner with its sources: one sync at a time, each part recorded with what it brought and how it ended."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from rebill.lake.folders import exclusive_lock
from rebill.model.counting import counted
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
        microsoft = _Connection(installation.settings.microsoft, stack)
        task = _Task(installation, caller, folder, progress, microsoft)
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


class _Connection:
    """The connection to Microsoft: made once, and only if a part asks; other sources need no account there."""

    def __init__(self, settings: MicrosoftSettings, stack: ExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._calls: MicrosoftCalls | None = None

    def calls(self) -> MicrosoftCalls:
        """The open connection. Raises ``Invalid`` where the settings do not suffice for one."""
        if self._calls is None:
            self._calls = self._stack.enter_context(MicrosoftCalls(self._settings))
        return self._calls

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._calls.made if self._calls else 0


@dataclass(frozen=True)
class _Task:
    """What syncing a part needs."""

    installation: Installation
    caller: Caller
    folder: Path
    progress: Progress
    microsoft: _Connection


def _recorded(task: _Task, part: SyncPart) -> SyncRecord:
    """Sync one part and record it with what it brought, whatever becomes of it."""
    installation, caller = task.installation, task.caller
    write = installation.database.write
    sync_id = write(lambda connection: begin_sync(Scope.of(connection, caller), part, installation.clock()))
    counts: Counter[str] = Counter()
    result, fault, is_stopped = SyncResult(counts), ("", ""), False
    requests = task.microsoft.requests
    try:
        result = _SYNCED[part](task, part, counts)
    except SyncStopped:
        is_stopped = True
    except RebillError as error:
        fault = error.code, error.message
    if part in _OF_MICROSOFT:
        result = replace(result, counts={**result.counts, "requests": task.microsoft.requests - requests})
    if result.refused:
        name, reason = next(iter(result.refused.items()))
        told = counted(len(result.refused), "delivery was", "deliveries were")
        said = reason if reason.startswith(f"{name}: ") else f"{name}: {reason}"
        fault = "deliveries_refused", f"{told} refused. {said}"
    outcome = SyncOutcome.INTERRUPTED if is_stopped else SyncOutcome.FAILED if fault[0] else SyncOutcome.DONE
    write(
        lambda connection: end_sync(Scope.of(connection, caller), sync_id, installation.clock(), outcome, result, fault)
    )
    (record,) = [one for one in list_syncs(installation, caller) if one.sync_id == sync_id]
    return record


def _catalogue(task: _Task, part: SyncPart, counts: Counter[str]) -> SyncResult:
    calls, progress = task.microsoft.calls(), partial(task.progress, part)
    return sync_catalogue(task.installation, task.caller, calls, task.folder / part, progress)


def _costs(task: _Task, part: SyncPart, counts: Counter[str]) -> SyncResult:
    calls, progress = task.microsoft.calls(), partial(task.progress, part)
    return sync_costs(task.installation, task.caller, calls, task.folder / part, progress, counts)


def _exports(task: _Task, part: SyncPart, counts: Counter[str]) -> SyncResult:
    return sync_exports(task.installation, task.caller, partial(task.progress, part), counts)


_SYNCED: Final[Mapping[SyncPart, Callable[[_Task, SyncPart, Counter[str]], SyncResult]]] = {
    SyncPart.CATALOGUE: _catalogue,
    SyncPart.COSTS: _costs,
    SyncPart.EXPORTS: _exports,
}
