"""Users, keys and the partner's settings over the API."""

from datetime import timedelta

import pytest

from rebill.services.callers.passwords import holder_of_password
from tests.api.client import ApiClient
from tests.api.world import LIST, World
from tests.conftest import SettableClock

NOW = "2024-10-15T12:00:00Z"
OVERLAP_FAULT = "must be a whole number of seconds from 0 to 2592000"


def test_a_user_is_made_shown_changed_and_deleted(api: ApiClient) -> None:
    made = api.post("/v1/users", {"name": "Ada", "role": "operator", "email": "ada@example.com"})
    assert made.status_code == 201
    user = made.json()
    path = f"/v1/users/{user['id']}"
    assert user == {
        "id": user["id"],
        "name": "Ada",
        "email": "ada@example.com",
        "role": "operator",
        "customer_id": None,
        "disabled": False,
        "created_at": NOW,
        "updated_at": NOW,
        "disabled_at": None,
    }
    assert api.get(path).json() == user
    assert user in api.get("/v1/users").json()["users"]
    changed = api.put(path, {"disabled": True, "email": ""})
    assert changed.json() == {**user, "email": "", "disabled": True, "disabled_at": NOW}
    assert api.request("DELETE", path).status_code == 204
    assert api.request("DELETE", path).json()["code"] == "user_not_found"
    assert api.get(path).status_code == 404


def test_every_fault_of_a_user_is_told_at_once(api: ApiClient, world: World) -> None:
    told = api.post("/v1/users", {"name": "", "role": "god", "email": "x", "customer_id": "abc", "admin": True})
    assert told.status_code == 422
    assert told.json()["fields"].keys() == {"name", "role", "email", "customer_id", "admin"}
    values = api.post("/v1/users", {"name": "", "role": "operator", "email": "x", "customer_id": world.customer_id})
    assert values.json()["fields"].keys() == {"name", "email", "customer_id"}
    both = api.post("/v1/users", {"name": "", "role": "operator", "email": "x", "admin": True})
    assert both.json()["fields"].keys() == {"name", "email", "admin"}
    foreign = {"name": "A", "role": "customer_read_only", "customer_id": world.foreign_customer_id}
    assert api.post("/v1/users", foreign).json()["fields"].keys() == {"customer_id"}
    user = api.post("/v1/users", {"name": "Ada", "role": "operator"}).json()
    change = api.put(f"/v1/users/{user['id']}", {"name": "", "role": "customer_read_only", "customer_id": 1})
    assert change.json()["fields"].keys() == {"name", "role", "customer_id"}


def test_a_key_is_shown_when_it_is_made_and_never_again(api: ApiClient, anyone: ApiClient) -> None:
    user = api.post("/v1/users", {"name": "Ada", "role": "operator"}).json()
    body = {"user_id": str(user["id"]), "name": "laptop", "role": "read_only", "expires_at": "2024-12-31"}
    made = api.post("/v1/api_keys", body)
    assert made.status_code == 201
    key = made.json()
    shown = {name: part for name, part in key.items() if name != "api_key"}
    assert shown == {
        "id": key["id"],
        "user_id": user["id"],
        "name": "laptop",
        "role": "read_only",
        "customer_id": None,
        "usable": True,
        "created_at": NOW,
        "expires_at": "2024-12-31T00:00:00Z",
        "revoked_at": None,
        "last_used_at": None,
    }
    path = f"/v1/api_keys/{key['id']}"
    assert api.get(path).json() == shown
    assert shown in api.get("/v1/api_keys").json()["api_keys"]
    own = anyone.with_key(key["api_key"])
    assert own.get(LIST).status_code == 200
    # Remembered after the answer, which is why the call itself does not show it.
    assert api.get(path).json() == {**shown, "last_used_at": NOW}
    assert own.post("/v1/customers", {}).status_code == 403
    assert api.request("DELETE", path).status_code == 204
    assert own.get(LIST).status_code == 401
    assert api.request("DELETE", path).json()["code"] == "key_not_found"
    assert api.get(path).json()["usable"] is False


