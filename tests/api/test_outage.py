"""The database goes in the middle of requests and comes back: 503, nothing half stored, and no server started anew."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from rebill.console.protection import SESSION_COOKIE
from rebill.lake.folders import exclusive_lock
from rebill.model.audit import Act
from rebill.model.callers import NewUser
from rebill.model.party import Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.create_user import create_user
from rebill.services.callers.web_sessions import begin_with_key
from rebill.services.keeping.verify_audit_trail import verify_audit_trail
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from rebill.store.tables import accounts, assignments, audit_entries
from tests.api.proof_steps import proven_month
from tests.api.server import PATIENCE_SECONDS, serving
from tests.api.world import ADD, ADDRESS, World, build_world
from tests.postgresql_server import DURABLE, PostgresqlServer, running_server
from tests.services.steps import listed

CALLERS = 6
BATCHES = 40
"""How many batches each caller has; then it repeats them."""
BATCH = 50


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL of this test's own, which keeps what it acknowledged."""
    with running_server(DURABLE) as started:
        yield started


@pytest.fixture
def world(server: PostgresqlServer, tmp_path: Path) -> Iterator[World]:
    installation = Installation(Settings(tmp_path, server.url), Database(server.url))
    upgrade(installation.database)
    built = build_world(installation)
    every_batch = itertools.product(range(CALLERS), range(BATCHES))
    listed(installation, built.partner, *(one for own, place in every_batch for one in _batch(own, place)))
    installation.database.close()
    yield built
    installation.database.close()


def _batch(own: int, place: int) -> list[str]:
    return [f"caller-{own}-{place}-{one}" for one in range(BATCH)]


@dataclass
class Caller:
    """Assigns its batches, each by one request, until one is refused because the database is gone."""

    own: int
    address: str
    key: str
    customer_id: int
    answered: threading.Semaphore
    done: set[int] = field(default_factory=set)
    refused: int = -1

    def call_until_refused(self) -> None:
        with self._client() as client:
            for place in itertools.cycle(range(BATCHES)):
                answer = self._assign(client, place)
                if answer.status_code != 207:
                    self._hear_refusal(place, answer)
                    return
                self.done.add(place)
                self.answered.release()

    def _hear_refusal(self, place: int, answer: httpx.Response) -> None:
        assert answer.status_code == 503, answer.text
        assert answer.json()["code"] == "database_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
        self.refused = place

    def repeat(self) -> None:
        with self._client() as client:
            answer = self._assign(client, self.refused)
        assert (answer.status_code, answer.headers["X-Assigned"]) == (207, str(BATCH)), answer.text
        self.done.add(self.refused)

    def _client(self) -> httpx.Client:
        return httpx.Client(headers={"Authorization": self.key}, timeout=PATIENCE_SECONDS)

    def _assign(self, client: httpx.Client, place: int) -> httpx.Response:
        wanted = {"azure_customer_ids": _batch(self.own, place)}
        return client.put(f"{self.address}{ADD}/{self.customer_id}", json=wanted)


def test_callers_of_a_database_that_goes_are_told_to_wait_and_find_everything_whole_after(
    server: PostgresqlServer, world: World, tmp_path: Path
) -> None:
    answered = threading.Semaphore(0)
    with serving(world.installation, tmp_path) as servers:
        callers = [
            Caller(own, servers.address, world.keys["operator"], world.customer_id, answered) for own in range(CALLERS)
        ]
        with ThreadPoolExecutor(CALLERS) as pool:
            calling = [pool.submit(caller.call_until_refused) for caller in callers]
            for _ in range(2 * CALLERS):
                assert answered.acquire(timeout=PATIENCE_SECONDS)
            server.stop("immediate")
            for call in calling:
                call.result(PATIENCE_SECONDS)
        assert _status(servers.address, "healthz") == 200
        assert _status(servers.address, "readyz") == 503
        server.start()
        _check_whole(world.installation, callers)
        for caller in callers:
            caller.repeat()
        _check_whole(world.installation, callers)
        assert _status(servers.address, "readyz") == 200
        assert servers.running == 1, "the process that served before serves after"
    assert verify_audit_trail(world.installation, world.partner).is_sound
    assert "Traceback" not in servers.log


