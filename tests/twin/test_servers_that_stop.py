"""A server in a thread of this process stops at once and leaves no connection open, whatever its clients do."""

import gc
import socket
import ssl
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from rebill.cli.listening import listening_socket
from rebill.twin.server import running_twin
from rebill.twin.serving import serving
from tests.mail_server import Mailbox, mail_server

REQUEST = b"GET /v1/customers HTTP/1.1\r\nHost: here\r\n%s\r\n"
START_OF_A_HANDSHAKE = b"\x16\x03\x01\x02\x00\x01"
Client = Callable[[int], socket.socket]


@contextmanager
def twin() -> Iterator[int]:
    with running_twin() as running:
        yield int(running.url.rpartition(":")[2])


@contextmanager
def plain() -> Iterator[int]:
    """The same without TLS."""

    async def answer(request: Request) -> Response:
        return PlainTextResponse("here")

    application = Starlette(routes=[Route("/v1/customers", answer)])
    config = uvicorn.Config(application, log_config=None)
    with listening_socket("127.0.0.1", 0) as listener, serving(config, listener, "plain"):
        yield int(listener.getsockname()[1])


@contextmanager
def mail() -> Iterator[int]:
    with mail_server(Mailbox()) as port:
        yield port


def silent(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port))


def gone(port: int) -> socket.socket:
    with silent(port) as connection:
        return connection


def half_a_request(port: int) -> socket.socket:
    connection = silent(port)
    connection.sendall(REQUEST[:20])
    return connection


def half_a_handshake(port: int) -> socket.socket:
    connection = silent(port)
    connection.sendall(START_OF_A_HANDSHAKE)
    return connection


def shaken_hands(port: int) -> socket.socket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(silent(port))


def kept(port: int) -> socket.socket:
    return _answered(silent(port), b"")


def kept_by_tls(port: int) -> socket.socket:
    return _answered(shaken_hands(port), b"")


def bidden_goodbye(port: int) -> socket.socket:
    """The server has closed its side, and waits for the client to close its own."""
    return _answered(shaken_hands(port), b"Connection: close\r\n")


def _answered(connection: socket.socket, header: bytes) -> socket.socket:
    connection.sendall(REQUEST % header)
    assert connection.recv(1)
    return connection


@pytest.mark.parametrize("seconds", [0, 0.1], ids=["at once", "later"])
@pytest.mark.parametrize(
    ("server", "client"),
    [
        *((twin, client) for client in (silent, gone, half_a_request, half_a_handshake)),
        *((twin, client) for client in (shaken_hands, kept_by_tls, bidden_goodbye)),
        *((plain, client) for client in (silent, gone, half_a_request, kept)),
        *((mail, client) for client in (silent, gone, half_a_request)),
    ],
)
def test_no_connection_stays_open(
    server: Callable[[], AbstractContextManager[int]], client: Client, seconds: float
) -> None:
    gc.collect()
    with warnings.catch_warnings(record=True) as told, ExitStack() as clients:
        warnings.simplefilter("always")
        with server() as port:
            for _ in range(3):
                clients.enter_context(client(port))
            time.sleep(seconds)
        gc.collect()
    assert [str(one.message) for one in told] == []
