"""The limit of calls a minute: each key its own, the same at every server process, and what callers are told of it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from rebill.api.application import application
from rebill.model.errors import Invalid
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers import count_calls
from rebill.services.callers.count_calls import CallCount
from rebill.settings import Settings
from tests.api.client import ApiClient, api_client
from tests.api.server import PATIENCE_SECONDS, Servers
from tests.api.world import ADD, LIST, World
from tests.conftest import SettableClock

LIMIT = 4


def limited(installation: Installation, calls_per_minute: int | None = LIMIT) -> Installation:
    """The same installation with a limit of calls."""
    return replace(installation, settings=replace(installation.settings, calls_per_minute=calls_per_minute))


@pytest.fixture
def caller(world: World) -> Iterator[ApiClient]:
    """A client with the first partner's admin key, of a server that limits calls."""
    with api_client(application(limited(world.installation)), world.keys["admin"]) as client:
        yield client


def told(answer: httpx.Response) -> dict[str, str]:
    """What an answer says of the limit."""
    return {name: text for name, text in answer.headers.items() if name.startswith("ratelimit") or "retry" in name}


def test_a_key_makes_a_minutes_calls_at_once_and_then_waits(caller: ApiClient, clock: SettableClock) -> None:
    for remaining in (3, 2, 1, 0):
        answer = caller.get(LIST)
        assert answer.status_code == 200
        assert told(answer) == {
            "ratelimit-limit": "4",
            "ratelimit-remaining": str(remaining),
            "ratelimit-reset": str(15 * (4 - remaining)),
            "ratelimit-policy": "4;w=60",
        }
    clock.now += timedelta(seconds=1)
    for refused in [caller.get(LIST, headers={"X-Request-Id": "find-me"}) for _ in range(2)]:
        assert refused.status_code == 429
        assert refused.json() == {
            "error": "This key may make 4 calls a minute: wait 14 s, then go on.",
            "code": "too_many_calls",
            "request_id": "find-me",
        }
        assert told(refused) == {
            "ratelimit-limit": "4",
            "ratelimit-remaining": "0",
            "ratelimit-reset": "14",
            "ratelimit-policy": "4;w=60",
            "retry-after": "14",
        }
    clock.now += timedelta(seconds=14)
    assert caller.get(LIST).status_code == 200
    assert caller.get(LIST).status_code == 429


def test_each_key_has_a_limit_of_its_own(caller: ApiClient, world: World) -> None:
    while caller.get(LIST).status_code == 200:
        pass
    for kind in ("operator", "own_customer", "other_partner"):
        other = caller.with_key(world.keys[kind])
        assert [other.get(LIST).headers["RateLimit-Remaining"] for _ in range(2)] == ["3", "2"]


def test_the_limit_comes_after_key_path_and_method_and_before_all_else(caller: ApiClient, world: World) -> None:
    for _ in range(2 * LIMIT):
        unknown = caller.with_key("rebill_" + "0" * 16 + "_" + "0" * 64).get(LIST)
        assert (unknown.status_code, told(unknown)) == (401, {})
        assert caller.get("/v1/nothing").status_code == 404
        assert caller.request("PATCH", LIST).status_code == 405
        for path in ("/healthz", "/readyz", "/docs"):
            assert told(caller.get(path)) == {}
    # What is refused afterwards counts, with its place told.
    weak = caller.with_key(world.keys["read_only"])
    assert [weak.put(f"{ADD}/abc?dryrun=1", {}).headers["RateLimit-Remaining"] for _ in range(2)] == ["3", "2"]
    assert weak.get("/v1/customers/123456789").headers["RateLimit-Remaining"] == "1"
    assert weak.request("HEAD", LIST).headers["RateLimit-Remaining"] == "0"
    refused = weak.put(f"{ADD}/abc?dryrun=1", {}, headers={"Content-Length": str(17 * 1024**2)})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_calls")


def test_a_refused_change_changes_nothing_and_leaves_no_entry(caller: ApiClient, api: ApiClient, world: World) -> None:
    while caller.get(LIST).status_code == 200:
        pass
    entries = api.get("/v1/audit_entries").headers["X-Total"]
    refused = caller.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123"]})
    assert refused.status_code == 429
    assert api.get(LIST).headers["X-Total"] == "0"
    assert api.get("/v1/audit_entries").headers["X-Total"] == entries


