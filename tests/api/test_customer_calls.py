"""Customers and the catalogue over HTTP, with what real clients send."""

import pytest

from tests.api.client import ApiClient
from tests.api.world import ADD, ADDRESS, CATALOGUE, World
from tests.services.steps import listed

SENT = {
    "id": 7,
    "created_at": "0001-01-01T00:00:00Z",
    "name": "Acme Corp",
    "classification": "managed_with_access",
    "billing_contact": None,
    "trial_expiration": "2030-09-22T02:00:00+02:00",
    "partner_billing_configuration": {"enabled": "true", "folder": "bills/acme 1"},
    "address": {**ADDRESS, "zipcode": 1234, "street2": None},
    "tags": [{"key": "customer_id", "value": "973532"}, {"key": "service_package", "value": 1}],
    "favourite_colour": {"unknown": ["fields", "are", "ignored"]},
}


def test_a_customer_is_answered_with_every_documented_key(api: ApiClient) -> None:
    answer = api.post("/v1/customers", SENT)
    made = answer.json()
    assert answer.status_code == 201
    assert len(made.pop("generated_external_id")) == 12
    customer_id = made["id"]
    assert 10**8 <= customer_id < 10**9
    assert made == {
        "id": customer_id,
        "name": "Acme Corp",
        "address": {**ADDRESS, "street2": "", "zipcode": "1234"},
        "azure_customer_id": "",
        "classification": "managed_with_access",
        "trial_expiration_date": "2030-09-22T00:00:00Z",
        "trial_expiration": "2030-09-22T00:00:00Z",
        "billing_contact": "",
        "partner_billing_configuration": {"enabled": True, "folder": "bills/acme 1"},
        "tags": [{"key": "customer_id", "value": "973532"}, {"key": "service_package", "value": "1"}],
        "created_at": "2024-10-15T12:00:00Z",
        "updated_at": "2024-10-15T12:00:00Z",
        "billing_configuration": {"status": "enabled"},
        "deleted_at": None,
        "_links": {"self": {"href": f"/v1/customers/{customer_id}"}},
        "margin_percentage": 0,
    }
    for version in ("v1", "v2"):
        got = api.get(f"/{version}/customers/{customer_id}")
        assert got.json() == answer.json()
    assert api.get(f"/v1/customers?client_api_id={customer_id}").json() == {"customers": [answer.json()]}


def test_a_customer_as_answered_makes_another_one_under_either_version(api: ApiClient) -> None:
    made = api.post("/v1/customers", SENT).json()
    for version in ("v1", "v2"):
        answer = api.post(f"/{version}/customers", {**made, "name": f"Copy {version}"})
        assert answer.status_code == 201
        assert answer.json()["azure_customer_id"] == ""
    without_address = api.post("/v2/customers", {"name": "Nobody", "azure_customer_id": ""})
    assert without_address.json()["fields"] == {"address": "is required"}


def test_top_level_address_fields_count_and_a_customer_key_sees_no_margin(
    api: ApiClient, anyone: ApiClient, world: World
) -> None:
    made = api.post("/v1/customers", {"name": "Flat", **ADDRESS, "address": {"city": "", "state": None}})
    assert made.json()["address"] == {**ADDRESS, "street2": ""}
    own = anyone.with_key(world.keys["own_customer"]).get(f"/v1/customers/{world.customer_id}").json()
    partners = api.get(f"/v1/customers/{world.customer_id}").json()
    assert "margin_percentage" not in own
    assert {**own, "margin_percentage": 0} == partners


