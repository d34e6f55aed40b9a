"""Clients meet a server as they do in life: over a socket, with every byte they send on the wire."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp

from rebill.api.application import application
from rebill.cli.listening import listening_socket
from rebill.twin.serving import serving
from tests.api.client import ApiClient
from tests.api.world import World


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """The address at which uvicorn serves ``app``, in a thread of this process, so that its clock is the test's."""
    listener = listening_socket("127.0.0.1", 0)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    with listener, serving(config, listener, "the API"):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def anyone(world: World) -> Iterator[ApiClient]:
    """A client without a key and without any header of its own that it can leave out."""
    with listening(application(world.installation)) as address, start_blocking_portal() as portal:
        client = httpx.AsyncClient(base_url=address, timeout=60)
        for name in ("Accept", "Accept-Encoding", "User-Agent"):
            del client.headers[name]
        try:
            yield ApiClient(portal, client)
        finally:
            portal.call(client.aclose)
