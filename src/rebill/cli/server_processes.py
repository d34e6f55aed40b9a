"""Several server processes behind one address: one that dies or hangs is replaced, and the log says so.

When the process that watches over them is gone, however it ended, they stop too: nobody would replace or stop them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from rebill.api.telemetry import Telemetry
from rebill.cli.stopping import stop_with_supervisor
from rebill.wiring import served_application

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def watched_application() -> ASGIApp:
    """What is served, in a process that stops with the one that started it: the factory of each of several."""
    stop_with_supervisor()
    return served_application()


def several_processes(config: uvicorn.Config, listener: socket.socket) -> Callable[[], int]:
    """``config.workers`` processes, which signals stop from now on, though none runs before the answer is called.

    It serves until told to stop, and answers the exit code: 1 when they could not even start.
    """
    processes = _ServerProcesses(config, [listener])

    def run() -> int:
        processes.run()
        return 1 if any(one.exitcode == STARTUP_FAILURE for one in processes.processes) else 0

    return run


class _ServerProcesses(Multiprocess):
    """uvicorn's own supervisor, which replaces a process without a word; here the operator learns of it."""

    def init_processes(self) -> None:
        super().init_processes()
        self._hear_when_they_end()

    def keep_subprocess_alive(self) -> None:
        before = list(self.processes)
        super().keep_subprocess_alive()
        self._hear_when_they_end()
        for old, new in zip(before, self.processes, strict=True):
            if old is not new:
                Telemetry().process_replaced(old.pid, new.pid)

    def _hear_when_they_end(self) -> None:
        """Let go of the end of each process's pipe that is its own.

        While it is held here as well, who asks a process whether it lives, and waits for the answer, does not hear that
        it was killed meanwhile: for as long as a process may be silent, nobody is replaced and no signal heard.
        """
        for process in self.processes:
            process.child_conn.close()
