"""How a process that goes on and on is told to stop: by a signal, or since the one that started it is gone."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading

from rebill.api.telemetry import Telemetry


def stopped_by_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set, in place of ending the process there and then."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # By a thread of its own: a signal that meets this one as a wait for the event begins or ends finds the event's
        # lock taken, by whoever it interrupts, who would wait for himself.
        signal.signal(number, lambda *_: threading.Thread(target=stopped.set, name="stop").start())
    return stopped


def stop_with_supervisor() -> None:
    """From now on stop with the process that started this one, if one of rebill's did."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_stop_after, args=(supervisor.sentinel,), name="supervisor watch", daemon=True).start()


def _stop_after(supervisor: int) -> None:
    """Wait until the supervising process is gone, then stop this one: what is under way is finished first.

    ``supervisor`` is the end of a pipe that the system closes with that process, also when it was killed.
    """
    multiprocessing.connection.wait([supervisor])
    Telemetry().supervisor_gone()
    os.kill(os.getpid(), signal.SIGTERM)
