"""A real PostgreSQL server for the tests: in a temporary folder, as its own user, on a unix socket.

``python -m tests.postgresql_server -- COMMAND...`` runs a command with ``REBILL_TEST_POSTGRESQL_URL``
set, answers with its exit code and stops the server after it. Without the variable the tests start a
server of their own.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from tests.debian import found_or_installed

URL_VARIABLE = "REBILL_TEST_POSTGRESQL_URL"
_SERVER_USER = "postgres"
_ADVICE = (
    "PostgreSQL's server programs (initdb, pg_ctl) are needed to test. "
    "Install them, on Debian: apt-get install postgresql. They need not be running."
)
# The record of a test need not survive a power cut.
FORGETFUL: Final = (
    "max_connections=400",
    "shared_buffers=64MB",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
)
DURABLE: Final = ("max_connections=100",)
"""As a server in production: what it acknowledges is on the disk."""


def programs_folder() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``; installs Debian's server when it is absent and we are root."""
    folder = found_or_installed(_installed_programs, "postgresql")
    if folder is None:
        raise SystemExit(_ADVICE)
    return folder


def _installed_programs() -> Path | None:
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: _version(folder.parent.name), reverse=True
    )
    config = shutil.which("pg_config")
    if config:
        answer = subprocess.run([config, "--bindir"], check=True, capture_output=True, text=True)
        folders.append(Path(answer.stdout.strip()))
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return next((folder for folder in folders if _holds_server(folder)), None)


def _holds_server(folder: Path) -> bool:
    return (folder / "initdb").is_file() and (folder / "pg_ctl").is_file()


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())


def _as_server_user() -> list[str]:
    """What to put before a command: the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("runuser"):
        return ["runuser", "-u", _SERVER_USER, "--"]
    if shutil.which("setpriv"):
        return ["setpriv", f"--reuid={_SERVER_USER}", f"--regid={_SERVER_USER}", "--init-groups"]
    raise SystemExit("As root, runuser or setpriv (Debian package util-linux) is needed to start PostgreSQL.")


class PostgresqlServer:
    """A server in ``folder``, which can be stopped and started again; its data stays until the folder goes."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        self._programs = programs_folder()
        self._folder = folder
        self._data = folder / "data"
        self._options = ("listen_addresses=", f"unix_socket_directories={folder}", *options)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_SERVER_USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        initialise = ["initdb", "-D", str(self._data), "-U", _SERVER_USER, "--auth=trust", "--encoding=UTF8"]
        self._run(*initialise, "--locale=C.UTF-8", "--no-sync")

    @property
    def url(self) -> str:
        """Its SQLAlchemy address (database ``postgres``)."""
        return f"postgresql+psycopg://{_SERVER_USER}@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(f"-c {option}" for option in self._options)
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "server.log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it, in mid-request or not, and wait until it is gone. ``mode`` is ``pg_ctl``'s."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def demote(self) -> None:
        """Start it anew as a standby: it can be read, and takes no changes."""
        self.stop("fast")
        self._standby_signal.touch()
        if os.geteuid() == 0:
            shutil.chown(self._standby_signal, _SERVER_USER)
        self.start()

    def promote(self) -> None:
        """Start it anew as a server that takes changes, after ``demote``."""
        self.stop("fast")
        self._standby_signal.unlink()
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All its processes stand still while the block runs; the machine goes on acknowledging what is sent."""
        main = int((self._data / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(main)], check=True, capture_output=True, text=True)
        processes = [main, *map(int, children.stdout.split())]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    @property
    def _standby_signal(self) -> Path:
        return self._data / "standby.signal"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_server_user(), str(self._programs / program), *arguments]
        log = self._folder / "start.log"
        with log.open("ab") as output:
            done = subprocess.run(command, cwd=self._folder, stdout=output, stderr=output, check=False)
        if done.returncode != 0:
            said = log.read_text(errors="replace")[-3000:]
            raise SystemExit(f"PostgreSQL in {self._folder}: {program} failed:\n{said}")


@contextmanager
def running_server(options: Sequence[str] = FORGETFUL) -> Iterator[PostgresqlServer]:
    """A server that runs, of its own; it is stopped, and its folder removed, after."""
    # Not below TMPDIR: the path of a unix socket has room for about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="rebill-postgresql-", dir="/tmp"))
    try:
        server = PostgresqlServer(folder, options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def main(arguments: Sequence[str]) -> int:
    """Run the command after ``--`` beside a server; answer its exit code."""
    if len(arguments) < 2 or arguments[0] != "--":
        sys.stderr.write(__doc__ or "")
        return 2
    signal.signal(signal.SIGTERM, _leave)
    with running_server() as server:
        return subprocess.run(arguments[1:], env={**os.environ, URL_VARIABLE: server.url}, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
