"""The requests that published clients and scripts really send: a Go SDK in two editions, shell samples, scripts.

Each test says whose habit it is. None of them needs anything of rebill but the answers.
"""

import json
from typing import Any

import httpx
import pytest

from rebill.api.routes import ROUTES
from rebill.services.acting.installation import Installation
from tests.api.client import ApiClient
from tests.api.clients.habits import habit
from tests.api.price_book_steps import ASSIGNMENTS, book
from tests.api.world import ADD, ADDRESS, LIST, RULE, World, drawn_statement

YEAR_ONE = "0001-01-01T00:00:00Z"
CUSTOMERS = "/v1/customers"


def marshalled_customer(name: str, customer_id: int = 0, **given: object) -> dict[str, object]:
    """A customer as the Go SDK's struct is marshalled: what is not set is there all the same, with its zero value."""
    identifier = {"id": customer_id} if customer_id else {}
    return {
        **identifier,
        "name": name,
        "created_at": YEAR_ONE,
        "updated_at": YEAR_ONE,
        "partner_billing_configuration": {"enabled": False},
        "address": {"street1": "", "street2": "", "city": "", "state": "", "zipcode": "", "country": ""},
        "billing_configuration": {"status": ""},
        **given,
    }


def every_page(api: ApiClient, path: str, key: str, per_page: int) -> list[dict[str, Any]]:
    """Pages until one is short: the loop of the Go SDK."""
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = api.get(f"{api.address}{path}page={page}&per_page={per_page}")
        assert answer.status_code == 200
        found += answer.json()[key]
        if len(answer.json()[key]) < per_page:
            return found
        page += 1


@habit("the key as the bare value of the header")
def test_the_go_sdk_creates_updates_and_deletes_a_customer_with_a_bare_key(anyone: ApiClient, world: World) -> None:
    headers = {"Authorization": world.keys["admin"], "Content-Type": "application/json"}
    made = anyone.post(CUSTOMERS, marshalled_customer("Acme", address=ADDRESS), headers=headers)
    assert made.status_code == 201
    number = made.json()["id"]
    assert made.json()["created_at"] != YEAR_ONE
    renamed = anyone.put(f"{CUSTOMERS}/{number}", marshalled_customer("Acme Two", number), headers=headers)
    assert (renamed.status_code, renamed.json()) == (200, {**made.json(), "name": "Acme Two"})
    deleted = anyone.delete(f"{CUSTOMERS}/{number}", headers={**headers, "Accept": ""})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert anyone.delete(f"{CUSTOMERS}/{number}", headers=headers).status_code == 404


@habit("the key in the query")
def test_the_go_sdks_first_edition_sends_the_key_in_the_query_alone(anyone: ApiClient, world: World) -> None:
    key = world.keys["admin"]
    made = anyone.post(f"{CUSTOMERS}?api_key={key}", marshalled_customer("Acme", address=ADDRESS))
    number = made.json()["id"]
    assert anyone.get(f"{CUSTOMERS}/{number}?api_key={key}").json() == made.json()
    listed = anyone.get(f"{CUSTOMERS}/?api_key={key}&page=1&per_page=50")
    assert number in [one["id"] for one in listed.json()["customers"]]
    assert key not in listed.headers["Link"]
    assert anyone.delete(f"{CUSTOMERS}/{number}?api_key={key}").status_code == 204


@habit("the key in both places")
def test_a_key_in_both_places_is_the_headers(anyone: ApiClient, world: World) -> None:
    both = {"Authorization": world.keys["admin"]}
    assert anyone.get(f"{CUSTOMERS}?api_key={world.keys['other_partner']}", headers=both).headers["X-Total"] == "2"
    assert anyone.get(f"{CUSTOMERS}?api_key=nobody", headers=both).status_code == 200
    assert anyone.get(f"{CUSTOMERS}?api_key={world.keys['admin']}", headers={"Authorization": "no"}).status_code == 401


@habit("the version twice in a path")
def test_an_address_of_the_go_sdk_that_ends_in_a_version_names_it_twice(api: ApiClient, world: World) -> None:
    """Its endpoint is joined with ``v1/customers``; with an endpoint that ends in ``/v1/`` the version stands twice."""
    for path in ("/v1/v1/customers?page=1&per_page=100", "/v1/v2/customers", "/v1/v1//customers/"):
        assert len(api.get(path).json()["customers"]) == 2
    assert (
        api.get(f"/v1/v1/customer_statements?client_api_id={world.customer_id}&page=1&per_page=100").status_code == 200
    )