def test_callers_of_a_database_that_stands_still_are_told_to_wait(
    server: PostgresqlServer, world: World, tmp_path: Path
) -> None:
    once = {"Authorization": world.keys["operator"], "Idempotency-Key": "first"}
    customer = {"name": "Sent twice", "address": ADDRESS}
    wanted = {"azure_customer_ids": _batch(0, 0)}
    with serving(world.installation, tmp_path) as servers:
        add, create = f"{servers.address}{ADD}/{world.customer_id}", f"{servers.address}/v1/customers"
        with httpx.Client(headers=once, timeout=PATIENCE_SECONDS) as client:
            calls: list[Callable[[], httpx.Response]] = [
                lambda: client.put(add, json=wanted),
                lambda: client.post(create, json=customer),
                lambda: client.get(create),
            ]
            assert calls[2]().status_code == 200
            # More than a server process has threads and connections: none waits for its turn to wait.
            with server.frozen(), ThreadPoolExecutor(90) as pool:
                for answer in [one.result(PATIENCE_SECONDS) for one in [pool.submit(call) for call in calls * 30]]:
                    # Who waited for another's connection meanwhile is told that there are too many.
                    assert answer.json()["code"] in ("database_unavailable", "database_busy"), answer.text
                    assert answer.status_code == 503
                    assert int(answer.headers["Retry-After"]) > 0
            patience_ends = time.monotonic() + PATIENCE_SECONDS
            while calls[2]().status_code == 503:
                assert time.monotonic() < patience_ends
            assert [call().status_code for call in calls] == [207, 201, 200]
            assert [one["name"] for one in calls[2]().json()["customers"]].count("Sent twice") == 1
        assert servers.running == 1, "the process that served before serves after"
    assert verify_audit_trail(world.installation, world.partner).is_sound
    assert "Traceback" not in servers.log


def test_a_standby_is_read_and_refuses_changes_until_it_takes_them(
    server: PostgresqlServer, world: World, tmp_path: Path
) -> None:
    """What remains of a cluster for some seconds after its first server failed."""
    admin = {"Authorization": world.keys["admin"]}
    wanted = {"azure_customer_ids": _batch(0, 0)}
    # A role that may not: its refusal leaves an entry, and so changes something.
    too_weak = {"Authorization": world.keys["read_only"]}
    with serving(world.installation, tmp_path) as servers:
        add = f"{servers.address}{ADD}/{world.customer_id}"
        server.demote()
        for _ in range(3):
            answer = httpx.put(add, headers=admin, json=wanted, timeout=PATIENCE_SECONDS)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), answer.text
            assert int(answer.headers["Retry-After"]) > 0
        assert httpx.put(add, headers=too_weak, json=wanted, timeout=PATIENCE_SECONDS).status_code == 403
        listed = httpx.get(f"{servers.address}/v1/customers", headers=admin, timeout=PATIENCE_SECONDS)
        assert (listed.status_code, listed.headers["X-Total"] > "0") == (200, True)
        server.promote()
        answer = httpx.put(add, headers=admin, json=wanted, timeout=PATIENCE_SECONDS)
        if answer.status_code == 503:
            # It had the connection that the list had a moment ago, and so was not asked whether it still stands.
            assert answer.json()["code"] == "database_unavailable"
            answer = httpx.put(add, headers=admin, json=wanted, timeout=PATIENCE_SECONDS)
        assert (answer.status_code, answer.headers["X-Assigned"]) == (207, str(BATCH)), answer.text
        assert servers.running == 1, "the process that served before serves after"
    assert verify_audit_trail(world.installation, world.partner).is_sound
    assert "Traceback" not in servers.log


def _status(address: str, page: str) -> int:
    return httpx.get(f"{address}/{page}", timeout=PATIENCE_SECONDS).status_code


def _check_whole(installation: Installation, callers: list[Caller]) -> None:
    """Every batch is stored whole, with its entry, or not at all; what was answered is stored."""
    account_keys = select(accounts.c.account_key).join(assignments).where(accounts.c.account_key.like("caller-%"))
    entries = select(audit_entries.c.after).where(audit_entries.c.act == Act.ASSIGN_ACCOUNTS.value)
    with installation.database.reading() as connection:
        assigned = sorted(connection.scalars(account_keys))
        told = "".join(connection.scalars(entries))
    whole = {
        (caller.own, place)
        for caller in callers
        for place in range(BATCHES)
        if _batch(caller.own, place)[0] in assigned
    }
    assert assigned == sorted(one for own, place in whole for one in _batch(own, place))
    assert {(caller.own, place) for caller in callers for place in caller.done} <= whole
    assert told.count('"caller-') == len(assigned), "an assignment has no entry, or two"


