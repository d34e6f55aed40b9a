"""``rebill serve`` as its operator meets it: it says where it listens, is ready, and stops gracefully."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine

PATIENCE_SECONDS = 60


@contextmanager
def serving(
    rebill: CommandLine, log: Path, *arguments: str, program: Sequence[str] = ("-m", "rebill")
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``rebill serve`` with ``arguments`` on a free port, and the address that it announced."""
    command = [sys.executable, *program, "serve", "--port", "0", "--json", *arguments]
    with log.open("w") as err:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=err, text=True, env=rebill.process_environment
        )
    try:
        yield process, _announcement(process, log)["url"]
    finally:
        # Told and not killed: its server processes stop with it.
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def _announcement(process: subprocess.Popen[str], log: Path) -> Any:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            return json.loads(text)
    raise AssertionError(f"the server said nothing on its output; its log: {log.read_text()}")


def _status(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=PATIENCE_SECONDS) as response:
        return int(response.status)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_answers_as_soon_as_it_says_where_and_stops_when_told(
    rebill: CommandLine, tmp_path: Path, workers: int
) -> None:
    with serving(rebill, tmp_path / "log", "--workers", str(workers)) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert _status(f"{url}/healthz") == 200
        assert _status(f"{url}/readyz") == 200
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert rest == "", "one JSON document and nothing else"
        log = (tmp_path / "log").read_text()
        assert process.returncode == 0, log
        assert [line for line in log.splitlines() if not line.startswith("{")] == [], "nothing but entries of the log"
        assert '"level": "error"' not in log


SIGNALLED_BEFORE_IT_RUNS = """
import os, signal, sys
from rebill.cli import main, serve

hearing = serve._server_that_hears

def told_at_once(config, listener):
    run = hearing(config, listener)
    os.kill(os.getpid(), signal.SIGTERM)
    return run

serve._server_that_hears = told_at_once
main()
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_stops_when_told_before_it_runs(rebill: CommandLine, tmp_path: Path, workers: int) -> None:
    command = [sys.executable, "-c", SIGNALLED_BEFORE_IT_RUNS, "serve", "--port", "0", "--workers", str(workers)]
    with (tmp_path / "log").open("w") as log:
        ended = subprocess.run(
            command, stdout=log, stderr=log, env=rebill.process_environment, timeout=PATIENCE_SECONDS, check=False
        )
    assert ended.returncode == 0, (tmp_path / "log").read_text()


def test_a_port_that_is_taken_is_refused(rebill: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = rebill.refusal("serve", "--port", str(taken.getsockname()[1]))
    assert refused["code"] == "address_in_use"
    assert "--port" in refused["error"]


def test_a_limit_of_calls_that_is_none_keeps_the_server_from_starting(rebill: CommandLine) -> None:
    ended = rebill.run("serve", "--json", REBILL_CALLS_PER_MINUTE="off")
    assert (ended.code, ended.document["code"]) == (1, "invalid_setting")
    assert "REBILL_CALLS_PER_MINUTE" in ended.document["error"]


# It is refused before anything is looked for in the record.
@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_no_http_is_refused_as_everything_else_is(rebill: CommandLine, tmp_path: Path, workers: int) -> None:
    with serving(rebill, tmp_path / "log", "--workers", str(workers)) as (_, url):
        place = urllib.parse.urlsplit(url)
        for unreadable in (b"Content-Length: -1", b"Content-Length: 1, 2", b"no header at all"):
            with socket.create_connection((place.hostname, place.port), PATIENCE_SECONDS) as connection:
                connection.sendall(b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\n" + unreadable + b"\r\n\r\n")
                response = http.client.HTTPResponse(connection)
                response.begin()
                told = json.loads(response.read())
            assert (response.status, told["code"]) == (400, "unreadable_request"), unreadable
            assert response.headers["X-Request-Id"] == told["request_id"]
            assert response.headers["Content-Type"] == "application/json"
            assert told["request_id"] in (tmp_path / "log").read_text()