@habit("loops that end at a short page, and `per_page=1000` or more")
@pytest.mark.parametrize("per_page", [1, 2, 3, 1000, 5000])
def test_loops_that_stop_at_a_short_page_meet_everything_once(
    api: ApiClient, installation: Installation, world: World, per_page: int
) -> None:
    for number in range(4):
        api.post(CUSTOMERS, {"name": f"Customer {number}", "address": ADDRESS})
        drawn_statement(installation, world.customer_id, month=f"2024-0{number + 1}")
    for path, key, count in (
        (f"{CUSTOMERS}?", "customers", 6),
        ("/v1/customer_statements/?", "billing_artifacts", 4),
        (f"/v1/customer_statements?client_api_id={world.customer_id}&", "billing_artifacts", 4),
        ("/v1/azure_partner_customers?", "azure_partner_customers", 5),
    ):
        # A page of more than a thousand is cut to a thousand: with fewer elements than that the loop ends all the same.
        found = every_page(api, path, key, per_page)
        assert len(found) == len({one["id"] for one in found}) == count


@habit("`Link` split at a comma and a space")
def test_scripts_follow_the_next_link(api: ApiClient, world: World) -> None:
    """They split at ", ", look for rel="next", and strip what is between < and >."""
    for number in range(5):
        api.post(CUSTOMERS, {"name": f"Customer {number}", "address": ADDRESS})
    address, seen = f"{api.address}/v2/customers?per_page=3", []
    while address:
        page = api.get(address)
        seen += [one["name"] for one in page.json()["customers"]]
        links = page.headers.get("Link", "").split(", ")
        address = next((link.split(";")[0].strip("<>") for link in links if 'rel="next"' in link), "")
    assert len(seen) == len(set(seen)) == 7


@habit("no content type, or an empty one")
@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "application/json; charset=UTF-8", "application/vnd.x+json"]
)
@pytest.mark.parametrize("accept", [None, "application/json", "*/*"])
def test_bodies_come_with_or_without_a_declared_type(
    api: ApiClient, content_type: str | None, accept: str | None
) -> None:
    headers = {name: value for name, value in (("Content-Type", content_type), ("Accept", accept)) if value is not None}
    made = api.request("POST", CUSTOMERS, content=json.dumps({"name": "Acme", "address": ADDRESS}), headers=headers)
    assert (made.status_code, made.headers["Content-Type"]) == (201, "application/json")


@habit("`null` or any other body on GET and DELETE")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("body", [b"null", b"{}", b'{"name": "x"}', b"<xml/>", b"\xff\xfe"])
def test_bodies_of_get_and_delete_are_passed_over(api: ApiClient, world: World, method: str, body: bytes) -> None:
    path = f"{CUSTOMERS}/{world.customer_id}"
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        answer = api.request(method, path, content=body, headers={"Content-Type": content_type})
        assert answer.status_code == (200 if method == "GET" else 204 if content_type == "application/json" else 404)


def test_the_four_bytes_null_ask_what_no_body_asks(api: ApiClient) -> None:
    for route in ROUTES:
        if route.method == "GET" and route.permission is not None and not route.id_names:
            told = api.request("GET", route.path, content=b"null", headers={"Content-Type": "application/json"})
            assert (route.path, told.status_code) == (route.path, api.get(route.path).status_code)


@habit("fields of an empty struct: `created_at` of the year 1, an address whose fields are all empty")
def test_what_the_go_sdk_has_not_set_changes_nothing(api: ApiClient) -> None:
    made = api.post(CUSTOMERS, marshalled_customer("Acme", address=ADDRESS)).json()
    assert made["created_at"] == made["updated_at"] == "2024-10-15T12:00:00Z"
    unset = api.put(f"{CUSTOMERS}/{made['id']}", marshalled_customer("Acme", made["id"]))
    assert (unset.status_code, unset.json()) == (200, made)
    refused = api.post(CUSTOMERS, marshalled_customer("No address"))
    assert (refused.status_code, set(refused.json()["fields"])) == (422, {"address"})