@dataclass
class Office:
    """Somebody at work in a partner's office, by one call again and again, until the database is gone.

    ``usual``: what the call is answered while it is there.
    """

    method: str
    path: str
    usual: tuple[int, ...]
    headers: Mapping[str, str]
    answered: threading.Semaphore
    body: Mapping[str, object] | None = None
    done: list[httpx.Response] = field(default_factory=list)

    def call_until_refused(self, address: str) -> None:
        with httpx.Client(headers=self.headers, timeout=PATIENCE_SECONDS) as client:
            while (answer := self._call(client, address)).status_code in self.usual:
                self.done.append(answer)
                self.answered.release()
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0

    def repeat(self, address: str) -> httpx.Response:
        with httpx.Client(headers=self.headers, timeout=PATIENCE_SECONDS) as client:
            answer = self._call(client, address)
        assert answer.status_code in self.usual, answer.text
        return answer

    def _call(self, client: httpx.Client, address: str) -> httpx.Response:
        return client.request(self.method, f"{address}{self.path}", json=self.body)


def _office(world: World, answered: threading.Semaphore) -> list[Office]:
    """A month that is run, a password that is set, a list that is read, and a page that is looked at."""
    key = {"Authorization": world.keys["admin"]}
    session = begin_with_key(world.installation, world.keys["admin"])
    assert session is not None
    user = create_user(world.installation, world.partner, NewUser("Ann", Role.OPERATOR)).user_id
    password = {"password": "correct horse battery staple", "sign_in_name": "ann"}
    cookie = {"Cookie": f"{SESSION_COOKIE}={session.token}", "Accept": "text/html"}
    return [
        Office("POST", "/v1/runs", (201, 409), key, answered, {"billing_period": "2024-09"}),
        Office("PUT", f"/v1/users/{user}/password", (200,), key, answered, password),
        Office("GET", "/v1/data_sets", (200,), key, answered),
        Office("GET", "/bills?month=2024-09", (200,), cookie, answered),
    ]


def test_runs_and_pages_outlive_a_database_that_goes(server: PostgresqlServer, world: World, tmp_path: Path) -> None:
    answered = threading.Semaphore(0)
    proven_month(world)
    office = _office(world, answered)
    world.installation.database.close()
    with serving(world.installation, tmp_path) as servers:
        with ThreadPoolExecutor(len(office)) as pool:
            calling = [pool.submit(one.call_until_refused, servers.address) for one in office]
            for _ in range(4 * len(office)):
                assert answered.acquire(timeout=PATIENCE_SECONDS)
            server.stop("immediate")
            for call in calling:
                call.result(PATIENCE_SECONDS)
        server.start()
        of_month = "?billing_period=2024-09"
        key = {"Authorization": world.keys["admin"]}
        listed = httpx.get(f"{servers.address}/v1/runs{of_month}&limit=1000", headers=key, timeout=PATIENCE_SECONDS)
        statuses = {one["run_id"]: one["status"] for one in listed.json()["runs"]}
        told_done = {one.json()["run_id"] for one in office[0].done if one.json().get("status") == "done"}
        assert {statuses[run_id] for run_id in told_done} <= {"done"}
        # The last one may still work: its answer never came, and it needs no database to compute.
        _wait_for_runs(world)
        for one in office:
            one.repeat(servers.address)
        verified = httpx.get(
            f"{servers.address}/v1/month_verification{of_month}", headers=key, timeout=PATIENCE_SECONDS
        )
        assert (verified.status_code, verified.json()["equal"]) == (200, True), verified.text
        assert servers.running == 1, "the process that served before serves after"
    assert verify_audit_trail(world.installation, world.partner).is_sound
    assert "Traceback" not in servers.log


def _wait_for_runs(world: World) -> None:
    """Until nobody holds September."""
    lock = world.installation.lake_folder / str(world.partner.partner_id) / "staging" / "run-2024-09.lock"
    with exclusive_lock(lock, waits=True):
        pass
