"""``rebill serve``: the partner API and the pages, in one process or several."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.listening import listening_socket
from rebill.cli.options import JsonOption
from rebill.cli.output import Output
from rebill.cli.session import reporting, standing_installation

if TYPE_CHECKING:
    import socket

    import uvicorn

_GRACEFUL_SECONDS = 25
"""How long requests under way may take after the signal to stop; every call answers within 20 seconds."""
_SILENT_SECONDS = 30
"""How long a server process may not answer the one that watches; on a busy machine, to start takes it more than 5."""
_ALONE = "rebill.wiring:served_application"
_SEVERAL = "rebill.cli.server_processes:watched_application"


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Server processes.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Serve the pages at / and the partner API: /v1, /v2, /openapi.json, /docs, /healthz, /readyz, /metrics."""
    import uvicorn

    from rebill.api.unreadable_requests import ReadableRefusals
    from rebill.cli.scheduled_sync import syncing_beside
    from rebill.services.keeping.initialise import find_partner

    with reporting(as_json) as output:
        installation = standing_installation()
        settings = installation.settings
        find_partner(installation, settings.sync_partner)
        installation.close()
        config = uvicorn.Config(
            _SEVERAL if workers > 1 else _ALONE,
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=ReadableRefusals,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACEFUL_SECONDS,
            timeout_worker_healthcheck=_SILENT_SECONDS,
        )
        listener = listening_socket(host, port)
        run = _server_that_hears(config, listener)
        _announce(output, host, listener)
        with syncing_beside(settings.sync_every_minutes, settings.sync_partner):
            code = run()
    raise typer.Exit(code)


def _announce(output: Output, host: str, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    output.answer({"url": url, "process_id": os.getpid()})
    output.say(f"Serving the pages and the partner API on {url} (stop with Ctrl-C)")
    output.next_step(f"open {url} and sign in with a key; the API is told of at {url}/docs.")


def _server_that_hears(config: uvicorn.Config, listener: socket.socket) -> Callable[[], int]:
    """A server that is told to stop by signals from now on; the answer serves until then, and is 0 if it served at all.

    Whoever reads the address may send the signal at once, before anything runs: it is kept until there is what to stop.
    """
    import uvicorn

    if config.workers > 1:
        from rebill.cli.server_processes import several_processes

        return several_processes(config, listener)
    server = uvicorn.Server(config)
    # After a graceful stop uvicorn raises the signal once more, for whoever handled it before: stopping is a success.
    signal.signal(signal.SIGTERM, server.handle_exit)

    def run() -> int:
        if server.should_exit:
            return 0
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return 0
        return 0 if server.started else 1

    return run