@habit("`null` for what is not set")
def test_null_is_absent_in_every_field(api: ApiClient, world: World) -> None:
    made = api.post(CUSTOMERS, {"name": "Acme", "address": {**ADDRESS, "street2": None}, "tags": None}).json()
    nulls = dict.fromkeys(made) | {"trial_expiration": None, "folder": None}
    unset = api.put(f"{CUSTOMERS}/{made['id']}", nulls)
    assert (unset.status_code, unset.json()) == (200, made)
    rule = api.post("/v1/partner_billing_rules", {**RULE, "pricing_info": None, "end_month": None}).json()
    assert api.put(f"/v1/partner_billing_rules/{rule['id']}", dict.fromkeys(rule)).json() == rule
    assignment = {"azure_customer_ids": ["ab123"], "client_api_id": None}
    assert api.put(f"{ADD}/{world.customer_id}", assignment).headers["X-Assigned"] == "1"


@habit("what was read is sent back whole")
def test_an_answer_can_be_sent_back_as_it_was_read(api: ApiClient) -> None:
    for path, body in ((CUSTOMERS, {"name": "Acme", "address": ADDRESS}), ("/v1/partner_billing_rules", RULE)):
        made = api.post(path, body).json()
        assert api.put(f"{path}/{made['id']}", made).json() == made


@habit("paths without a version")
def test_price_book_assignments_are_asked_for_without_a_version(api: ApiClient, world: World) -> None:
    """As the Go SDK's second edition does, with an endpoint that has no version either."""
    path = ASSIGNMENTS.removeprefix("/v1")
    made = api.post(
        path, {"price_book_id": str(book(api)["id"]), "target_client_api_id": str(world.customer_id)}
    ).json()
    assert api.get(f"{path}/{made['id']}").json() == api.get(f"{ASSIGNMENTS}/{made['id']}").json() == made
    accounts = f"/price_book_account_assignments?target_client_api_id={world.customer_id}"
    assert api.get(accounts).json() == {"price_book_account_assignments": []}
    assert api.delete(f"{path}/{made['id']}").status_code == 204
    # So the published description of statements has it, beside samples with the version.
    statement = drawn_statement(world.installation, world.customer_id)
    assert api.get("/customer_statements").json() == api.get("/v1/customer_statements").json()
    assert api.get(f"/customer_statements/{statement}").json()["id"] == statement


@habit("`Accept` on DELETE, or none")
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 204),
        ("", 204),
        ("*/*", 204),
        ("text/plain", 204),
        ("application/json", 200),
        ("application/json, */*", 200),
    ],
)
def test_delete_answers_json_to_who_names_it(api: ApiClient, accept: str | None, status: int) -> None:
    headers = {} if accept is None else {"Accept": accept}
    made = api.post(CUSTOMERS, {"name": "Acme", "address": ADDRESS}).json()
    answer = api.delete(f"{CUSTOMERS}/{made['id']}", headers=headers)
    assert (answer.status_code, answer.content) == (status, b"{}" if status == 200 else b"")
    assert answer.headers.get("Content-Type") == ("application/json" if status == 200 else None)


@habit("`curl -d` without a content type: a form is declared")
def test_a_body_declared_as_a_form_is_told_what_to_declare(api: ApiClient) -> None:
    """Refused, as anything that is declared to be other than JSON, in words that can be acted on."""
    content = json.dumps({"name": "Acme", "address": ADDRESS})
    declared = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = api.request("POST", CUSTOMERS, content=content, headers=declared)
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"body"})
    assert "curl -H 'Content-Type: application/json'" in answer.json()["fields"]["body"]