def test_a_repeat_with_its_idempotency_key_is_told_what_the_key_may_do_now(caller: ApiClient) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"name": "Repeated", "role": "operator"}
    answers = [caller.post("/v1/users", body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["3", "2"]
    assert answers[0].content == answers[1].content


def test_without_the_setting_nothing_is_limited_and_nothing_said(api: ApiClient) -> None:
    answers = [api.get(LIST) for _ in range(2 * LIMIT)]
    assert {answer.status_code for answer in answers} == {200}
    assert told(answers[0]) == {}


def test_a_limit_that_is_changed_holds_from_the_next_call(caller: ApiClient, world: World) -> None:
    for _ in range(3):
        caller.get(LIST)
    with api_client(application(limited(world.installation, 60)), world.keys["admin"]) as generous:
        # Three of four calls are three quarters of the bucket, however many it holds.
        assert generous.get(LIST).headers["RateLimit-Remaining"] == "14"


def test_calls_at_two_server_processes_are_counted_together(world: World, tmp_path: Path) -> None:
    limit, callers = 20, 8
    settings = limited(world.installation, limit).settings
    servers = [
        Servers(settings, tmp_path / f"{place}.log", "tests.api.standing_server:api_application") for place in (1, 2)
    ]
    try:
        for server in servers:
            server.start()
        start = threading.Barrier(callers)

        def call(place: int) -> list[int]:
            address, key = servers[place % 2].address, world.keys["admin"]
            with httpx.Client(base_url=address, headers={"Authorization": key}, timeout=PATIENCE_SECONDS) as client:
                start.wait(PATIENCE_SECONDS)
                return [client.get(LIST).status_code for _ in range(limit // 2)]

        with ThreadPoolExecutor(callers) as pool:
            heard = list(pool.map(call, range(callers)))
    finally:
        for server in servers:
            server.close()
    statuses = [status for one in heard for status in one]
    assert len(statuses) == callers * limit // 2
    assert statuses.count(200) == limit
    assert statuses.count(429) == len(statuses) - limit


def test_refused_keys_are_refused_again_without_the_record_and_only_so_many_are_remembered(
    world: World, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_calls, "GREATEST_REMEMBERED", 2)
    count = CallCount(limited(world.installation, 1))
    with world.installation.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT key_id, partner_id FROM api_keys").all()
    callers = [Caller(partner_id, Role.ADMIN, key_id=key_id) for key_id, partner_id in rows]
    assert len(callers) > 4

    def is_refused(caller: Caller) -> bool:
        allowance = count.count(caller)
        assert allowance is not None
        return allowance.is_refused

    assert [is_refused(caller) for caller in callers] == [False] * len(callers)
    # Those that were forgotten are looked up again, and refused as well.
    for _ in range(2):
        assert [is_refused(caller) for caller in callers] == [True] * len(callers)
        assert len(count._refused_until) <= 2
    with world.installation.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM call_buckets")
    assert is_refused(callers[-1])
    assert not is_refused(callers[0])
    clock.now += timedelta(seconds=60)
    assert not is_refused(callers[-1])


def test_nobody_but_the_holders_of_keys_leaves_anything_behind(caller: ApiClient, world: World) -> None:
    for number in range(20):
        caller.with_key(f"rebill_{number:016x}_" + "0" * 64).get(LIST)
    with world.installation.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM call_buckets").scalar() == 0


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "1e3", " 5", "1000001", "9" * 30, "off"])
def test_a_limit_that_is_none_is_refused_when_the_server_starts(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        Settings.from_environment({"REBILL_CALLS_PER_MINUTE": text})
    assert "REBILL_CALLS_PER_MINUTE must be a whole number from 1 to" in refused.value.message


def test_the_limit_is_read_from_the_environment() -> None:
    assert Settings.from_environment({}).calls_per_minute is None
    assert Settings.from_environment({"REBILL_CALLS_PER_MINUTE": ""}).calls_per_minute is None
    assert Settings.from_environment({"REBILL_CALLS_PER_MINUTE": "120"}).calls_per_minute == 120