def test_a_key_is_rotated_with_or_without_a_body(
    api: ApiClient, anyone: ApiClient, world: World, clock: SettableClock
) -> None:
    mine = next(key for key in api.get("/v1/api_keys").json()["api_keys"] if key["role"] == "admin")
    rotated = api.post(f"/v1/api_keys/{mine['id']}/rotate", {"overlap_seconds": 60})
    assert rotated.status_code == 201
    next_one = anyone.with_key(rotated.json()["api_key"])
    assert {api.get(LIST).status_code, next_one.get(LIST).status_code} == {200}
    clock.now += timedelta(seconds=60)
    assert (api.get(LIST).status_code, next_one.get(LIST).status_code) == (401, 200)
    path = f"/v1/api_keys/{rotated.json()['id']}/rotate"
    for overlap in (-1, 2_592_001, 10**39, True, "60", 1.5):
        assert next_one.post(path, {"overlap_seconds": overlap}).json()["fields"] == {"overlap_seconds": OVERLAP_FAULT}
    assert next_one.post(f"/v1/api_keys/{mine['id']}/rotate").json()["code"] == "key_ended"
    last = next_one.post(path)
    assert last.status_code == 201
    assert next_one.get(LIST).status_code == 401
    assert anyone.with_key(last.json()["api_key"]).get(LIST).status_code == 200


