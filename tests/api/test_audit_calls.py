"""The audit trail over the API: what is asked of it, what a refusal leaves, and that servers seal by themselves."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from rebill.services.acting.installation import Installation
from rebill.services.keeping.verify_audit_trail import verify_audit_trail
from rebill.store.tables import audit_entries
from tests.api.client import ApiClient
from tests.api.server import PATIENCE_SECONDS, serving
from tests.api.world import ADD, World
from tests.services.trail_steps import tamper

TRAIL = "/v1/audit_entries"
IDS = {"azure_customer_ids": ["ab123"]}


def _newest(api: ApiClient, **filters: object) -> dict[str, Any]:
    entry: dict[str, Any] = api.get(TRAIL, params={"per_page": 1000, **filters}).json()["audit_entries"][-1]
    return entry


def test_an_entry_tells_who_what_when_and_why(api: ApiClient, world: World) -> None:
    api.put(f"{ADD}/{world.customer_id}", IDS, headers={"X-Reason": "Contract 12", "X-Request-Id": "r-1"})
    entry = _newest(api)
    one = api.get(f"{TRAIL}/{entry['number']}").json()
    assert one == entry
    after = {"customer_id": world.customer_id, "from": None, "to": None, "accounts": ["ab123"]}
    assert entry == {
        **entry,
        "at": "2024-10-15T12:00:00.000000Z",
        "act": "assign_accounts",
        "outcome": "done",
        "subject_kind": "customer",
        "subject_id": world.customer_id,
        "customer_id": world.customer_id,
        "request_id": "r-1",
        "reason": "Contract 12",
        "before": None,
        "after": {"azure_customers": [after]},
        "refusal": None,
        "left_out": False,
    }
    assert entry["by"].keys() == {"channel", "role", "customer_id", "user_id", "key_id", "operating_system_user"}
    assert (entry["by"]["channel"], entry["by"]["role"]) == ("api", "admin")


def test_a_trail_is_filtered_paged_and_checked_like_every_list(api: ApiClient, world: World) -> None:
    api.put(f"{ADD}/{world.customer_id}", IDS)
    api.put(f"{ADD}/{world.neighbour_id}", {"azure_customer_ids": ["nothing"]})
    listed = api.get(TRAIL, params={"per_page": 2})
    assert [entry["number"] for entry in listed.json()["audit_entries"]] == [1, 2]
    assert int(listed.headers["X-Total"]) > 5
    assert 'rel="next"' in listed.headers["Link"]
    assert _newest(api, client_api_id=world.neighbour_id)["outcome"] == "refused"
    assert _newest(api, outcome="done")["subject_id"] == world.customer_id
    assert _newest(api, act="assign_accounts", subject_kind="customer", subject_id=world.customer_id)["refusal"] is None
    assert _newest(api, since="2024-10-15", until="2024-10-15T12:00:01Z")["outcome"] == "refused"
    assert api.get(TRAIL, params={"since": "2024-10-16"}).json() == {"audit_entries": []}
    wrong = api.get(TRAIL, params={"act": "nothing", "since": "yesterday", "key_id": "x", "per_page": 0})
    assert (wrong.status_code, wrong.json()["fields"].keys()) == (422, {"act", "since", "key_id", "per_page"})
    assert api.get(TRAIL, params={"after_id": 10**6}).status_code == 422
    assert api.get(f"{TRAIL}/999999").json()["code"] == "audit_entry_not_found"


@pytest.mark.parametrize("kind", ["operator", "read_only", "own_customer"])
def test_nobody_but_an_administrator_reads_it_and_reading_leaves_nothing(
    api: ApiClient, anyone: ApiClient, world: World, kind: str
) -> None:
    before = _newest(api)["number"]
    for path in (TRAIL, f"{TRAIL}/1"):
        assert anyone.with_key(world.keys[kind]).get(path).status_code == 403
        assert anyone.get(path).status_code == 401
    assert _newest(api)["number"] == before
    assert len(anyone.with_key(world.keys["other_partner"]).get(TRAIL).json()["audit_entries"]) < before


def test_a_refused_call_leaves_one_small_entry_with_nothing_of_its_body(api: ApiClient, world: World) -> None:
    last = _newest(api)["number"]
    body = {"name": "Secret name", "tags": [{"key": f"tag {number}", "value": "v" * 2000} for number in range(500)]}
    assert api.post("/v1/customers", body).status_code == 422
    assert api.request("PUT", f"{ADD}/{world.customer_id}", content=b" " * (17 * 1024**2)).status_code == 413
    assert api.request("PUT", f"{ADD}/abc", json=IDS).status_code == 404
    assert api.request("PUT", f"{ADD}/{world.foreign_customer_id}", json=IDS).status_code == 404
    assert api.request("PATCH", f"{ADD}/{world.customer_id}", json=IDS).status_code == 405
    assert api.request("PUT", "/v1/nothing", json=IDS).status_code == 404
    entries = api.get(TRAIL, params={"after_id": last}).json()["audit_entries"]
    told = [(entry["act"], entry["subject_id"], entry["refusal"]["code"]) for entry in entries]
    assert told == [
        ("create_customer", None, "invalid_request"),
        ("assign_accounts", world.customer_id, "body_too_large"),
        ("assign_accounts", None, "customer_not_found"),
        ("assign_accounts", world.foreign_customer_id, "customer_not_found"),
    ]
    assert len(entries[0]["refusal"]["fields"]) == 20
    assert "Secret name" not in str(entries)
    assert all(len(str(entry)) < 16_000 for entry in entries)


def test_a_damaged_entry_is_listed_beside_the_others(api: ApiClient, world: World) -> None:
    last = _newest(api)["number"]
    tamper(world.installation, f"UPDATE audit_entries SET role = 'owner', outcome = 'perhaps' WHERE number = {last}")
    tamper(world.installation, f"UPDATE audit_entries SET refusal = 'because' WHERE number = {last}")
    damaged = _newest(api)
    assert (damaged["number"], damaged["by"]["role"], damaged["outcome"]) == (last, "owner", "perhaps")
    assert damaged["refusal"] == {"code": "", "message": "because", "fields": {}, "field_count": 0}
    assert api.get(f"{TRAIL}/{last}").json() == damaged


def test_subscriptions_at_fault_leave_one_entry_and_not_two(api: ApiClient, world: World) -> None:
    last = _newest(api)["number"]
    path = f"/v1/azure_subscriptions/add/{world.customer_id}"
    assert api.put(path, {"azure_ids": ["nothing"]}).status_code == 422
    (entry,) = api.get(TRAIL, params={"after_id": last}).json()["audit_entries"]
    assert (entry["outcome"], entry["refusal"]["code"]) == ("refused", "accounts_refused")


def test_no_key_reaches_an_entry_however_it_is_sent(api: ApiClient, anyone: ApiClient, world: World) -> None:
    key = world.keys["admin"]
    headers = {"X-Reason": f"my key is {key}", "X-Request-Id": key[:60]}
    api.put(f"{ADD}/{world.customer_id}", IDS, headers=headers)
    for query in (f"api_key={key}", f"x={key}", f"Api-Key={key}", f"{key}=1", f"a%70i_key={key.replace('_', '%5F')}"):
        assert api.request("PUT", f"{ADD}/{world.customer_id}?wrong=1&{query}", json=IDS).status_code == 422
    api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": [key]})
    api.put(f"{ADD}/{world.customer_id}", {key: 1})
    with world.installation.database.reading() as connection:
        kept = repr(connection.execute(audit_entries.select()).all())
    assert "my key is [key]" in kept
    assert key[7:23] not in kept
    assert key[24:] not in kept


def test_a_trail_that_cannot_be_written_does_not_change_what_a_refused_caller_hears(
    api: ApiClient, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.installation.database.writing() as connection:
        connection.execute(text("ALTER TABLE audit_entries RENAME TO somewhere_else"))
    answer = api.request("PUT", f"{ADD}/{world.customer_id}?wrong=1", json=IDS)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "somewhere_else" not in answer.text
    with world.installation.database.writing() as connection:
        connection.execute(text("ALTER TABLE somewhere_else RENAME TO audit_entries"))


def test_a_server_seals_by_itself_and_once_more_when_it_stops(world: World, tmp_path: Path) -> None:
    with serving(world.installation, tmp_path, 2) as servers:
        _assign_and_remove(servers.address, world)
        _wait_until_sealed(world.installation)
        _assign_and_remove(servers.address, world)
    assert _waiting(world.installation) == 0
    assert verify_audit_trail(world.installation, world.partner).is_sound


def test_what_a_killed_server_left_is_sealed_by_the_next(world: World, tmp_path: Path) -> None:
    with serving(world.installation, tmp_path) as servers:
        _assign_and_remove(servers.address, world)
        servers.kill()
        count = _count(world.installation)
        servers.start()
        _wait_until_sealed(world.installation)
        assert _count(world.installation) == count
    assert verify_audit_trail(world.installation, world.partner).is_sound


def _assign_and_remove(address: str, world: World) -> None:
    headers = {"Authorization": f"Bearer {world.keys['admin']}"}
    with httpx.Client(base_url=address, headers=headers, timeout=PATIENCE_SECONDS) as client:
        for _ in range(5):
            assert client.put(f"{ADD}/{world.customer_id}", json=IDS).status_code == 207
            remove = f"/v1/azure_partner_customer_accounts/remove/{world.customer_id}?withdraw=true"
            assert client.put(remove, json=IDS).status_code == 207


def _count(installation: Installation, *conditions: Any) -> int:
    with installation.database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(audit_entries).where(*conditions)) or 0)


def _waiting(installation: Installation) -> int:
    return _count(installation, audit_entries.c.number.is_(None))


def _wait_until_sealed(installation: Installation) -> None:
    patience_ends = time.monotonic() + PATIENCE_SECONDS
    while _waiting(installation):
        assert time.monotonic() < patience_ends, "the server did not seal"
        time.sleep(0.05)
