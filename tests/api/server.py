"""Real server processes: uvicorn on the application that ``rebill.wiring`` builds, on a port the system chose."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rebill.cli.listening import listening_socket
from rebill.services.acting.installation import Installation
from rebill.settings import DeliverySettings, Settings

PATIENCE_SECONDS = 60


class Servers:
    """Server processes that accept from one listening socket, which outlives each of them."""

    def __init__(
        self,
        settings: Settings,
        log: Path,
        factory: str = "rebill.wiring:served_application",
        keep_alive_seconds: int = 5,
    ) -> None:
        self._settings = settings
        self._keep_alive_seconds = keep_alive_seconds
        self._log = log
        self._factory = factory
        self._listener = listening_socket("127.0.0.1", 0)
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def log(self) -> str:
        """What the processes wrote."""
        return self._log.read_text(encoding="utf-8")

    def start(self, count: int = 1) -> None:
        """Start processes; who connects before they are ready waits in the listening socket's queue."""
        settings = self._settings
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REBILL_")}
        environment = {**kept, "REBILL_HOME": str(settings.home), "REBILL_DATABASE_URL": settings.database_url}
        if settings.calls_per_minute is not None:
            environment["REBILL_CALLS_PER_MINUTE"] = str(settings.calls_per_minute)
        if settings.delivery.ways:
            environment |= _variables_of(settings.delivery)
        number = self._listener.fileno()
        command = [
            sys.executable, "-m", "uvicorn", self._factory, "--factory",
            "--fd", str(number), "--no-access-log", "--no-server-header", "--log-level", "warning",
            "--timeout-keep-alive", str(self._keep_alive_seconds),
        ]  # fmt: skip
        with self._log.open("ab") as log:
            for _ in range(count):
                process = subprocess.Popen(
                    command, env=environment, pass_fds=[number], stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
                self._processes.append(process)

    @property
    def running(self) -> int:
        """How many of the processes that were started run."""
        return sum(process.poll() is None for process in self._processes)

    @property
    def process_ids(self) -> list[int]:
        """The processes that were started, whether they run or not."""
        return [process.pid for process in self._processes]

    def kill(self) -> None:
        """``kill -9`` every process, and see it gone."""
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE_SECONDS)
        self._processes.clear()

    def close(self) -> None:
        """Stop every process and the socket."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE_SECONDS)
        self._listener.close()


def _variables_of(delivery: DeliverySettings) -> dict[str, str]:
    """The variables that say the same, of a mail server that anybody may use."""
    return {
        "REBILL_DELIVERY_FOLDER": delivery.folder,
        "REBILL_SMTP_HOST": delivery.smtp_host,
        "REBILL_SMTP_PORT": str(delivery.smtp_port),
        "REBILL_SMTP_SECURITY": delivery.smtp_security.value,
        "REBILL_MAIL_FROM": delivery.sender,
    }


@contextmanager
def serving(installation: Installation, folder: Path, count: int = 1) -> Iterator[Servers]:
    """``count`` server processes on ``installation``'s database, stopped at the end."""
    servers = Servers(installation.settings, folder / "server.log")
    try:
        servers.start(count)
        yield servers
    finally:
        servers.close()
