"""``rebill serve --workers N``: each process serves, all agree, a killed one is replaced, all stop in the end."""

import json
import os
import select
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.cli.command_line import CommandLine
from tests.cli.test_serve import PATIENCE_SECONDS, serving

WORKERS = 3
CALLERS = 12
"""Each call goes over a connection of its own, so that any process may get it."""
PAUSE_SECONDS = 0.2
"""Between two crowds: a process that begins needs the processor as well."""


def _workers(supervisor: int) -> set[int]:
    """The server processes, all of them begun: on a busy machine one serves before the others are there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(workers := _begun(supervisor)) < WORKERS:
        assert time.monotonic() < deadline, f"only {len(workers)} processes begin"
        time.sleep(0.05)
    return workers


def _begun(supervisor: int) -> set[int]:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return {int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()}


@contextmanager
def _ends(process_ids: set[int]) -> Iterator[None]:
    """Each of these processes, children of somebody else, ends within or soon after the block."""
    handles = {one: os.pidfd_open(one) for one in process_ids}
    try:
        yield
        for one, handle in handles.items():
            assert select.select([handle], [], [], PATIENCE_SECONDS)[0], f"process {one} outlived its supervisor"
    finally:
        for handle in handles.values():
            os.close(handle)


def _logged(log: Path, event: str) -> list[Any]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["event"] == event]


def _call(url: str, key: str, method: str, path: str, body: Any = None, once: str = "") -> httpx.Response:
    headers = {"Authorization": key, **({"Idempotency-Key": once} if once else {})}
    # Certificates are looked at nowhere: to read those that are trusted would take longer than the call.
    return httpx.request(method, f"{url}{path}", headers=headers, json=body, timeout=PATIENCE_SECONDS, verify=False)


def _statuses(url: str, key: str) -> set[int]:
    """What a crowd hears."""
    with ThreadPoolExecutor(CALLERS) as pool:
        return set(pool.map(lambda _: _call(url, key, "GET", "/v1/users").status_code, range(2 * CALLERS)))


def _let_each_serve(url: str, key: str, log: Path, workers: set[int]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not workers <= {line["process_id"] for line in _logged(log, "request")}:
        assert time.monotonic() < deadline, "a process serves nobody"
        assert _statuses(url, key) == {200}
        time.sleep(PAUSE_SECONDS)


def test_every_process_serves_and_all_know_the_same(rebill: CommandLine, tmp_path: Path) -> None:
    admin, log = rebill.answer("partners", "create", "Second Partner")["api_key"], tmp_path / "log"
    with serving(rebill, log, "--workers", str(WORKERS)) as (process, url):
        assert _statuses(url, admin) == {200}
        workers = _workers(process.pid)
        assert len(workers) == WORKERS
        _let_each_serve(url, admin, log, workers)
        user = {"name": "Ada", "role": "admin"}
        told = [_call(url, admin, "POST", "/v1/users", user, "the-same-act").json() for _ in range(CALLERS)]
        assert told == [told[0]] * CALLERS
        # A key lives in every process as soon as one has made it, and is dead in all when one has ended it.
        made = _call(url, admin, "POST", "/v1/api_keys", {"user_id": told[0]["id"], "name": "Ada's"}).json()
        assert _statuses(url, made["api_key"]) == {200}
        assert _call(url, admin, "DELETE", f"/v1/api_keys/{made['id']}").is_success
        assert _statuses(url, made["api_key"]) == {401}
        entries = _call(url, admin, "GET", "/v1/audit_entries?per_page=100").json()["audit_entries"]
        acts = [entry["act"] for entry in entries]
        assert acts.count("create_user") == acts.count("revoke_key") == 1


def test_a_process_that_is_killed_is_replaced_and_the_log_says_so(rebill: CommandLine, tmp_path: Path) -> None:
    admin, log = rebill.answer("partners", "create", "Second Partner")["api_key"], tmp_path / "log"
    with serving(rebill, log, "--workers", str(WORKERS)) as (process, url):
        assert _statuses(url, admin) == {200}
        before = _workers(process.pid)
        # Nobody is being served now: no call is cut off.
        os.kill(min(before), signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (replaced := _logged(log, "process_replaced")):
            assert time.monotonic() < deadline, "nobody took its place"
            assert _statuses(url, admin) == {200}
            time.sleep(PAUSE_SECONDS)
        after = {line["new_process_id"] for line in replaced} | (before - {min(before)})
        assert len(after) == WORKERS
        _let_each_serve(url, admin, log, after)
        assert _workers(process.pid) == after
        assert [line["old_process_id"] for line in replaced] == [min(before)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, log.read_text()
        assert not [one for one in after if Path(f"/proc/{one}").exists()], "a process outlived the stop"


PATIENT = """
from rebill.cli import main, serve

serve._SILENT_SECONDS = 3600
main()
"""


def test_a_process_that_is_killed_while_it_is_asked_whether_it_lives_is_replaced_at_once(
    rebill: CommandLine, tmp_path: Path
) -> None:
    """As when memory is short: it hangs, and is killed then. Nobody waits for its answer any more."""
    log = tmp_path / "log"
    with serving(rebill, log, "--workers", str(WORKERS), program=("-c", PATIENT)) as (process, _):
        killed = min(_workers(process.pid))
        os.kill(killed, signal.SIGSTOP)
        # It is asked twice a second, and says nothing.
        time.sleep(2)
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (replaced := _logged(log, "process_replaced")):
            assert time.monotonic() < deadline, "whoever watches still waits for the answer"
            time.sleep(PAUSE_SECONDS)
        assert [line["old_process_id"] for line in replaced] == [killed]


def test_none_outlives_a_supervisor_that_is_killed(rebill: CommandLine, tmp_path: Path) -> None:
    admin, log = rebill.answer("partners", "create", "Second Partner")["api_key"], tmp_path / "log"
    with serving(rebill, log, "--workers", str(WORKERS)) as (process, url):
        workers = _workers(process.pid)
        _let_each_serve(url, admin, log, workers)
        with _ends(workers):
            process.kill()
            process.wait(PATIENCE_SECONDS)
        assert {line["process_id"] for line in _logged(log, "supervisor_gone")} == workers
