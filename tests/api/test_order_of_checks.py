"""Which check answers when several would: key, path, method, role, id, size, body, meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from starlette.types import Message

from rebill.api.application import application
from rebill.services.acting.installation import Installation
from tests.api.client import ApiClient
from tests.api.world import ADD, World

LARGE = str(17 * 1024**2)


@dataclass(frozen=True)
class Wrong:
    """A request with several things wrong, and the answer that comes first."""

    name: str
    key: str
    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b"{"


_TEXT = {"Content-Type": "text/plain"}
_TEXT_AND_LARGE = {**_TEXT, "Content-Length": LARGE}
_REQUESTS = (
    Wrong("no key, then all else", "", "DELETE", "/v1/nothing/abc?page=0", 401, _TEXT_AND_LARGE),
    Wrong("unknown key, known path", "wrong", "PATCH", f"{ADD}/abc?dryrun=1", 401, _TEXT_AND_LARGE),
    Wrong("path before method and role", "own_customer", "DELETE", "/v1/nothing/abc", 404, _TEXT_AND_LARGE),
    Wrong("method before role and id", "own_customer", "DELETE", f"{ADD}/abc", 405, _TEXT_AND_LARGE),
    Wrong("role before id and size", "own_customer", "PUT", f"{ADD}/abc?dryrun=1", 403, _TEXT_AND_LARGE),
    Wrong("role before an unknown id", "read_only", "PUT", f"{ADD}/123456789", 403, _TEXT_AND_LARGE),
    Wrong("malformed id before size", "admin", "PUT", f"{ADD}/0123?dryrun=1", 404, _TEXT_AND_LARGE),
    Wrong("unknown id before size", "admin", "PUT", f"{ADD}/123456789?dryrun=1", 404, _TEXT_AND_LARGE),
    Wrong("unknown id before body", "admin", "PUT", f"{ADD}/123456789?dryrun=1", 404, _TEXT),
    Wrong("unknown id before contradiction", "admin", "PUT", f"{ADD}/123456789?correct_issued=true", 404, {}, b"{}"),
    Wrong("size before media type", "admin", "PUT", f"{ADD}/ID?dryrun=1", 413, _TEXT_AND_LARGE),
    Wrong("media type before meaning", "admin", "PUT", f"{ADD}/ID", 422, _TEXT),
    Wrong("body before meaning", "admin", "PUT", f"{ADD}/ID", 422, {}, b'{"azure_customer_ids": ["nobody", ""]}'),
    Wrong("meaning", "admin", "PUT", f"{ADD}/ID", 207, {}, b'{"azure_customer_ids": ["nobody"]}'),
)


@pytest.mark.parametrize("wrong", _REQUESTS, ids=lambda wrong: wrong.name)
def test_the_first_check_that_fails_answers(wrong: Wrong, anyone: ApiClient, world: World) -> None:
    client = anyone.with_key(world.keys.get(wrong.key, wrong.key))
    path = wrong.path.replace("ID", str(world.customer_id))
    answer = client.request(wrong.method, path, content=wrong.body, headers=wrong.headers)
    assert answer.status_code == wrong.status, answer.text
    if wrong.status >= 400:
        assert {"error", "code", "request_id"} <= answer.json().keys()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert ("Allow" in answer.headers) == (wrong.status == 405)
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if wrong.status == 401 else None)


def _read_bytes(
    installation: Installation, method: str, path: str, key: str, length: int | None = None
) -> tuple[int, int]:
    """Status of a request with a body of 3 MiB in parts, and how many parts were read.

    ``length``: what it declares to have.
    """
    taken = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * 1024**2, "more_body": taken < 3}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "headers": [(b"authorization", key.encode())],
    }
    if length is not None:
        scope["headers"].append((b"content-length", str(length).encode()))

    async def run() -> None:
        await application(installation)(scope, receive, send)

    anyio.run(run)
    return sent[0]["status"], taken


def test_no_byte_of_a_body_is_read_before_key_path_method_role_and_id_hold(world: World) -> None:
    keys, installation = world.keys, world.installation
    known = f"{ADD}/{world.customer_id}"
    assert _read_bytes(installation, "PUT", known, "wrong") == (401, 0)
    assert _read_bytes(installation, "PUT", "/v1/nothing", keys["admin"]) == (404, 0)
    assert _read_bytes(installation, "POST", known, keys["admin"]) == (405, 0)
    assert _read_bytes(installation, "PUT", known, keys["read_only"]) == (403, 0)
    assert _read_bytes(installation, "PUT", f"{ADD}/abc", keys["admin"]) == (404, 0)
    assert _read_bytes(installation, "GET", "/v1/customers", keys["admin"]) == (200, 0)
    assert _read_bytes(installation, "PUT", known, "wrong", 3 * 1024**2) == (401, 0)
    assert _read_bytes(installation, "PUT", known, keys["admin"]) == (422, 3)
    assert _read_bytes(installation, "PUT", known, keys["admin"], 3 * 1024**2) == (422, 3)


def test_every_401_has_the_same_words(anyone: ApiClient, world: World) -> None:
    words = set()
    known = world.keys["admin"]
    for key in ("", "x", known[:-1], known + "0", known.upper(), "rebill_" + "0" * 16 + "_" + "0" * 64, "Basic abc"):
        for path in ("/v1/customers", "/v1/nothing", "/"):
            answer = anyone.with_key(key).get(path, headers={"X-Request-Id": "same"})
            assert answer.status_code == 401
            words.add(answer.text)
    assert len(words) == 1
