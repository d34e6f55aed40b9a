"""Sends requests by wrk, over so many connections, each request once: bounded in count and in time."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.debian import program

GREATEST_ANSWER_SECONDS: Final = 20
"""Every compatible call answers within this time: a published client's limit."""
_SCRIPT: Final = Path(__file__).parent / "requests.lua"
_FAULTS: Final = ("unexpected", "not_connected", "not_read", "not_written", "too_late")
_ADVICE: Final = "wrk is needed to measure the API. Install it, on Debian: apt-get install wrk."


class Trouble(Exception):
    """A request was not answered as expected: what was measured is worth nothing."""


@dataclass(frozen=True)
class Request:
    """A request, and the status that it is to be answered with. ``body``: JSON, ``""`` = none.

    ``assigns``: how many accounts are this customer's after it that were nobody's before.
    """

    method: str
    path: str
    body: str = ""
    status: int = 200
    assigns: int = 0


@dataclass(frozen=True)
class Measured:
    """What came of it. Times in milliseconds.

    ``server`` and ``database``: processor time of the server's processes, and of PostgreSQL's, for one request.
    """

    answered: int
    seconds: float
    p50: float
    p99: float
    greatest: float
    server: float = 0
    database: float = 0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.answered / self.seconds


def wrk_program() -> str:
    """The load generator; installs Debian's when it is absent and we are root."""
    found = program("wrk", "wrk")
    if not found:
        raise SystemExit(_ADVICE)
    return found


def send(address: str, key: str, requests: Sequence[Request], connections: int, greatest_seconds: int = 30) -> Measured:
    """Send ``requests`` to ``address`` (of this machine), ``connections`` at a time, for ``greatest_seconds`` at most.

    Raises ``Trouble`` when an answer has another status than one of those expected, or when time is up before the last.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requests"
        lines = (f"{one.status}\t{one.method}\t{one.path}\t{one.body}\n" for one in requests)
        file.write_text("".join(lines), encoding="utf-8")
        command = [
            wrk_program(), "--threads", "1", "--connections", str(min(connections, len(requests))),
            "--duration", f"{greatest_seconds}s", "--timeout", f"{GREATEST_ANSWER_SECONDS}s",
            "--script", str(_SCRIPT), address, "--", str(file), key,
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=greatest_seconds + GREATEST_ANSWER_SECONDS
        )
    if done.returncode != 0:
        raise Trouble(f"wrk failed: {done.stderr.strip()[-1000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    if told["answered"] < len(requests) or any(told[fault] for fault in _FAULTS):
        raise Trouble(f"{requests[0].method} {requests[0].path}: {told}")
    return Measured(
        answered=told["answered"],
        seconds=told["duration"] / 1e6,
        p50=told["p50"] / 1e3,
        p99=told["p99"] / 1e3,
        greatest=told["greatest"] / 1e3,
    )