def test_the_last_admin_key_stays(api: ApiClient) -> None:
    (key,) = (key for key in api.get("/v1/api_keys").json()["api_keys"] if key["role"] == "admin")
    user = f"/v1/users/{key['user_id']}"
    for refused in (
        api.request("DELETE", f"/v1/api_keys/{key['id']}"),
        api.request("DELETE", user),
        api.put(user, {"disabled": True}),
        api.put(user, {"role": "operator"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin_key")


def test_lists_are_kept_to_a_customer(api: ApiClient, world: World) -> None:
    one, two = world.customer_id, world.neighbour_id
    keys = api.get(f"/v1/api_keys?client_api_id={one}").json()["api_keys"]
    assert [key["customer_id"] for key in keys] == [one]
    users = api.get(f"/v1/users?client_api_id={one}").json()["users"]
    assert [user["customer_id"] for user in users] == [one]
    own = f"client_api_id={one}"
    other = f"client_api_id={two}"
    user, key = f"/v1/users/{users[0]['id']}", f"/v1/api_keys/{keys[0]['id']}"
    assert (api.get(f"{user}?{own}").status_code, api.get(f"{user}?{other}").status_code) == (200, 404)
    assert (api.get(f"{key}?{own}").status_code, api.get(f"{key}?{other}").status_code) == (200, 404)
    assert api.put(f"{user}?{other}", {"disabled": True}).status_code == 404
    assert api.post(f"{key}/rotate?{other}").status_code == 404
    assert api.post(f"/v1/users?{own}", {"name": "A", "role": "operator"}).json()["fields"].keys() == {"customer_id"}
    new = {"user_id": users[0]["id"]}
    assert api.post(f"/v1/api_keys?{other}", new).json()["fields"].keys() == {"user_id"}
    assert api.post(f"/v1/api_keys?{own}", new).status_code == 201
    assert api.request("DELETE", f"{key}?{other}").status_code == 404
    assert api.request("DELETE", f"{user}?{other}").status_code == 404
    assert api.request("DELETE", f"{user}?{own}").status_code == 204


@pytest.mark.parametrize("path", ["/v1/users", "/v1/api_keys"])
def test_pages_by_key_meet_everything_once(api: ApiClient, path: str) -> None:
    (name,) = api.get(path).json()
    whole = api.get(path).json()[name]
    met, after = [], 0
    while page := api.get(f"{path}?per_page=2&after_id={after}").json()[name]:
        met += page
        after = page[-1]["id"]
    assert met == whole
    assert len(whole) >= 3


def test_the_partners_settings_are_shown_and_changed(api: ApiClient, world: World) -> None:
    path = "/v1/partner_settings"
    standing = api.get(path).json()
    closing = {
        "unassigned_threshold": "0",
        "close_day": 1,
        "needs_approval": False,
        "numbering": "gapless",
        "late_cost": "note",
        "tolerance_percent": "0.5",
        "tolerance_amount": "5",
        "movement_percent": "25",
    }
    of_partner = {"name": "First Partner", "currency": "USD", "bill_input_tax": False, "billing_start": None}
    assert standing == of_partner | closing
    change = {"name": "Renamed", "currency": "EUR", "bill_input_tax": "true", "billing_start": "2024-07"}
    wanted = {**closing, **change, "bill_input_tax": True}
    assert api.put(path, change).json() == wanted
    assert api.put(path, {"name": None}).json() == wanted
    assert api.get(path).json() == wanted
    assert api.put(path, {"billing_start": None}).json() == {**wanted, "billing_start": None}
    faulty = {"name": "Second Partner", "currency": "EURO", "billing_start": "2024-13", "bill_input_tax": 1, "more": 1}
    told = api.put(path, faulty)
    assert told.json()["fields"].keys() == {"currency", "billing_start", "bill_input_tax", "more"}
    assert api.put(path, {"name": "Second Partner"}).json()["name"] == "Second Partner", "whatever others are called"
    assert api.put(path, {"name": "Renamed"}).json()["name"] == "Renamed"
    assert api.put(path, {}).json() == {**wanted, "billing_start": None}


def test_the_partners_rules_for_closing_are_changed_one_by_one_and_audited(api: ApiClient) -> None:
    path = "/v1/partner_settings"
    standing = api.get(path).json()
    changes = {
        "unassigned_threshold": "12.5",
        "close_day": 5,
        "needs_approval": True,
        "numbering": "external",
        "late_cost": "next",
    }
    for name, value in changes.items():
        assert api.put(path, {name: value}).json() == (standing := {**standing, name: value})
        entry = api.get("/v1/audit_entries", params={"per_page": 1000}).json()["audit_entries"][-1]
        assert (entry["act"], entry["after"]) == ("change_partner", {"closing": {name: value}})
    faulty = {
        "unassigned_threshold": "-1",
        "close_day": 29,
        "needs_approval": "maybe",
        "numbering": "random",
        "late_cost": "never",
    }
    assert api.put(path, faulty).json()["fields"].keys() == faulty.keys()
    assert api.put(path, {"close_day": 0}).json()["fields"] == {"close_day": "must be a day of every month: 1 to 28"}
    assert api.put(path, {"close_day": "1.5"}).json()["fields"] == {"close_day": "must be a whole number"}
    assert api.put(path, {"unassigned_threshold": "1e16"}).json()["fields"].keys() == {"unassigned_threshold"}
    assert api.get(path).json() == standing


PASSWORD = "correct horse battery staple"


def test_a_password_is_set_and_cleared_and_never_answered(api: ApiClient, world: World) -> None:
    user = api.post("/v1/users", {"name": "Ann", "role": "operator", "email": "Ann@Partner.example"}).json()
    path = f"/v1/users/{user['id']}/password"
    told = api.put(path, {"password": PASSWORD})
    partner_id = world.partner.partner_id
    assert told.json() == {"id": user["id"], "sign_in_name": "ann@partner.example", "partner_id": partner_id}
    holder = holder_of_password(world.installation, "ann@partner.example", PASSWORD, partner_id)
    assert holder is not None
    assert holder.user_id == user["id"]
    everything = [api.get(one).text for one in ("/v1/users", f"/v1/users/{user['id']}", "/v1/audit_entries")]
    assert not any(PASSWORD in text or "argon2" in text for text in (told.text, *everything))
    assert api.get(path).status_code == 405
    short = api.put(path, {"password": "too short", "sign_in_name": "\t"})
    assert (short.status_code, short.json()["fields"].keys()) == (422, {"password", "sign_in_name"})
    assert "too short" not in short.text
    assert api.delete(path).status_code == 204
    assert holder_of_password(world.installation, "ann@partner.example", PASSWORD, partner_id) is None
    assert api.delete(path).json()["code"] == "password_not_set"


def test_whoever_comes_after_a_deleted_user_may_sign_in_by_its_names(api: ApiClient) -> None:
    for _ in range(2):
        user = api.post("/v1/users", {"name": "Ann", "role": "operator", "email": "ann@partner.example"}).json()["id"]
        assert api.put(f"/v1/users/{user}/password", {"password": PASSWORD}).status_code == 200
        assert api.put(f"/v1/users/{user}/subject", {"subject": "9f2c-ann"}).status_code == 200
        assert api.delete(f"/v1/users/{user}").status_code == 204


def test_a_subject_is_one_user_and_is_taken_back(api: ApiClient) -> None:
    ann, bob = (api.post("/v1/users", {"name": name, "role": "operator"}).json()["id"] for name in ("Ann", "Bob"))
    assert api.put(f"/v1/users/{ann}/subject", {"subject": "s-1"}).json() == {"id": ann, "subject": "s-1"}
    taken = api.put(f"/v1/users/{bob}/subject", {"subject": "s-1"})
    assert taken.json()["fields"] == {"subject": "is taken: choose another"}
    assert api.delete(f"/v1/users/{ann}/subject").status_code == 204
    assert api.delete(f"/v1/users/{ann}/subject").json()["code"] == "subject_not_linked"
    assert api.put(f"/v1/users/{bob}/subject", {"subject": "s-1"}).status_code == 200
