"""No route but the open ones answers anybody whose key is dead, whichever way it died, or who has none.

The routes come from the route table.
"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from rebill.api.routes import ROUTES
from tests.api.client import ApiClient
from tests.api.world import LIST, World
from tests.conftest import SettableClock

KEYS = "/v1/api_keys"
Death = Callable[[ApiClient, World, SettableClock], str]
"""Makes a key that worked, ends it, and answers its text."""


def _new_key(api: ApiClient, role: str = "admin", **more: object) -> tuple[str, int, int]:
    """A key with a user of its own, which is seen working: its text, its id, its user."""
    customer = {"customer_id": more.pop("customer_id")} if "customer_id" in more else {}
    user = api.post("/v1/users", {"name": "Somebody", "role": role, **customer})
    assert user.status_code == 201, user.text
    made = api.post(KEYS, {"user_id": user.json()["id"], **more}).json()
    assert api.with_key(made["api_key"]).get(LIST).status_code == 200
    return made["api_key"], made["id"], user.json()["id"]


def _customers_key(api: ApiClient, world: World) -> str:
    return _new_key(api, "customer_read_only", customer_id=world.customer_id)[0]


def revoked(api: ApiClient, _world: World, _clock: SettableClock) -> str:
    text, key_id, _ = _new_key(api)
    assert api.delete(f"{KEYS}/{key_id}").status_code == 204
    return text


def expired(api: ApiClient, _world: World, clock: SettableClock) -> str:
    text, _, _ = _new_key(api, expires_at=f"{clock.now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    clock.now += timedelta(hours=1)
    return text


def rotated_out(api: ApiClient, _world: World, _clock: SettableClock) -> str:
    text, key_id, _ = _new_key(api)
    assert api.post(f"{KEYS}/{key_id}/rotate", {}).status_code == 201
    return text


def rotated_out_after_an_overlap(api: ApiClient, _world: World, clock: SettableClock) -> str:
    text, key_id, _ = _new_key(api)
    assert api.post(f"{KEYS}/{key_id}/rotate", {"overlap_seconds": 60}).status_code == 201
    assert api.with_key(text).get(LIST).status_code == 200
    clock.now += timedelta(seconds=60)
    return text


def of_a_deleted_user(api: ApiClient, _world: World, _clock: SettableClock) -> str:
    text, _, user_id = _new_key(api)
    assert api.delete(f"/v1/users/{user_id}").status_code == 204
    return text


def of_a_disabled_user(api: ApiClient, _world: World, _clock: SettableClock) -> str:
    text, _, user_id = _new_key(api)
    assert api.put(f"/v1/users/{user_id}", {"disabled": True}).status_code == 200
    return text


def of_a_customer_without_access(api: ApiClient, world: World, _clock: SettableClock) -> str:
    text = _customers_key(api, world)
    api.put(f"/v1/customers/{world.customer_id}", {"classification": "managed_without_access"})
    return text


def of_a_customer_after_its_trial(api: ApiClient, world: World, clock: SettableClock) -> str:
    text = _customers_key(api, world)
    ahead = f"{clock.now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    api.put(f"/v1/customers/{world.customer_id}", {"trial_expiration": ahead})
    assert api.with_key(text).get(LIST).status_code == 200
    clock.now += timedelta(days=1)
    return text


def of_a_deleted_customer(api: ApiClient, world: World, _clock: SettableClock) -> str:
    text = _customers_key(api, world)
    assert api.delete(f"/v1/customers/{world.customer_id}").status_code == 204
    return text


def none_at_all(_api: ApiClient, _world: World, _clock: SettableClock) -> str:
    return ""


def one_that_nobody_ever_had(_api: ApiClient, _world: World, _clock: SettableClock) -> str:
    return "rebill_" + "0" * 16 + "_" + "0" * 64


DEATHS: tuple[Death, ...] = (
    revoked,
    expired,
    rotated_out,
    rotated_out_after_an_overlap,
    of_a_deleted_user,
    of_a_disabled_user,
    of_a_customer_without_access,
    of_a_customer_after_its_trial,
    of_a_deleted_customer,
    none_at_all,
    one_that_nobody_ever_had,
)


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.__name__)
def test_no_route_answers_a_dead_key(
    death: Death, anyone: ApiClient, api: ApiClient, world: World, clock: SettableClock
) -> None:
    key = death(api, world, clock)
    dead = anyone.with_key(key)
    entries = api.get("/v1/audit_entries").headers["X-Total"]
    words = set()
    for route in ROUTES:
        there, nowhere = (re.sub(r"\{\w+\}", number, route.path) for number in (str(world.customer_id), "999999999"))
        answer = dead.request(route.method, there, json={}, headers={"X-Request-Id": "same"})
        if route.permission is None:
            assert answer.status_code == 200, there
            continue
        assert answer.status_code == 401, there
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        in_query = anyone.request(route.method, f"{nowhere}?api_key={key}", headers={"X-Request-Id": "same"})
        assert in_query.status_code == 401, nowhere
        words |= {answer.content, in_query.content}
    assert len(words) == 1
    assert api.get("/v1/audit_entries").headers["X-Total"] == entries
