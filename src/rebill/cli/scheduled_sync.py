"""The schedule of ``rebill serve``: a process beside the server that syncs every so many minutes.

Its memory and its processor are its own, so no call of the API waits for it. It ends with the server, however that
ends; where it dies by itself another one takes its place. The lock of syncs keeps it in line with cron and commands.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rebill.cli.stopping import stop_with_supervisor, stopped_by_signals
from rebill.cli.syncing import stopping_progress, sync_and_log
from rebill.model.errors import RebillError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from rebill.model.party import Caller
    from rebill.services.acting.installation import Installation

_PATIENCE_SECONDS = 20
"""How long a sync under way may take to come to its next step; what it has fetched is kept either way."""
_PAUSE_SECONDS = 5


@contextmanager
def syncing_beside(minutes: int | None, partner: str | None) -> Iterator[None]:
    """Sync every ``minutes`` while the block runs; ``None``: never. ``partner``: by name or id, else the first."""
    if minutes is None:
        yield
        return
    keeper = _Keeper(minutes, partner)
    try:
        yield
    finally:
        keeper.stop()


class _Keeper:
    """Keeps one process syncing: whenever it is gone, another one is started."""

    def __init__(self, minutes: int, partner: str | None) -> None:
        self._arguments = (minutes, partner)
        self._stopped = threading.Event()
        self._changing = threading.Lock()
        self._process = self._started()
        self._thread = threading.Thread(target=self._keep, name="scheduled syncs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell the process to stop, and wait until it is gone."""
        with self._changing:
            self._stopped.set()
            process = self._process
        process.terminate()
        process.join(_PATIENCE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()

    def _started(self) -> SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(target=sync_on_schedule, args=self._arguments)
        process.start()
        return process

    def _keep(self) -> None:
        from rebill.api.telemetry import Telemetry

        while True:
            self._process.join()
            if self._stopped.wait(_PAUSE_SECONDS):
                return
            with self._changing:
                if self._stopped.is_set():
                    return
                gone, self._process = self._process, self._started()
            Telemetry().process_replaced(gone.pid, self._process.pid)


def sync_on_schedule(minutes: int, partner: str | None) -> None:
    """Sync the environment's installation again and again until told to stop: the whole life of the process."""
    from dataclasses import replace

    from rebill.cli.session import occasion_of_command, standing_installation
    from rebill.services.keeping.initialise import find_partner
    from rebill.services.syncing.schedule import keep_syncing, seconds_until_due

    stopped = stopped_by_signals()
    stop_with_supervisor()
    installation = standing_installation()
    try:
        caller = replace(find_partner(installation, partner), occasion=occasion_of_command("scheduled"))
        keep_syncing(
            lambda: _sync_once(installation, caller, stopped),
            lambda: seconds_until_due(installation, caller, minutes),
            stopped,
        )
    finally:
        installation.close()


def _sync_once(installation: Installation, caller: Caller, stopped: threading.Event) -> None:
    """Sync everything; what keeps it from even beginning is logged, and does not end the schedule."""
    from rebill.api.telemetry import Telemetry
    from rebill.model.sync import SyncPart

    try:
        sync_and_log(installation, caller, stopping_progress(stopped), tuple(SyncPart))
    except RebillError as error:
        Telemetry().sync_not_begun(caller.partner_id, error)
