"""Requests that do not come to their end: what is missing is waited for so long, and the connection is let go."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from rebill.api.application import application
from rebill.api.unreadable_requests import ReadableRefusals
from rebill.cli.listening import listening_socket
from rebill.twin.serving import serving
from tests.api.server import PATIENCE_SECONDS
from tests.api.world import ADD, World

BODY = json.dumps({"azure_customer_ids": ["ab123"]}).encode()


@pytest.fixture
def connection(world: World) -> Iterator[socket.socket]:
    """A connection to a server as ``rebill serve`` starts it."""
    with _connected(application(world.installation)) as connected:
        yield connected


@contextmanager
def _connected(served: ASGIApp) -> Iterator[socket.socket]:
    listener = listening_socket("127.0.0.1", 0)
    config = uvicorn.Config(served, http=ReadableRefusals, log_config=None, access_log=False)
    with (
        listener,
        serving(config, listener, "the API"),
        socket.create_connection(listener.getsockname(), PATIENCE_SECONDS) as connected,
    ):
        yield connected


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is waited for two seconds."""
    monkeypatch.setattr(ReadableRefusals, "greatest_pause_seconds", 2)


def _head(world: World, method: str = "PUT", key: str = "admin", length: int = len(BODY), *more: str) -> bytes:
    lines = (
        f"{method} {ADD}/{world.customer_id} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {world.keys[key] if key else 'none'}",
        f"Content-Length: {length}",
        *more,
    )
    return "\r\n".join([*lines, "", ""]).encode()


def _answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    told: dict[str, Any] = json.loads(response.read())
    return response.status, told


def _is_closed(connection: socket.socket) -> bool:
    """Whether the server lets the connection go, and says nothing more."""
    return connection.recv(1) == b""


@pytest.mark.usefixtures("brief")
def test_half_a_head_is_answered_and_let_go(
    connection: socket.socket, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    connection.sendall(_head(world)[:-2])
    status, told = _answer(connection)
    assert (status, told["code"]) == (408, "request_too_late")
    assert _is_closed(connection)
    assert told["request_id"] in capsys.readouterr().err


@pytest.mark.usefixtures("brief")
def test_a_head_that_comes_by_drops_is_not_waited_for_either(connection: socket.socket) -> None:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    connection.settimeout(0.05)
    patience_ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < patience_ends:
        try:
            assert connection.recv(13) == b"HTTP/1.1 408 "
        except TimeoutError:
            connection.sendall(b"x")
        else:
            return
    raise AssertionError("it is waited for")


@pytest.mark.usefixtures("brief")
def test_half_a_body_is_answered_and_does_nothing(connection: socket.socket, world: World) -> None:
    connection.sendall(_head(world) + BODY[:5])
    status, told = _answer(connection)
    assert (status, told["code"]) == (408, "request_too_late")
    assert _is_closed(connection)


@pytest.mark.usefixtures("brief")
def test_who_sends_nothing_or_was_answered_hears_nothing_more(connection: socket.socket, world: World) -> None:
    connection.sendall(_head(world, key=""))
    assert _answer(connection)[0] == 401
    with socket.create_connection(connection.getpeername(), PATIENCE_SECONDS) as idle:
        assert _is_closed(connection)
        assert _is_closed(idle)


@pytest.mark.usefixtures("brief")
def test_a_second_request_is_waited_for_as_the_first(connection: socket.socket, world: World) -> None:
    connection.sendall(_head(world) + BODY + _head(world)[:40])
    assert _answer(connection)[0] == 207


def test_a_body_that_comes_slowly_is_taken(
    connection: socket.socket, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReadableRefusals, "greatest_pause_seconds", 3)
    connection.sendall(_head(world))
    for place in range(0, len(BODY), 7):
        time.sleep(0.8)
        connection.sendall(BODY[place : place + 7])
    status, told = _answer(connection)
    assert (status, told["azure_partner_customer_accounts"][0]["assigned"]) == (207, True)


@pytest.mark.usefixtures("brief")
def test_a_body_is_waited_for_from_when_it_is_asked_for(world: World) -> None:
    served = application(world.installation)

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        """The API, which gets to a request after more time than a body may pause for."""
        if scope["type"] == "http":
            await anyio.sleep(3)
        await served(scope, receive, send)

    with _connected(busy) as connection:
        connection.sendall(_head(world, "PUT", "admin", len(BODY), "Expect: 100-continue"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        time.sleep(1.5)
        connection.sendall(BODY)
        assert _answer(connection)[0] == 207


@pytest.mark.usefixtures("brief")
def test_a_body_that_was_asked_for_is_not_waited_for_for_ever(connection: socket.socket, world: World) -> None:
    connection.sendall(_head(world, "PUT", "admin", len(BODY), "Expect: 100-continue"))
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    status, told = _answer(connection)
    assert (status, told["code"]) == (408, "request_too_late")
    assert _is_closed(connection)
