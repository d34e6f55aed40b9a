"""The schedule of ``rebill serve``: one process beside the server syncs by itself, and ends with it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine
from tests.cli.test_serve import PATIENCE_SECONDS, serving
from tests.export_files import Run, write_run
from tests.focus_files import row


@contextmanager
def scheduled(rebill: CommandLine, folder: Path) -> Iterator[Path]:
    """The settings of a server that syncs one folder of exports once an hour; the path of its log."""
    write_run(folder / "exports", Run({"a.csv": [row()]}))
    own = {"REBILL_COST_EXPORTS": str(folder / "exports"), "REBILL_SYNC_EVERY_MINUTES": "60"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CommandLine, "environment", {**rebill.environment, **own})
        yield folder / "log"


def logged(log: Path, event: str) -> list[Any]:
    """The events of this name in the log, waited for until there is one."""
    found: list[Any] = []
    until = time.monotonic() + PATIENCE_SECONDS
    while not found and time.monotonic() < until:
        # The server needs the processor as well.
        time.sleep(0.02)
        lines = [line for line in log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
        found = [one for one in map(json.loads, lines) if one["event"] == event]
    assert found, log.read_text()
    return found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_syncs_once_whatever_its_number_of_workers(rebill: CommandLine, tmp_path: Path, workers: str) -> None:
    with scheduled(rebill, tmp_path) as log, serving(rebill, log, "--workers", workers) as (process, _):
        (event,) = logged(log, "sync")
        assert (event["part"], event["outcome"], event["counts"]["deliveries"]) == ("exports", "done", 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, log.read_text()
    assert len(rebill.answer("sync", "--history")["syncs"]) == 1


def test_a_server_that_is_started_again_waits_until_the_next_sync_is_due(rebill: CommandLine, tmp_path: Path) -> None:
    with scheduled(rebill, tmp_path) as log:
        assert rebill.answer("sync")["syncs"][0]["counts"]["deliveries"] == 1
        with serving(rebill, log):
            pass
        assert '"event": "sync"' not in log.read_text()
    assert len(rebill.answer("sync", "--history")["syncs"]) == 1


def test_a_process_that_dies_is_replaced_and_the_schedule_goes_on(rebill: CommandLine, tmp_path: Path) -> None:
    with scheduled(rebill, tmp_path) as log, serving(rebill, log) as (process, _):
        logged(log, "sync")
        os.kill(syncing_child(process.pid), signal.SIGKILL)
        (replaced,) = logged(log, "process_replaced")
        assert syncing_child(process.pid) == replaced["new_process_id"]


SIGNALLED_AS_A_WAIT_BEGINS = """
import os, signal
from rebill.cli.stopping import stopped_by_signals

stopped = stopped_by_signals()
with stopped._cond:
    os.kill(os.getpid(), signal.SIGTERM)
assert stopped.wait(60)
"""


def test_a_signal_that_meets_the_beginning_of_a_wait_is_heard() -> None:
    command = [sys.executable, "-W", "error", "-c", SIGNALLED_AS_A_WAIT_BEGINS]
    assert subprocess.run(command, timeout=PATIENCE_SECONDS, check=False).returncode == 0


def test_an_interval_that_is_none_keeps_the_server_from_starting(rebill: CommandLine) -> None:
    ended = rebill.run("serve", "--json", REBILL_SYNC_EVERY_MINUTES="hourly")
    assert (ended.code, ended.document["code"]) == (1, "invalid_setting")
    assert "REBILL_SYNC_EVERY_MINUTES" in ended.document["error"]


def syncing_child(parent: int) -> int:
    """The process that syncs, by its parent: the one that multiprocessing made and that tracks no resources."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status, command = (folder / "status").read_text(), (folder / "cmdline").read_text()
            except OSError:
                continue
            if re.search(rf"^PPid:\t{parent}$", status, re.M) and "spawn_main" in command:
                found.append(int(folder.name))
    (child,) = found
    return child
