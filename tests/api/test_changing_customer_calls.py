"""Changing and deleting customers over HTTP, as clients really do it."""

import json
from typing import Any

import pytest

from tests.api.client import BASE, ApiClient
from tests.api.world import ADD, ADDRESS, LIST, World
from tests.conftest import SettableClock

STOOD = {**ADDRESS, "street2": "Floor 2"}
KEPT: dict[str, Any] = {
    "name": "Acme Corp",
    "address": STOOD,
    "billing_contact": "john.doe@acme.example",
    "classification": "managed_with_access",
    "trial_expiration": "2030-09-22T00:00:00Z",
    "partner_billing_configuration": {"enabled": True, "folder": "bills/acme"},
    "tags": [{"key": "customer_id", "value": "973532"}],
}


@pytest.fixture
def acme(api: ApiClient, clock: SettableClock) -> dict[str, Any]:
    """A customer with everything, a day old."""
    made: dict[str, Any] = api.post("/v1/customers", KEPT).json()
    clock.now = clock.now.replace(day=16)
    return made


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("sent", "changed"),
    [
        ({"name": "Acme Corporation"}, {"name": "Acme Corporation"}),
        ({"classification": "managed_without_access"}, {"classification": "managed_without_access"}),
        ({"address": {"city": "Boston", "state": None}}, {"address": {**STOOD, "city": "Boston"}}),
        ({"city": "Boston", "zipcode": 2134}, {"address": {**STOOD, "city": "Boston", "zipcode": "2134"}}),
        ({"address": {"street2": "", "city": "Boston"}}, {"address": {**STOOD, "street2": "", "city": "Boston"}}),
        ({"address": {"State": "NY", "Country": "USA"}}, {"address": {**STOOD, "state": "NY", "country": "USA"}}),
        ({"tags": [{"key": "tier", "value": 2}]}, {"tags": [{"key": "tier", "value": "2"}]}),
        ({"tags": []}, {"tags": []}),
        ({"billing_contact": ""}, {"billing_contact": ""}),
        (
            {"partner_billing_configuration": {"enabled": "false"}},
            {
                "partner_billing_configuration": {"enabled": False, "folder": "bills/acme"},
                "billing_configuration": {"status": "disabled"},
            },
        ),
        (
            {"partner_billing_configuration": {"folder": "bills/2"}},
            {"partner_billing_configuration": {"enabled": True, "folder": "bills/2"}},
        ),
        (
            {"trial_expiration_date": "2031-01-01"},
            {"trial_expiration": "2031-01-01T00:00:00Z", "trial_expiration_date": "2031-01-01T00:00:00Z"},
        ),
        ({"trial_expiration": ""}, {"trial_expiration": "", "trial_expiration_date": ""}),
    ],
)  # fmt: skip
def test_only_what_is_given_changes(
    api: ApiClient, acme: dict[str, Any], version: str, sent: dict[str, Any], changed: dict[str, Any]
) -> None:
    answer = api.put(f"/{version}/customers/{acme['id']}", sent)
    assert answer.status_code == 200
    assert answer.json() == {**acme, **changed, "updated_at": "2024-10-16T12:00:00Z"}
    assert api.get(f"/v1/customers/{acme['id']}").json() == answer.json()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"name": None, "address": None, "tags": None, "partner_billing_configuration": None, "trial_expiration": None},
        {"address": dict.fromkeys(ADDRESS, ""), "partner_billing_configuration": {}},
        {"street1": "", "country": None, "address": {}},
        {"id": 1, "created_at": "0001-01-01T00:00:00Z", "updated_at": "", "margin_percentage": "50", "_links": 7},
        {"classification": "", "azure_customer_id": "nobody", "generated_external_id": "x", "deleted_at": "today"},
    ],
)
def test_absent_and_read_only_fields_change_nothing(api: ApiClient, acme: dict[str, Any], sent: dict[str, Any]) -> None:
    answer = api.put(f"/v1/customers/{acme['id']}", sent)
    assert (answer.status_code, answer.json()) == (200, acme)


def test_what_was_read_can_be_sent_back_even_after_the_trial(
    api: ApiClient, acme: dict[str, Any], clock: SettableClock
) -> None:
    clock.now = clock.now.replace(year=2031)
    assert api.put(f"/v1/customers/{acme['id']}", acme).json() == acme
    longer = api.put(f"/v1/customers/{acme['id']}", {**acme, "trial_expiration": "2032-01-01T00:00:00Z"})
    assert longer.json()["trial_expiration_date"] == "2032-01-01T00:00:00Z"