@pytest.mark.parametrize("path", ["/v1/customers/x1", "/v1/customer_statements?client_api_id=x1"])
def test_what_is_no_id_names_no_customer_and_a_customer_key_is_not_sent_to_list_others(
    api: ApiClient, anyone: ApiClient, world: World, path: str
) -> None:
    told, own = (one.get(path).json() for one in (api, anyone.with_key(world.keys["own_customer"])))
    assert told["error"] == "There is no such customer: list the customers to find its id."
    assert own["error"] == f"There is no such customer here: this key reads {world.customer_id} alone."
    assert told["code"] == own["code"] == "customer_not_found"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": "A"}, {"address"}),
        ({"address": ADDRESS}, {"name"}),
        ({"name": "A", "address": {**ADDRESS, "city": ""}}, {"address.city"}),
        ({"name": "A", "address": "1 Main St"}, {"address"}),
        (
            {"name": "x" * 256, "address": {}, "classification": "vip", "tags": [{"key": "a"}, {"key": "a"}]},
            {"name", "address", "classification", "tags[1].key"},
        ),
        (
            {"name": 5, "address": ADDRESS, "trial_expiration": "2024-10-15", "tags": [{"key": True}]},
            {"name", "trial_expiration_date", "tags[0].key"},
        ),
        (
            {"name": "A", "address": ADDRESS, "partner_billing_configuration": {"enabled": "yes", "folder": "../x"}},
            None,
        ),
        ({"name": "A", "address": ADDRESS, "partner_billing_configuration": {"folder": "../x"}}, None),
        ({"name": "A", "address": ADDRESS, "tags": [{"key": str(place)} for place in range(21)]}, {"tags"}),
        ({"name": "A\nB", "address": ADDRESS}, {"name"}),
        ({"name": "A", "address": ADDRESS, "trial_expiration": "2030-02-30"}, {"trial_expiration"}),
        (
            {"name": "A", "address": ADDRESS, "trial_expiration": "2031-01-01", "trial_expiration_date": "2032-01-01"},
            {"trial_expiration"},
        ),
        ({"name": "Indigo", "address": ADDRESS}, {"name"}),
    ],
)
def test_a_faulty_customer_is_refused_with_all_its_faults(
    api: ApiClient, body: dict[str, object], fields: set[str] | None
) -> None:
    before = api.get("/v1/customers").json()
    answer = api.post("/v1/customers", body)
    assert answer.status_code == 422
    named = set(answer.json()["fields"])
    assert named == fields if fields is not None else all("partner_billing_configuration" in name for name in named)
    assert api.get("/v1/customers").json() == before


def test_the_catalogue_shows_who_has_what_and_is_filtered(api: ApiClient, world: World) -> None:
    api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["fgh345"]})
    base = "/v1/azure_partner_customers"
    (assigned,) = api.get(f"{base}?assigned=true").json()["azure_partner_customers"]
    assert assigned == {
        "id": assigned["id"],
        "azure_customer_id": "fgh345",
        "name": "Name of fgh345",
        "domain": "fgh345.example",
        "relationship": "",
        "assigned_to": world.customer_id,
        "first_seen_at": "2024-10-15T12:00:00Z",
        "last_seen_at": "2024-10-15T12:00:00Z",
        "status": "active",
    }
    assert api.get(f"{base}/{assigned['id']}").json() == assigned
    assert api.get(f"{base}/{assigned['id']}?client_api_id={world.neighbour_id}").status_code == 404
    free = api.get(f"{base}?assigned=false&q=FIVE").json()["azure_partner_customers"]
    assert [(one["azure_customer_id"], one["assigned_to"]) for one in free] == [("five", None)]
    of_customer = api.get(f"{base}?client_api_id={world.customer_id}").json()["azure_partner_customers"]
    assert of_customer == [assigned]
    listed(world.installation, world.partner, *CATALOGUE[1:])
    gone = api.get(f"{base}?status=GONE").json()["azure_partner_customers"]
    assert [(one["azure_customer_id"], one["status"]) for one in gone] == [("ab123", "gone")]
    assert len(api.get(f"{base}?status=active").json()["azure_partner_customers"]) == 4
    assert list(api.get(f"{base}?status=lost").json()["fields"]) == ["status"]
    assert api.get(f"{base}?q=%00").status_code == 422
    assert api.get(f"{base}?q=%ff").status_code == 422
    assert api.get(f"{base}?assigned=yes").json()["fields"] == {"assigned": "must be exactly true or false"}
