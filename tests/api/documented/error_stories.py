"""The errors that any call can be answered with, each brought about on a server that runs."""

import http.client
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

import httpx
import uvicorn

from rebill.api.answers import Answer
from rebill.api.application import application
from rebill.api.call import Call
from rebill.api.route import Route
from rebill.api.routes import ROUTES
from rebill.api.unreadable_requests import ReadableRefusals
from rebill.api.wire_reading import GREATEST_BODY_BYTES
from rebill.cli.listening import listening_socket
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission
from rebill.services.callers.keys import create_key
from rebill.store.database import Database
from rebill.twin.serving import serving
from tests.api.client import ApiClient, api_client
from tests.api.documented.partner import ADDRESS, Documented
from tests.api.documented.recording import REQUEST_ID
from tests.api.server import PATIENCE_SECONDS

_LIST = "/v1/customers"
_CALLS_PER_MINUTE = 20
_ID = {"X-Request-Id": REQUEST_ID}


def errors_of_any_call(documented: Documented) -> None:
    """Keys that may not, bodies and addresses that are too large, limits, and a server that is in trouble."""
    tell, installation, partner = documented.recorder, documented.installation, documented.partner
    key = create_key(installation, partner, Role.READ_ONLY, None).api_key
    add = f"/v1/azure_partner_customer_accounts/add/{documented.customer_id}"
    unreadable = _answer_on_a_connection(installation, b"GET /v1/customers\r\n\r\n")
    tell.keep_error("A first line that no HTTP request has", unreadable, 400)
    refused = tell.api.with_key("wrong").get(_LIST, headers=_ID)
    tell.keep_error("Nobody holds the key", refused, 401)
    refused = tell.api.with_key(key).put(add, {"azure_customer_ids": ["ab123"]}, headers=_ID)
    tell.keep_error("A key that may only read", refused, 403)
    late = _answer_on_a_connection(installation, b"GET /v1/customers HTTP/1.1\r\nHost: ")
    tell.keep_error("Headers that do not come to their end", late, 408)
    refused = tell.api.request("PUT", add, content=b" " * (GREATEST_BODY_BYTES + 1), headers=_ID)
    tell.keep_error("A byte over 16 MiB", refused, 413)
    tell.keep_error("A query that is too long", tell.api.get(f"{_LIST}?note={'x' * 4000}", headers=_ID), 414)
    limited = replace(installation, settings=replace(installation.settings, calls_per_minute=_CALLS_PER_MINUTE))
    with _client(limited, key) as client:
        answers = [client.get(_LIST, headers=_ID) for _ in range(_CALLS_PER_MINUTE + 1)]
    tell.keep_error(f"More than {_CALLS_PER_MINUTE} calls in a minute", answers[-1], 429)
    with _client(installation, key, [Route("GET", _LIST, Permission.READ, _fails, "", {200: None})]) as client:
        tell.keep_error("A fault of rebill's own", client.get(_LIST, headers=_ID), 500)
    away = Database(f"sqlite:///{installation.settings.home}/no/such/folder/rebill.sqlite3")
    with _client(replace(installation, database=away), key) as client:
        tell.keep_error("The database is away", client.get(_LIST, headers=_ID), 503)
    away.close()
    tell.keep_error("The same call is under way", _answer_while_under_way(installation, partner), 409)


def _answer_while_under_way(installation: Installation, partner: Caller) -> httpx.Response:
    """What a POST is answered that is sent again, with its ``Idempotency-Key``, while the first one works."""
    headers = {**_ID, "Idempotency-Key": "order-4711"}
    body = {"name": "Azure Four", "address": asdict(ADDRESS)}
    again: list[httpx.Response] = []

    def create_slowly(call: Call) -> Answer:
        again.append(client.post(_LIST, body, headers=headers))
        return route.handler(call)

    route = next(route for route in ROUTES if (route.method, route.path) == ("POST", _LIST))
    key = create_key(installation, partner, Role.OPERATOR, None).api_key
    with _client(installation, key, [replace(route, handler=create_slowly)]) as client:
        assert client.post(_LIST, body, headers=headers).status_code == 201
    return again[0]


class _Brief(ReadableRefusals):
    """Waits for one second for what is missing."""

    greatest_pause_seconds = 1


def _answer_on_a_connection(installation: Installation, sent: bytes) -> httpx.Response:
    """What a server, as ``rebill serve`` starts it, answers bytes that no client would send."""
    listener = listening_socket("127.0.0.1", 0)
    config = uvicorn.Config(application(installation), http=_Brief, log_config=None, access_log=False)
    with (
        listener,
        serving(config, listener, "the API"),
        socket.create_connection(listener.getsockname(), PATIENCE_SECONDS) as connection,
    ):
        connection.sendall(sent)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return httpx.Response(answer.status, content=answer.read())


def _fails(_call: Call) -> Answer:
    raise AssertionError("a fault, so that its answer can be shown")


@contextmanager
def _client(installation: Installation, key: str, routes: Sequence[Route] = ROUTES) -> Iterator[ApiClient]:
    with api_client(application(installation, routes), key) as client:
        yield client
