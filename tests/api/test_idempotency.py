"""``Idempotency-Key``: a POST that is repeated is done once and answered alike, also in a crowd and after a kill."""

import json
import secrets
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from rebill.services.acting.installation import Installation
from rebill.store.tables import audit_entries, kept_answers
from tests.api.client import ApiClient
from tests.api.server import PATIENCE_SECONDS, Servers, serving
from tests.api.world import ADDRESS, World
from tests.conftest import SettableClock

USER = {"name": "Ada", "role": "operator"}
"""Nothing forbids two users of one name: a call that is done twice shows."""
CALLERS = 32
REPEATS = 4


def _post(client: ApiClient, path: str, body: Any, key: str = "key-1", **headers: str) -> httpx.Response:
    return client.post(path, body, headers={"Idempotency-Key": key, **headers})


def _named(client: ApiClient, name: str = "Ada") -> int:
    return sum(user["name"] == name for user in client.get("/v1/users?per_page=1000").json()["users"])


def test_a_repeat_is_answered_byte_for_byte_and_done_once(api: ApiClient) -> None:
    first = _post(api, "/v1/users", USER, **{"X-Request-Id": "first"})
    again = _post(api, "/v1/users", USER, **{"X-Request-Id": "again"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["X-Request-Id"] == "again"
    own = {"x-request-id", "idempotent-replayed"}
    kept = {name: value for name, value in again.headers.items() if name not in own}
    assert kept == {name: value for name, value in first.headers.items() if name not in own}
    assert _named(api) == 1
    assert _post(api, "/v1/users", USER, "key-2").json()["id"] != first.json()["id"]
    assert _named(api) == 2


def test_without_a_key_a_repeat_is_a_new_act(api: ApiClient) -> None:
    assert api.post("/v1/users", USER).json()["id"] != api.post("/v1/users", USER).json()["id"]


def test_a_key_is_good_for_one_user_path_and_query(api: ApiClient, anyone: ApiClient, world: World) -> None:
    body = {"name": "New", "address": ADDRESS}
    assert _post(api, "/v1/customers", body).status_code == 201
    # The same call, however its path is written and wherever the API key stands.
    for path in ("//v1/v1/customers/", f"/v1/customers?api_key={world.keys['admin']}"):
        assert _post(api, path, body).headers["Idempotent-Replayed"] == "true"
    others = [
        _post(api, "/v2/customers", body),
        _post(api, f"/v1/customers?client_api_id={world.customer_id}", body),
        _post(anyone.with_key(world.keys["operator"]), "/v1/customers", body),
    ]
    assert [answer.json()["fields"] for answer in others] == [{"name": "is the name of another customer"}] * 3
    assert _post(anyone.with_key(world.keys["other_partner"]), "/v1/customers", body).status_code == 201
    own = next(key for key in api.get("/v1/api_keys").json()["api_keys"] if key["role"] == "admin")
    second = api.post("/v1/api_keys", {"user_id": own["user_id"]}).json()["api_key"]
    replayed = _post(anyone.with_key(second), "/v1/customers", body)
    assert replayed.headers["Idempotent-Replayed"] == "true", "another key of the same user"


def test_another_body_under_the_same_key_is_refused(api: ApiClient) -> None:
    assert _post(api, "/v1/users", USER).status_code == 201
    for body in ({**USER, "name": "Eve"}, {}, None):
        refused = _post(api, "/v1/users", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
        assert refused.json()["fields"].keys() == {"Idempotency-Key"}
    assert _named(api, "Eve") == 0
    assert _post(api, "/v1/users", USER).headers["Idempotent-Replayed"] == "true"


def test_what_is_wrong_is_answered_again_and_what_may_pass_is_not(
    api: ApiClient, anyone: ApiClient, world: World
) -> None:
    for body in ({"name": "", "role": "operator"}, {"name": "A", "role": "customer_read_only", "customer_id": 5}):
        first, again = (_post(api, "/v1/users", body, "faulty" + str(len(body))) for _ in range(2))
        assert (first.status_code, again.status_code) == (422, 422)
        assert first.content == again.content
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
    reader = anyone.with_key(world.keys["read_only"])
    for _ in range(2):
        assert "Idempotent-Replayed" not in _post(reader, "/v1/users", USER).headers
        assert "Idempotent-Replayed" not in _post(api, "/v1/api_keys/5/rotate", {}).headers
        assert "Idempotent-Replayed" not in _post(anyone.with_key("wrong"), "/v1/users", USER).headers


def test_a_fault_that_shows_in_the_act_leaves_only_its_answer(api: ApiClient, world: World) -> None:
    """The name is free when the request comes, and taken when it comes again: what was answered stands."""
    body = {"name": "Neighbour Ltd", "address": ADDRESS}
    first = _post(api, "/v1/customers", body)
    assert first.status_code == 422
    api.put(f"/v1/customers/{world.neighbour_id}", {"name": "Renamed"})
    again = _post(api, "/v1/customers", body)
    assert (again.status_code, again.content) == (422, first.content)
    assert _post(api, "/v1/customers", body, "another").status_code == 201


def test_after_a_day_the_same_key_is_a_new_act_and_old_answers_go(
    api: ApiClient, world: World, clock: SettableClock
) -> None:
    first = _post(api, "/v1/users", USER)
    for number in range(5):
        _post(api, "/v1/users", USER, f"other-{number}")
    clock.now += timedelta(hours=24) - timedelta(seconds=1)
    assert _post(api, "/v1/users", USER).content == first.content
    assert _kept(world.installation) == 6
    clock.now += timedelta(seconds=1)
    later = _post(api, "/v1/users", USER)
    assert "Idempotent-Replayed" not in later.headers
    assert later.json()["id"] != first.json()["id"]
    assert _kept(world.installation) == 1, "what outlived its day is taken away by who comes next"


def test_a_key_that_was_shown_is_never_shown_again(api: ApiClient, world: World) -> None:
    user = api.post("/v1/users", USER).json()
    made = _post(api, "/v1/api_keys", {"user_id": user["id"]})
    rotated = _post(api, f"/v1/api_keys/{made.json()['id']}/rotate", {})
    assert (made.status_code, rotated.status_code) == (201, 201)
    for path, body in (
        ("/v1/api_keys", {"user_id": user["id"]}),
        (f"/v1/api_keys/{made.json()['id']}/rotate", {}),
    ):
        again = _post(api, path, body)
        assert (again.status_code, again.json()["code"]) == (409, "answer_shown_once")
        assert "rebill_" not in again.text
    assert sum(key["user_id"] == user["id"] for key in api.get("/v1/api_keys").json()["api_keys"]) == 2
    faulty = [_post(api, "/v1/api_keys", {"user_id": 1}, "faulty") for _ in range(2)]
    assert [answer.status_code for answer in faulty] == [422, 422]
    with world.installation.database.reading() as connection:
        bodies = [row.body for row in connection.execute(select(kept_answers)) if row.body is not None]
    assert bodies and not [body for body in bodies if b"rebill_" in body]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ü", "a\tb"])
def test_a_key_that_cannot_be_one_is_a_fault_among_the_others(api: ApiClient, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]
    refused = api.post("/v1/users", {"role": "god"}, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["fields"].keys() == {"Idempotency-Key", "name", "role"}
    twice = api.post("/v1/users", USER, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "a")])
    assert twice.json()["fields"] == {"Idempotency-Key": "is given twice"}


def test_put_and_delete_need_no_key_and_take_no_notice_of_one(api: ApiClient, world: World) -> None:
    path = f"/v1/customers/{world.customer_id}"
    headers = {"Idempotency-Key": "a b"}
    assert api.put(path, {"billing_contact": "A"}, headers=headers).status_code == 200
    assert api.request("DELETE", path, headers=headers).status_code == 204
    assert api.request("DELETE", path, headers=headers).status_code == 404


def test_an_act_leaves_one_entry_in_the_audit_trail(api: ApiClient, world: World) -> None:
    before = _entries(world.installation)
    for _ in range(3):
        _post(api, "/v1/users", USER)
        _post(api, "/v1/users", {"name": "", "role": "operator"}, "faulty")
    assert _entries(world.installation) == before + 2


def test_a_crowd_with_one_key_does_one_act(api: ApiClient) -> None:
    start = threading.Barrier(CALLERS)

    def ask(_place: int) -> httpx.Response:
        start.wait(PATIENCE_SECONDS)
        return _post(api, "/v1/users", USER)

    with ThreadPoolExecutor(CALLERS) as threads:
        answers = list(threads.map(ask, range(CALLERS)))
    done = {answer.content for answer in answers if answer.status_code == 201}
    refused = {(answer.status_code, answer.json()["code"]) for answer in answers if answer.status_code != 201}
    assert len(done) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers if answer.status_code == 201) == 1
    assert refused <= {(409, "request_under_way")}
    assert _named(api) == 1


def test_a_crowd_that_repeats_what_is_done_hears_the_answer_all_at_once(world: World, tmp_path: Path) -> None:
    headers = {"Authorization": world.keys["admin"], "Idempotency-Key": "key-1"}
    start = threading.Barrier(CALLERS)

    def ask(place: int) -> list[httpx.Response]:
        with httpx.Client(base_url=servers.address, headers=headers, timeout=PATIENCE_SECONDS) as client:
            client.get("/healthz")
            start.wait(PATIENCE_SECONDS)
            return [client.post("/v1/users", json=USER if place else {**USER, "name": "Bob"}) for _ in range(REPEATS)]

    with serving(world.installation, tmp_path, count=2) as servers:
        first = httpx.post(f"{servers.address}/v1/users", json=USER, headers=headers, timeout=PATIENCE_SECONDS)
        with ThreadPoolExecutor(CALLERS) as threads:
            of_bob, *others = threads.map(ask, range(CALLERS))
    assert first.status_code == 201
    repeats = [answer for of_one in others for answer in of_one]
    assert {(answer.status_code, answer.content) for answer in repeats} == {(201, first.content)}
    assert {answer.headers.get("Idempotent-Replayed") for answer in repeats} == {"true"}
    assert {answer.json()["code"] for answer in of_bob} == {"idempotency_key_reused"}


def test_a_crowd_at_several_servers_does_one_act_for_each_key(world: World, tmp_path: Path) -> None:
    keys = [f"key-{number}" for number in range(4)]
    headers = {"Authorization": world.keys["admin"]}
    start = threading.Barrier(CALLERS)

    def ask(place: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        with httpx.Client(base_url=servers.address, headers=headers, timeout=PATIENCE_SECONDS) as client:
            client.get("/healthz")
            start.wait(PATIENCE_SECONDS)
            for key in keys[place % 4 :] + keys[: place % 4]:
                body = {**USER, "name": key}
                statuses[client.post("/v1/users", json=body, headers={"Idempotency-Key": key}).status_code] += 1
        return statuses

    with serving(world.installation, tmp_path, count=3) as servers:
        with ThreadPoolExecutor(CALLERS) as threads:
            statuses = sum(threads.map(ask, range(CALLERS)), Counter())
        names = _names(servers.address, world.keys["admin"])
    assert statuses.keys() <= {201, 409}
    assert {name: names[name] for name in keys} == dict.fromkeys(keys, 1)


ROUNDS = 6
CALLS_A_ROUND = 8


def test_who_repeats_after_a_kill_has_every_act_done_once(world: World, tmp_path: Path) -> None:
    """Servers are killed while calls are under way; each caller repeats with its key until it is answered."""
    admin = world.keys["admin"]
    cut_off = 0
    with serving(world.installation, tmp_path) as servers:
        for number in range(ROUNDS):
            # A kill may fall between two calls; then it proves nothing, and another round is played.
            if not cut_off:
                cut_off += _round_with_a_kill(servers, admin, number)
        names = _names(servers.address, admin)
    assert cut_off, "no kill cut a call off"
    done = {name: count for name, count in names.items() if name.startswith("round-")}
    assert set(done.values()) == {1}
    assert len(done) % CALLS_A_ROUND == 0


def _round_with_a_kill(servers: Servers, admin: str, number: int) -> int:
    """Make a round's users from four callers, and kill the server after the second answer: how many were cut off."""
    enough = threading.Semaphore(0)
    cut_off = 0

    def act(own: int) -> int:
        lost = 0
        for place in range(own, CALLS_A_ROUND, 4):
            name = f"round-{number}-{place}"
            lost += _until_answered(servers.address, admin, name, enough)
        return lost

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(act, own) for own in range(4)]
        for _ in range(2):
            assert enough.acquire(timeout=PATIENCE_SECONDS)
        servers.kill()
        # Whoever connects from now on waits in the socket's queue for the new server.
        servers.start()
        cut_off += sum(caller.result() for caller in callers)
    return cut_off


def _until_answered(address: str, admin: str, name: str, enough: threading.Semaphore) -> int:
    headers = {"Authorization": admin, "Idempotency-Key": secrets.token_hex(16)}
    lost = 0
    with httpx.Client(headers=headers, timeout=PATIENCE_SECONDS) as client:
        while True:
            try:
                answer = client.post(f"{address}/v1/users", json={**USER, "name": name})
            except httpx.TransportError:
                lost += 1
            else:
                # What the killed server had under way is released by the database in its own time.
                if answer.status_code == 201:
                    enough.release()
                    return lost
                assert answer.status_code == 409, answer.text


def _names(address: str, admin: str) -> Counter[str]:
    answer = httpx.get(f"{address}/v1/users?per_page=1000", headers={"Authorization": admin}, timeout=PATIENCE_SECONDS)
    return Counter(user["name"] for user in json.loads(answer.text)["users"])


def _kept(installation: Installation) -> int:
    with installation.database.reading() as connection:
        return connection.scalars(select(func.count()).select_from(kept_answers)).one()


def _entries(installation: Installation) -> int:
    with installation.database.reading() as connection:
        return connection.scalars(select(func.count()).select_from(audit_entries)).one()
