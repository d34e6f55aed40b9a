"""The demo's own server, a process of its own, and the plain HTTP calls made to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebill.model.errors import ProgramError

_READY_SECONDS = 60
_CALL_SECONDS = 20
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status and its JSON body."""

    status: int
    body: Any


@dataclass(frozen=True)
class Server:
    """A running server and the key to call it with."""

    url: str
    api_key: str

    def put_identifiers(self, path: str, field: str, identifiers: Sequence[str]) -> Answer:
        """``PUT`` a list of ids under ``field``, as the partner API's assignment calls take them."""
        return self._call("PUT", path, json.dumps({field: list(identifiers)}).encode())

    def get(self, path: str) -> Answer:
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {"Authorization": f"Bearer {self.api_key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)
        return _answer(request)


@contextmanager
def running_server(home: Path, api_key: str) -> Iterator[Server]:
    """``rebill serve`` on ``home`` and a free loopback port; stopped when the block ends."""
    with (home / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "rebill", "serve", "--port", "0", "--json"]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=_environment(home)
        )
        try:
            server = Server(_announced_url(process, home), api_key)
            _wait_until_ready(server, process, home)
            yield server
        finally:
            _stop(process)


def _environment(home: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REBILL_")}
    return {**kept, "REBILL_HOME": str(home)}


def _announced_url(process: subprocess.Popen[bytes], home: Path) -> str:
    if process.stdout is None:
        raise AssertionError("the server's output is a pipe")
    text = ""
    for line in process.stdout:
        text += line.decode()
        if line.startswith(b"}"):
            return str(json.loads(text)["url"])
    raise _not_started(home)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], home: Path) -> None:
    # The listening socket stands before the address is announced: a first call waits for the server by itself, and
    # only a server that is up and not ready yet is asked again.
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _is_ready(server):
            return
        time.sleep(0.05)
    raise _not_started(home)


def _is_ready(server: Server) -> bool:
    try:
        return server.get("/readyz").status == 200
    except OSError:
        return False


def _not_started(home: Path) -> ProgramError:
    return ProgramError("server_not_started", f"The demo's server did not start; {home / 'server.log'} says why.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _answer(request: urllib.request.Request) -> Answer:
    # Loopback is never asked for through a proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_CALL_SECONDS) as response:
            return Answer(response.status, json.loads(response.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, json.loads(error.read()))
