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

URL_VARIABLE = "REBILL_TEST_POSTGRESQL_URL"
_SERVER_USER = "postgres"
_ADVICE = (
    "PostgreSQL's server programs (initdb, pg_ctl) are needed to test. "
    "Install them, on Debian: apt-get install postgresql. They need not be running."
)
_OPTIONS = (
    "listen_addresses=",
    "max_connections=400",
    "shared_buffers=64MB",
    # The record of a test need not survive a power cut.
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
)


def programs_folder() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``; installs Debian's server when it is absent and we are root."""
    folder = _installed_programs()
    if folder is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "postgresql"]):
            subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
        folder = _installed_programs()
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


def _run(command: Sequence[str], folder: Path) -> None:
    log = folder / "start.log"
    with log.open("ab") as output:
        done = subprocess.run([*_as_server_user(), *command], cwd=folder, stdout=output, stderr=output, check=False)
    if done.returncode != 0:
        raise SystemExit(f"PostgreSQL for the tests: {command[0]} failed:\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server, give its SQLAlchemy address (database ``postgres``), stop it and remove its folder after."""
    programs = programs_folder()
    # Not below TMPDIR: the path of a unix socket has room for about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="rebill-postgresql-", dir="/tmp"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_SERVER_USER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    options = " ".join(f"-c {option}" for option in (*_OPTIONS, f"unix_socket_directories={folder}"))
    stop = [str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"]
    try:
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", _SERVER_USER, "--auth=trust", "--encoding=UTF8"]
        _run([*initdb, "--locale=C.UTF-8", "--no-sync"], folder)
        log = str(folder / "server.log")
        _run([str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", log, "-o", options, "start"], folder)
        try:
            yield f"postgresql+psycopg://{_SERVER_USER}@/postgres?host={folder}"
        finally:
            _run(stop, folder)
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
    with running_server() as url:
        return subprocess.run(arguments[1:], env={**os.environ, URL_VARIABLE: url}, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
