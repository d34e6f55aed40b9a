"""Several server processes behind one address: one that dies or hangs is replaced, and the log says so.

When the process that watches over them is gone, however it ended, they stop too: nobody would replace or stop them.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from rebill.api.telemetry import Telemetry
from rebill.wiring import served_application

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def watched_application() -> ASGIApp:
    """What is served, in a process that stops with the one that started it: the factory of each of several."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_stop_after, args=(supervisor.sentinel,), name="supervisor watch", daemon=True).start()
    return served_application()


def _stop_after(supervisor: int) -> None:
    """Wait until the supervising process is gone, then stop this one: calls under way are finished first.

    ``supervisor`` is the end of a pipe that the system closes with that process, also when it was killed.
    """
    multiprocessing.connection.wait([supervisor])
    Telemetry().supervisor_gone()
    os.kill(os.getpid(), signal.SIGTERM)


def serve_in_several(config: uvicorn.Config, listener: socket.socket) -> int:
    """Serve in ``config.workers`` processes until told to stop; the exit code: 1 when they could not even start."""
    processes = _ServerProcesses(config, [listener])
    processes.run()
    return 1 if any(one.exitcode == STARTUP_FAILURE for one in processes.processes) else 0


class _ServerProcesses(Multiprocess):
    """uvicorn's own supervisor, which replaces a process without a word; here the operator learns of it."""

    def keep_subprocess_alive(self) -> None:
        before = list(self.processes)
        super().keep_subprocess_alive()
        for old, new in zip(before, self.processes, strict=True):
            if old is not new:
                Telemetry().process_replaced(old.pid, new.pid)