def test_every_fault_of_a_change_is_told_whether_of_shape_value_or_parameter(
    api: ApiClient, acme: dict[str, Any]
) -> None:
    sent = {
        "name": "Indigo",
        "address": {"city": "", "zipcode": True},
        "classification": "vip",
        "billing_contact": "x" * 256,
        "partner_billing_configuration": {"enabled": "yes"},
        "trial_expiration": "2020-01-01",
        "tags": [{"key": "a"}, {"key": "a"}],
    }
    answer = api.put(f"/v1/customers/{acme['id']}?dryrun=true", sent)
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {
        "dryrun", "name", "address.city", "address.zipcode", "classification", "billing_contact",
        "partner_billing_configuration.enabled", "trial_expiration_date", "tags[1].key",
    }  # fmt: skip
    assert api.get(f"/v1/customers/{acme['id']}").json() == acme
    assert api.put("/v1/customers/123456789?dryrun=true", sent).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({"Accept": "application/json"}, 200, b"{}"),
        ({"Accept": "text/plain, application/json;q=0.1"}, 200, b"{}"),
        ({"Accept": "*/*"}, 204, b""),
        ({"Accept": "application/json;q=0"}, 204, b""),
        ({"Accept": ""}, 204, b""),
    ],
)
def test_a_customer_is_deleted_once(
    api: ApiClient, acme: dict[str, Any], headers: dict[str, str], status: int, body: bytes
) -> None:
    path = f"/v1/customers/{acme['id']}"
    answer = api.delete(path, headers=headers, content=b"null")
    assert (answer.status_code, answer.content) == (status, body)
    assert ("Content-Length" in answer.headers, "Content-Type" in answer.headers) == (status == 200, status == 200)
    again = api.delete(path, headers=headers)
    assert (again.status_code, again.json()["code"]) == (404, "customer_not_found")


def test_deleted_customers_are_there_for_who_asks_for_them(api: ApiClient, acme: dict[str, Any], world: World) -> None:
    path = f"/v2/customers/{acme['id']}"
    assert api.get(f"{path}?deleted=true").status_code == 404
    api.put(f"{ADD}/{acme['id']}?effective_from=2024-01-01", {"azure_customer_ids": ["ab123"]})
    assert api.delete(path).status_code == 204
    kept = api.get(f"{path}?deleted=true")
    gone = {"deleted_at": "2024-10-16T12:00:00Z", "updated_at": "2024-10-16T12:00:00Z"}
    assert kept.json() == {**acme, **gone}
    assert api.request("HEAD", f"{path}?deleted=true").status_code == 200
    assert api.get(f"{path}?deleted=false").status_code == 404
    assert api.get(f"{path}?deleted=maybe").status_code == 404
    assert api.get(f"{path}?deleted=true&as_of=x&client_api_id={acme['id']}").json() == kept.json()
    assert api.get("/v1/customers?deleted=true").json() == {"customers": [kept.json()]}
    assert api.get(f"/v1/customers?deleted=true&client_api_id={acme['id']}").json() == {"customers": [kept.json()]}
    assert api.get(f"/v1/customers?client_api_id={acme['id']}").status_code == 404
    assert acme["id"] not in [one["id"] for one in api.get("/v1/customers").json()["customers"]]
    for call in (api.put(path, {}), api.put(f"{ADD}/{acme['id']}", {}), api.get(f"{LIST}/{acme['id']}?as_of=x")):
        assert call.status_code == 404
    (assignment,) = api.get(f"{LIST}?history=true").json()["azure_partner_customer_accounts"]
    assert (assignment["customer_tenant_name"], assignment["effective_to"]) == ("Acme Corp", "2024-10-16")
    assert api.post("/v1/customers", KEPT).status_code == 201, "its name is free"


def test_who_sends_what_a_published_sdk_marshals_changes_only_what_it_means(
    api: ApiClient, acme: dict[str, Any]
) -> None:
    """A struct with every field, of which only the name is set; read-only times are of the year 1."""
    marshalled = {
        "name": "Updated", "created_at": "0001-01-01T00:00:00Z", "updated_at": "0001-01-01T00:00:00Z", "id": acme["id"],
        "partner_billing_configuration": {"enabled": True}, "billing_configuration": {"status": ""},
        "address": {"street1": "", "street2": "", "city": "", "state": "", "zipcode": "", "country": ""},
    }  # fmt: skip
    changed = api.request(
        "PUT", f"{BASE}//v1/customers/{acme['id']}/", content=json.dumps(marshalled), headers={"Content-Type": ""}
    )
    assert changed.json() == {**acme, "name": "Updated", "updated_at": "2024-10-16T12:00:00Z"}