@habit('`"enabled": "true"`')
def test_the_sample_of_the_published_documentation_is_taken_as_it_stands(api: ApiClient) -> None:
    """Booleans as text, a time without zone, two fields in capitals."""
    sample = {
        "name": "Acme Corp",
        "classification": "managed_without_access",
        "billing_contact": "john.doe@acmecorp.com",
        "trial_expiration_date": "2036-09-22T00:00:00",
        "partner_billing_configuration": {"enabled": "true", "folder": ""},
        "address": {"street1": "1 Main St", "city": "Springfield", "State": "MA", "zipcode": "01234", "Country": "US"},
        "tags": [{"key": "customer_id", "value": "973532"}, {"key": "service_package", "value": "basic_managed"}],
    }
    made = api.post(CUSTOMERS, sample).json()
    assert made["partner_billing_configuration"] == {"enabled": True, "folder": ""}
    assert made["address"] == {**ADDRESS, "street2": ""}
    assert made["trial_expiration_date"] == "2036-09-22T00:00:00Z"
    assert (made["margin_percentage"], made["tags"]) == (0, sample["tags"])


@habit("times with and without a zone")
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2036-09-22", "2036-09-22T00:00:00Z"),
        ("2036-09-22T10:30", "2036-09-22T10:30:00Z"),
        ("2036-09-22 10:30:15", "2036-09-22T10:30:15Z"),
        ("2036-09-22T10:30:15.123456", "2036-09-22T10:30:15Z"),
        ("2036-09-22T10:30:15Z", "2036-09-22T10:30:15Z"),
        ("2036-09-22T10:30:15+02:00", "2036-09-22T08:30:15Z"),
        ("2036-09-22T10:30:15-0500", "2036-09-22T15:30:15Z"),
    ],
)
def test_times_come_with_and_without_a_zone(api: ApiClient, sent: str, kept: str) -> None:
    made = api.post(CUSTOMERS, {"name": "Acme", "address": ADDRESS, "trial_expiration": sent}).json()
    assert made["trial_expiration"] == made["trial_expiration_date"] == kept
    assert api.put(f"{CUSTOMERS}/{made['id']}", {"trial_expiration": sent}).json() == made


@habit("numbers as text, and text as numbers")
def test_numbers_come_as_text_and_text_as_numbers(api: ApiClient, world: World) -> None:
    body = {
        "name": "Acme",
        "id": "77",
        "margin_percentage": "0.0",
        "address": {**ADDRESS, "zipcode": 1234},
        "tags": [{"key": 1, "value": 2}],
        "azure_customer_id": None,
    }
    made = api.post("/v2/customers", body).json()
    assert (made["address"]["zipcode"], made["tags"]) == ("1234", [{"key": "1", "value": "2"}])
    assert isinstance(made["id"], int)
    assert api.put(f"/v1/azure_subscriptions/add/{made['id']}", {"azure_ids": [1234]}).json()["fields"] == {
        "azure_ids[0]": "azure_subscription not found"
    }
    rule = {**RULE, "apply_flat_fee_cost": "1000.50", "add_csp_customers": [str(made["id"])]}
    kept = api.post("/v1/partner_billing_rules", rule)
    assert (kept.json()["csp_customers"], kept.json()["flat_fee_cost"]) == ([made["id"]], 1000.5), kept.text


@habit("read-only and unknown fields in a body")
def test_read_only_and_unknown_fields_are_passed_over_in_the_compatible_calls(api: ApiClient, world: World) -> None:
    body = {"azure_customer_ids": ["ab123"], "created_at": YEAR_ONE, "name": None, "nested": {"x": [1, {}]}}
    assert api.put(f"{ADD}/{world.customer_id}", body).headers["X-Assigned"] == "1"
    subscriptions = {"azure_ids": ["aws-account-3"], "msp_client_id": str(world.customer_id), "code": "200"}
    assert api.put(f"/v1/azure_subscriptions/add/{world.customer_id}", subscriptions).status_code == 200


@habit("addresses of nearly 4,000 characters")
def test_an_address_of_nearly_four_thousand_characters_is_answered(api: ApiClient) -> None:
    path = f"{LIST}?note="
    assert api.get(path + "x" * (3999 - len(path))).status_code == 200


@habit("doubled and trailing slashes")
def test_an_answer_never_sends_a_caller_elsewhere(api: ApiClient, world: World) -> None:
    """Clients drop the key or the method when they are redirected."""
    for path in (
        "//v1/customers",
        "/v1/customers/",
        "/v1//customers",
        "/v1/v1/customers",
        f"//v1/customers//{world.customer_id}//",
    ):
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer: httpx.Response = api.request(method, f"{api.address}{path}", content=b"[]")
            assert not answer.is_redirect
            assert "Location" not in answer.headers
