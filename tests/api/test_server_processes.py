"""Real server processes: the reference call by curl's own words, callers that fight, and ``kill -9``."""

import json
import random
import shutil
import socket
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from rebill.services.acting.installation import Installation
from tests.api.server import PATIENCE_SECONDS, Servers, serving
from tests.api.world import ADD, LIST, MOVE, World
from tests.services.steps import customer, listed

CALLERS = 64
CUSTOMERS = 8
CONTESTED = ("c1", "c2", "c3", "c4", "c5")
ALREADY = "azure_customer_id is already assigned to another customer"


def test_the_reference_documents_own_request_is_answered_as_documented(world: World, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is needed to repeat the published request: install it (apt-get install curl)"
    # As published, but for host and key; the -d of the published line is folded the same way.
    body = '\n    {\n      "azure_customer_ids": ["ab123", "fgh345"]\n    }\n    '
    with serving(world.installation, tmp_path) as servers:
        address = f"{servers.address}{ADD}/{world.customer_id}"
        key = f"Authorization: Bearer {world.keys['admin']}"
        command = [
            curl, "--silent", "--show-error", "--write-out", "\n%{http_code}", "--max-time", str(PATIENCE_SECONDS),
            "--request", "PUT", "-H", key, "-H", "Content-Type: application/json", "-d", body, address,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    text, _, status = done.stdout.rpartition("\n")
    assert status == "207"
    entries = json.loads(text)["azure_partner_customer_accounts"]
    assert [entry["customer_tenant_name"] for entry in entries] == ["Indigo", "Indigo"]
    for entry, identifier in zip(entries, ("ab123", "fgh345"), strict=True):
        shown = entry["partner_customer_account"]
        assert shown.keys() == {"name", "domain", "azure_customer_id", "created_at", "updated_at"}
        assert shown["azure_customer_id"] == identifier
        assert entry["azure_partner_customer_account"] == shown
        assert entry["assigned"] is True


class Caller:
    """One of many callers, for one customer; remembers every request's ids, status and entries."""

    def __init__(self, address: str, key: str, customer_id: int, seed: int) -> None:
        self.customer_id = customer_id
        self.heard: list[tuple[int, list[dict[str, Any]]]] = []
        self._address = address
        self._headers = {"Authorization": f"Bearer {key}"}
        self._choice = random.Random(seed)

    def fight(self, start: threading.Barrier) -> None:
        """Ask for all contested accounts at once, then for each alone, in an order of its own."""
        accounts = list(CONTESTED)
        self._choice.shuffle(accounts)
        with httpx.Client(base_url=self._address, headers=self._headers, timeout=PATIENCE_SECONDS) as client:
            start.wait(PATIENCE_SECONDS)
            for wanted in (accounts[:2], *([account] for account in accounts), accounts):
                answer = client.put(f"{ADD}/{self.customer_id}", json={"azure_customer_ids": wanted})
                entries = answer.json().get("azure_partner_customer_accounts", [])
                self.heard.append((answer.status_code, entries))


def owners_of(address: str, key: str, query: str = "") -> dict[str, list[str]]:
    """Names of the customers that have each account today."""
    answer = httpx.get(
        f"{address}{LIST}?per_page=1000{query}", headers={"Authorization": key}, timeout=PATIENCE_SECONDS
    )
    owners: dict[str, list[str]] = {}
    for element in answer.json()["azure_partner_customer_accounts"]:
        identifier = element["azure_partner_customer_account"]["azure_customer_id"]
        owners.setdefault(identifier, []).append(element["customer_tenant_name"])
    return owners


def test_sixty_four_callers_fight_and_every_account_has_exactly_one_owner(world: World, tmp_path: Path) -> None:
    listed(world.installation, world.partner, *CONTESTED)
    names = {
        customer(world.installation, world.partner, f"Customer {one}"): f"Customer {one}" for one in range(CUSTOMERS)
    }
    ids, key = list(names), world.keys["operator"]
    with serving(world.installation, tmp_path, count=3) as servers:
        callers = [Caller(servers.address, key, ids[place % CUSTOMERS], place) for place in range(CALLERS)]
        start = threading.Barrier(CALLERS)
        with ThreadPoolExecutor(CALLERS) as pool:
            for done in [pool.submit(caller.fight, start) for caller in callers]:
                done.result()
        owners = owners_of(servers.address, key)
        history = owners_of(servers.address, key, "&history=true")
    statuses = Counter(status for caller in callers for status, _ in caller.heard)
    assert statuses == {207: CALLERS * (len(CONTESTED) + 2)}
    assert owners.keys() == set(CONTESTED)
    assert all(len(found) == 1 for found in owners.values())
    # Nobody removed anything: what was ever assigned still is, so a lost assignment cannot hide.
    assert history == owners
    verdicts = Counter(_truth(caller, names[caller.customer_id], owners) for caller in callers for _ in [0])
    assert verdicts == {True: CALLERS}
    won = sum(all(entry.get("assigned") for entry in entries) for caller in callers for _, entries in caller.heard)
    lost = sum(any("error" in entry for entry in entries) for caller in callers for _, entries in caller.heard)
    assert won > 0
    assert lost > 0


def _truth(caller: Caller, name: str, owners: dict[str, list[str]]) -> bool:
    """Whether every entry that the caller heard agrees with what is stored."""
    for _, entries in caller.heard:
        is_faulty = any("error" in entry for entry in entries)
        for entry in entries:
            if "error" in entry:
                assert entry["error"] == ALREADY
                assert owners[entry["azure_customer_id"]] != [name]
            elif entry["assigned"]:
                assert owners[entry["partner_customer_account"]["azure_customer_id"]] == [name]
            else:
                assert is_faulty
    return True


def test_moves_and_assignments_at_once_leave_no_account_with_two_owners(world: World, tmp_path: Path) -> None:
    installation, partner, key = world.installation, world.partner, world.keys["operator"]
    listed(installation, partner, *CONTESTED)
    ids = [customer(installation, partner, f"Customer {one}") for one in range(CUSTOMERS)]

    def act(place: int) -> list[int]:
        choice = random.Random(place)
        headers = {"Authorization": key}
        statuses = []
        with httpx.Client(base_url=servers.address, headers=headers, timeout=PATIENCE_SECONDS) as client:
            start.wait(PATIENCE_SECONDS)
            for _ in range(5):
                wanted = choice.sample(CONTESTED, 3)
                call = choice.choice([ADD, MOVE, MOVE, "/v1/azure_partner_customer_accounts/remove"])
                body = {"azure_customer_ids": wanted}
                statuses.append(client.put(f"{call}/{choice.choice(ids)}", json=body).status_code)
        return statuses

    with serving(installation, tmp_path, count=2) as servers:
        start = threading.Barrier(16)
        with ThreadPoolExecutor(16) as pool:
            statuses = Counter(status for told in pool.map(act, range(16)) for status in told)
        owners = owners_of(servers.address, key)
    assert statuses == {207: 80}
    assert all(len(found) == 1 for found in owners.values())


BATCH = 200
ROUNDS = 6
BATCHES_A_ROUND = 8
BATCHES = ROUNDS * BATCHES_A_ROUND


def _batch(place: int) -> list[str]:
    return [f"batch-{place}-{one}" for one in range(BATCH)]


def test_a_server_killed_in_the_middle_of_assignments_leaves_none_half_done(world: World, tmp_path: Path) -> None:
    installation, key = world.installation, world.keys["operator"]
    listed(installation, world.partner, *(one for place in range(BATCHES) for one in _batch(place)))
    answered: set[int] = set()
    cut_off: set[int] = set()
    with serving(installation, tmp_path) as servers:
        for first in range(0, BATCHES, BATCHES_A_ROUND):
            # A kill may fall between two requests; then it proves nothing, and another round is played.
            if not cut_off:
                more_answered, cut_off = _assign_with_a_kill(servers, key, world.customer_id, first)
                answered |= more_answered
        stored = _stored(servers.address, key)
        whole = {place for place in range(BATCHES) if stored.issuperset(_batch(place))}
        assert cut_off, "no kill cut a request off"
        assert stored == {one for place in whole for one in _batch(place)}, "a request is stored in part"
        assert answered <= whole, "an answer said what is not stored"
        # The restarted server takes what was cut off again: what was stored after all changes nothing.
        with httpx.Client(headers={"Authorization": key}, timeout=PATIENCE_SECONDS) as client:
            again = {_assign(client, servers.address, world.customer_id, place) for place in cut_off}
        assert again == {BATCH}
        assert _stored(servers.address, key) == {one for place in whole | cut_off for one in _batch(place)}


def _assign(client: httpx.Client, address: str, customer_id: int, place: int) -> int:
    answer = client.put(f"{address}{ADD}/{customer_id}", json={"azure_customer_ids": _batch(place)})
    return int(answer.headers["X-Assigned"])


def _assign_with_a_kill(servers: Servers, key: str, customer_id: int, first: int) -> tuple[set[int], set[int]]:
    """Assign a round's batches from four callers; after the second answer kill the server, and start another.

    Batches that were answered, and those that were cut off.
    """
    answered: set[int] = set()
    cut_off: set[int] = set()
    enough = threading.Semaphore(0)

    def act(own: int) -> None:
        with httpx.Client(headers={"Authorization": key}, timeout=PATIENCE_SECONDS) as client:
            for place in range(first + own, first + BATCHES_A_ROUND, 4):
                try:
                    assert _assign(client, servers.address, customer_id, place) == BATCH
                    answered.add(place)
                except httpx.TransportError:
                    cut_off.add(place)
                enough.release()

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(act, own) for own in range(4)]
        for _ in range(2):
            assert enough.acquire(timeout=PATIENCE_SECONDS)
        servers.kill()
        # Whoever connects from now on waits in the socket's queue for the new server.
        servers.start()
        for caller in callers:
            caller.result()
    return answered, cut_off


def _stored(address: str, key: str) -> set[str]:
    found: set[str] = set()
    after: str | None = f"{address}{LIST}?per_page=1000"
    with httpx.Client(headers={"Authorization": key}, timeout=PATIENCE_SECONDS) as client:
        while after is not None:
            page = client.get(after)
            elements = page.json()["azure_partner_customer_accounts"]
            found |= {one["azure_partner_customer_account"]["azure_customer_id"] for one in elements}
            after = page.links.get("next", {}).get("url")
    return found


def test_a_body_of_a_hundred_megabytes_is_refused_and_the_server_goes_on(world: World, tmp_path: Path) -> None:
    piece = b" " * 1024**2

    def pieces() -> Any:
        for _ in range(100):
            yield piece

    headers = {"Authorization": world.keys["operator"]}
    with (
        serving(world.installation, tmp_path) as servers,
        httpx.Client(base_url=servers.address, headers=headers, timeout=PATIENCE_SECONDS) as client,
    ):
        path = f"{ADD}/{world.customer_id}"
        declared = client.put(path, content=piece * 100)
        streamed = client.put(path, content=pieces())
        for answer in (declared, streamed):
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert client.put(path, json={"azure_customer_ids": ["ab123"]}).headers["X-Assigned"] == "1"


@pytest.mark.parametrize("expects", [False, True])
def test_a_body_is_waited_for_and_asked_for_only_once_the_key_holds(
    world: World, tmp_path: Path, expects: bool
) -> None:
    body = b'{"azure_customer_ids": ["ab123"]}'
    with serving(world.installation, tmp_path) as servers:
        host, port = servers.address.removeprefix("http://").split(":")

        def head(key: str) -> bytes:
            lines = [f"PUT {ADD}/{world.customer_id} HTTP/1.1", f"Host: {host}", f"Authorization: {key}"]
            lines += [f"Content-Length: {len(body)}", *(["Expect: 100-continue"] if expects else [])]
            return "".join(f"{line}\r\n" for line in [*lines, "Connection: close", ""]).encode()

        def told(connection: socket.socket) -> bytes:
            return b"".join(iter(lambda: connection.recv(65536), b""))

        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(head("wrong"))
            assert told(connection).startswith(b"HTTP/1.1 401 ")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(head(world.keys["admin"]))
            if expects:
                assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            for part in (body[:1], body[1:9], body[9:]):
                assert owners_of(servers.address, world.keys["admin"]) == {}
                connection.sendall(part)
            assert told(connection).startswith(b"HTTP/1.1 207 ")
        assert list(owners_of(servers.address, world.keys["admin"])) == ["ab123"]


def test_a_caller_that_hangs_up_in_mid_body_changes_nothing(world: World, tmp_path: Path) -> None:
    with serving(world.installation, tmp_path) as servers:
        host, port = servers.address.removeprefix("http://").split(":")
        head = (
            f"PUT {ADD}/{world.customer_id} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {world.keys['admin']}\r\n"
            'Content-Length: 1000\r\n\r\n{"azure_customer_ids": ["ab123"]}'
        )
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(head.encode())
        assert owners_of(servers.address, world.keys["admin"]) == {}
        assert "Traceback" not in servers.log


def test_a_whole_address_in_the_request_line_names_its_path(world: World, tmp_path: Path) -> None:
    """As who was set up to speak to a proxy sends it, to the API as to the pages."""
    admin = {"Authorization": world.keys["admin"]}
    with serving(world.installation, tmp_path) as servers, httpx.Client(timeout=PATIENCE_SECONDS) as client:
        for path, headers in ((f"/v1/customers/{world.customer_id}", admin), ("/healthz", {}), ("/sign-in", {})):
            for host in (servers.address, "HTTPS://rebill.example.com"):
                whole = f"{host}{path}".encode()
                answer = client.get(servers.address, headers=headers, extensions={"target": whole})
                assert (whole, answer.status_code) == (whole, 200), answer.text
        without_path = client.get(servers.address, extensions={"target": b"http://rebill.example.com"})
        home = client.get(f"{servers.address}/")
        assert (without_path.status_code, without_path.headers["Location"]) == (303, home.headers["Location"])


def test_no_key_however_spelt_reaches_log_metrics_or_answer(world: World, tmp_path: Path) -> None:
    installation = world.installation
    key = world.keys["admin"]
    secret = key.rpartition("_")[2]
    spellings = [
        f"{LIST}?api_key={key}", f"{LIST}?API_KEY={key}", f"{LIST}?api%5Fkey={key}", f"{LIST}?apiKey={key}",
        f"{LIST}?api_key=Bearer+{key}", f"{LIST}?{key}=1", f"{LIST}?page={key}", f"/v1/customers/{key}", f"/{key}",
        f"{LIST}?client_api_id={key}", f"{LIST}?authorization={key}", f"/v1/customers?api_key={key}",
    ]  # fmt: skip
    with serving(installation, tmp_path) as servers:
        texts = []
        with httpx.Client(base_url=servers.address, timeout=PATIENCE_SECONDS) as client:
            for headers in (
                {},
                {"Authorization": f"Bearer {key}", "X-Request-Id": secret},
                {"Authorization": key[:-1]},
            ):
                for path in spellings:
                    answer = client.get(path, headers=headers)
                    texts.append(answer.text + str(answer.headers))
                    put = client.put(path.replace(LIST, f"{ADD}/{world.customer_id}"), headers=headers, json={key: 1})
                    texts.append(put.text + str(put.headers))
            _break(installation)
            failed = client.get("/v1/customers", headers={"Authorization": key, "X-Request-Id": "find-this"})
            assert (failed.status_code, failed.json()["code"]) == (500, "internal_error")
            assert "Traceback" not in failed.text
            texts += [failed.text, client.get("/metrics").text]
        log = servers.log
    assert secret not in log
    assert not [text for text in texts if secret in text]
    lines = [json.loads(line) for line in log.splitlines()]
    (failure,) = [line for line in lines if line["event"] == "failure"]
    assert failure["request_id"] == "find-this"
    assert "Traceback" in failure["trace"]
    assert len([line for line in lines if line["event"] == "request"]) == 2 * 3 * len(spellings) + 2


def _break(installation: Installation) -> None:
    """Take a column away, so that reading customers fails inside rebill."""
    with installation.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE customers DROP COLUMN generated_external_id")
