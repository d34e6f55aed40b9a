"""``?client_api_id=`` on every call: never another customer's data, and never a change that is another's.

The rows come from the route table: a route that is not told of here fails.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import pytest

from rebill.api.route import Route
from rebill.api.routes import ROUTES
from rebill.model.document_delivery import DeliveryWay
from rebill.store.document_deliveries import begin_delivery
from rebill.store.scope import Scope
from tests.api.client import ApiClient
from tests.api.closing_steps import proposed
from tests.api.price_book_steps import ACCOUNTS, ASSIGNMENTS, BOOKS, book, september
from tests.api.proof_steps import proven_month
from tests.api.test_callers import ROWS, path_of
from tests.api.test_lists import FILLED
from tests.api.world import RULE, World, drawn_statement, entry

RULES = "/v1/partner_billing_rules"
SEPTEMBER = "billing_period=2024-09"


class Kept(Enum):
    """How a call is kept to the customer of its query, where what it is about is another's."""

    PATH = auto()
    """The path names the other: 422."""
    BODY = auto()
    """The body names the other, everybody, or something of the other's: 422 that names the field."""
    THING = auto()
    """The path names a thing of the other's: as if there were none, 404."""
    FILTERED = auto()
    """What is answered leaves the other out."""
    PARTNER = auto()
    """It is of the whole partner: 422."""
    NEW = auto()
    """What it makes is nobody's yet: done, and nothing of the other's is touched."""


_THINGS = (
    "/v1/customer_statements/{statement_id}",
    f"{RULES}/{{partner_billing_rule_id}}",
    "/v1/manual_lines/{manual_line_id}",
    f"{ASSIGNMENTS}/{{price_book_assignment_id}}",
    f"{ACCOUNTS}/{{price_book_account_assignment_id}}",
    "/v1/users/{user_id}",
    "/v1/api_keys/{api_key_id}",
)
"""Things of one customer, with all that can be done to them."""
_KEPT: dict[str, Kept] = {
    **{f"{route.method} {route.path}": Kept.PATH for route in ROUTES if "{client_api_id}" in route.path},
    **{f"{route.method} {route.path}": Kept.THING for route in ROUTES if route.path.startswith(_THINGS)},
    **{f"GET {path}": Kept.FILTERED for path in FILLED if "{client_api_id}" not in path},
    "GET /v1/price_books/{price_book_id}": Kept.THING,
    "GET /v1/price_books/{price_book_id}/specification": Kept.THING,
    "GET /v1/price_books/{price_book_id}/near_misses": Kept.THING,
    "GET /v1/price_books/dry_run/{dry_run_id}": Kept.THING,
    "GET /v1/azure_partner_customers/{db_partner_customer_id}": Kept.THING,
    "GET /v1/runs/{run_id}": Kept.THING,
    "GET /v1/audit_entries/{audit_entry_number}": Kept.THING,
    "POST /v1/closing_proposals/{closing_id}/approve": Kept.THING,
    "DELETE /v1/closing_proposals/{closing_id}": Kept.THING,
    "POST /v1/runs": Kept.BODY,
    "POST /v1/closings/finalize": Kept.BODY,
    "POST /v1/closings/correct": Kept.BODY,
    "PUT /v1/attention_lines/accept": Kept.BODY,
    "PUT /v1/attention_lines/reopen": Kept.BODY,
    "PUT /v1/what_if": Kept.BODY,
    "PUT /v1/tax_rules": Kept.BODY,
    "POST /v1/manual_lines": Kept.BODY,
    f"POST {RULES}": Kept.BODY,
    f"POST {ASSIGNMENTS}": Kept.BODY,
    f"POST {ACCOUNTS}": Kept.BODY,
    "PUT /v1/price_books/dry_run": Kept.BODY,
    "POST /v1/users": Kept.BODY,
    "POST /v1/api_keys": Kept.BODY,
    "GET /v1/runs": Kept.FILTERED,
    "GET /v1/attention_lines": Kept.FILTERED,
    "GET /v1/closing_proposals": Kept.FILTERED,
    "GET /v1/document_deliveries": Kept.FILTERED,
    "GET /v1/margins": Kept.FILTERED,
    "GET /v1/month_verification": Kept.FILTERED,
    "GET /v1/month_differences": Kept.FILTERED,
    "GET /v1/tax_rules": Kept.FILTERED,
    "PUT /v1/month_comparison": Kept.FILTERED,
    "POST /v1/customers": Kept.NEW,
    "POST /v2/customers": Kept.NEW,
    "POST /v1/price_books": Kept.NEW,
    "PUT /v1/price_books/{price_book_id}": Kept.PARTNER,
    "DELETE /v1/price_books/{price_book_id}": Kept.PARTNER,
    "GET /v1/letterhead": Kept.PARTNER,
    "PUT /v1/letterhead": Kept.PARTNER,
    "GET /v1/partner_settings": Kept.PARTNER,
    "PUT /v1/partner_settings": Kept.PARTNER,
    "GET /v1/partner_guards": Kept.PARTNER,
    "PUT /v1/partner_guards": Kept.PARTNER,
    "GET /v1/data_sets": Kept.PARTNER,
    "GET /v1/data_sets/{data_set_id}": Kept.PARTNER,
    "GET /v1/data_sets/{data_set_id}/rejects": Kept.PARTNER,
    "POST /v1/microsoft_invoices": Kept.PARTNER,
    "GET /v1/microsoft_invoices": Kept.PARTNER,
    "GET /v1/microsoft_invoices/{microsoft_invoice_id}": Kept.PARTNER,
    "DELETE /v1/microsoft_invoices/{microsoft_invoice_id}": Kept.PARTNER,
    "GET /v1/reconciliation": Kept.PARTNER,
    "GET /v1/month_checklist": Kept.PARTNER,
    "GET /v1/syncs": Kept.PARTNER,
}
_KEYED = [route for route in ROUTES if route.permission is not None]


def _of(kept: Kept) -> list[Route]:
    return [route for route in _KEYED if _KEPT.get(f"{route.method} {route.path}") is kept]


def _named(route: Route) -> str:
    return f"{route.method} {route.path}"


def _last_entry(api: ApiClient) -> int:
    return int(api.get("/v1/audit_entries?per_page=1000").json()["audit_entries"][-1]["number"])


def _changes(api: ApiClient, after: int) -> list[dict[str, Any]]:
    entries = api.get(f"/v1/audit_entries?per_page=1000&after_id={after}").json()["audit_entries"]
    return [one for one in entries if one["outcome"] == "done"]


def test_every_call_with_a_key_is_told_of_here() -> None:
    assert {_named(route) for route in _KEYED} == set(_KEPT)
    assert {_named(route) for route in _KEYED if route.of_whole_partner} == {_named(one) for one in _of(Kept.PARTNER)}


@pytest.mark.parametrize("route", _of(Kept.PARTNER), ids=_named)
def test_what_is_of_the_whole_partner_is_of_no_single_customer(route: Route, api: ApiClient, world: World) -> None:
    _must_be_refused(route, api, world, {"client_api_id"}, "of no use here")


@pytest.mark.parametrize("route", _of(Kept.PATH), ids=_named)
def test_another_customer_than_the_paths_is_refused(route: Route, api: ApiClient, world: World) -> None:
    _must_be_refused(route, api, world, {"client_api_id"}, "differs from the customer in the path")


@pytest.mark.parametrize("route", _of(Kept.NEW), ids=_named)
def test_what_is_new_is_made_whoever_the_query_names(route: Route, api: ApiClient, world: World) -> None:
    body = ROWS[route.method, route.path].sent(api, world)
    theirs = f"/v1/customers/{world.neighbour_id}"
    before = api.get(theirs).json()
    assert api.request(route.method, f"{route.path}?client_api_id={world.neighbour_id}", json=body).status_code == 201
    assert api.request(route.method, f"{route.path}?client_api_id=123456789", json=body).status_code == 404
    assert api.get(theirs).json() == before


def _must_be_refused(route: Route, api: ApiClient, world: World, fields: set[str], words: str) -> None:
    body = ROWS[route.method, route.path].sent(api, world)
    path = path_of(route, api, world, world.customer_id)
    last = _last_entry(api)
    answer = api.request(route.method, f"{path}?client_api_id={world.neighbour_id}", json=body)
    assert (answer.status_code, set(answer.json()["fields"])) == (422, fields)
    assert words in answer.text
    assert _changes(api, last) == []


@pytest.mark.parametrize("route", _of(Kept.THING), ids=_named)
def test_a_thing_of_another_customer_is_not_there(route: Route, api: ApiClient, world: World) -> None:
    body = ROWS[route.method, route.path].sent(api, world)
    path = path_of(route, api, world, world.customer_id)
    if "{audit_entry_number}" in route.path:
        assert api.put(f"/v1/customers/{world.customer_id}", {"billing_contact": "Ann"}).is_success
        path = f"/v1/audit_entries/{_last_entry(api)}"
    if "{run_id}" in route.path:
        mine = api.post("/v1/runs", {"billing_period": "2024-09", "client_api_id": world.customer_id})
        path = f"/v1/runs/{mine.json()['run_id']}"
    last = _last_entry(api)
    answer = api.request(route.method, f"{path}?client_api_id={world.neighbour_id}", json=body)
    assert answer.status_code == 404, answer.text
    assert _changes(api, last) == []


_NAMED_ELSEWHERE = {
    f"POST {RULES}": ("add_csp_customers", "add_csp_customers[0]"),
    "POST /v1/users": (None, "customer_id"),
    "POST /v1/api_keys": (None, "user_id"),
    f"POST {ASSIGNMENTS}": ("target_client_api_id", "target_client_api_id"),
    "PUT /v1/price_books/dry_run": ("target_client_api_id", "target_client_api_id"),
    # By an assignment of the other's.
    f"POST {ACCOUNTS}": (None, "target_client_api_id"),
}
"""The field that names the other customer (``None``: the row does already), and the field that is at fault."""


@pytest.mark.parametrize("route", _of(Kept.BODY), ids=_named)
def test_a_body_of_another_customer_is_refused(route: Route, api: ApiClient, world: World) -> None:
    field, at_fault = _NAMED_ELSEWHERE.get(_named(route), ("client_api_id", "client_api_id"))
    body: dict[str, Any] = ROWS[route.method, route.path].sent(api, world) or {}
    if field is not None:
        body[field] = [world.customer_id] if field.startswith("add_") else world.customer_id
    last = _last_entry(api)
    answer = api.request(route.method, f"{route.path}?client_api_id={world.neighbour_id}", json=body)
    assert (answer.status_code, set(answer.json().get("fields", ()))) == (422, {at_fault}), answer.text
    assert _changes(api, last) == []


@pytest.mark.parametrize(
    "route", [one for one in _of(Kept.FILTERED) if one.path in FILLED and one.path != "/v1/audit_entries"], ids=_named
)
def test_a_list_leaves_the_others_out(route: Route, api: ApiClient, world: World) -> None:
    FILLED[route.path](api, world)
    whole, kept = (
        api.get(f"{route.path}?per_page=1000{query}") for query in ("", f"&client_api_id={world.neighbour_id}")
    )
    assert int(kept.headers["X-Total"]) < int(whole.headers["X-Total"])
    assert str(world.customer_id) not in kept.text
    assert "Indigo" not in kept.text


def test_the_audit_trail_is_kept_to_a_customer(api: ApiClient, world: World) -> None:
    for customer_id in (world.customer_id, world.neighbour_id):
        assert api.put(f"/v1/customers/{customer_id}", {"billing_contact": "Ann"}).is_success
    kept = api.get(f"/v1/audit_entries?client_api_id={world.neighbour_id}").json()["audit_entries"]
    assert {one["customer_id"] for one in kept} == {world.neighbour_id}
    path = f"/v1/audit_entries/{kept[-1]['number']}"
    assert api.get(f"{path}?client_api_id={world.neighbour_id}").json()["number"] == kept[-1]["number"]
    assert api.get(f"{path}?client_api_id={world.customer_id}").status_code == 404


def _proven(_api: ApiClient, world: World) -> int:
    month = proven_month(world)
    month.accountant.run()
    return month.customer_id


def _run(api: ApiClient, world: World) -> int:
    customer_id = proven_month(world).customer_id
    assert api.post("/v1/runs", {"billing_period": "2024-09", "client_api_id": customer_id}).is_success
    return customer_id


def _taxed(api: ApiClient, world: World) -> int:
    rule = {"client_api_id": world.customer_id, "category": "E", "reason": "Exempt"}
    assert api.put("/v1/tax_rules", rule).is_success
    return world.customer_id


def _proposed(api: ApiClient, world: World) -> int:
    proposed(world, world.customer_id)
    (waiting,) = api.get("/v1/closing_proposals").json()["closing_proposals"]
    return int(waiting["customer_id"])


def _delivered(_api: ApiClient, world: World) -> int:
    statement_id = drawn_statement(world.installation, world.customer_id, final=True)
    with world.installation.database.writing() as connection:
        scope, now = Scope.of(connection, world.partner), world.installation.clock()
        begin_delivery(scope, statement_id, world.customer_id, DeliveryWay.FOLDER, "indigo", now)
    return world.customer_id


_TOLD_OF: dict[str, Callable[[ApiClient, World], int]] = {
    "GET /v1/attention_lines": _proven,
    "GET /v1/margins": _proven,
    "GET /v1/month_verification": _proven,
    "GET /v1/month_differences": _proven,
    "PUT /v1/month_comparison": _proven,
    "GET /v1/runs": _run,
    "GET /v1/tax_rules": _taxed,
    "GET /v1/closing_proposals": _proposed,
    "GET /v1/document_deliveries": _delivered,
}
"""Steps by which there is something of a customer to be told, whose id they answer."""
_OTHERS = [one for one in _of(Kept.FILTERED) if one.path not in FILLED]


@pytest.mark.parametrize("route", _OTHERS, ids=_named)
def test_what_is_told_of_a_customer_leaves_the_others_out(route: Route, api: ApiClient, world: World) -> None:
    customer_id = _TOLD_OF[_named(route)](api, world)
    asks_for_month = any(one.name == "billing_period" for one in route.parameters)
    path = f"{route.path}?{SEPTEMBER}" if asks_for_month else f"{route.path}?"
    body = ROWS[route.method, route.path].sent(api, world)

    def told(query: str) -> str:
        answer = api.request(route.method, f"{path}{query}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.text

    assert str(customer_id) in told("")
    assert str(customer_id) in told(f"&client_api_id={customer_id}")
    assert str(customer_id) not in told(f"&client_api_id={world.neighbour_id}")


def test_attention_is_counted_of_the_customer_alone(api: ApiClient, world: World) -> None:
    month = proven_month(world)
    path = f"/v1/attention_lines?{SEPTEMBER}&client_api_id="
    of_other, of_nobody = (api.get(f"{path}{one}").json() for one in (month.customer_id, world.neighbour_id))
    assert (len(of_other["lines"]), of_other["attention"]) == (1, {"spans_transfer": 1})
    assert (of_nobody["lines"], of_nobody["attention"], of_nobody["open_attention"]) == ([], {}, {})
    order = {"billing_period": "2024-09", "reason": "Agreed"}
    accept = "/v1/attention_lines/accept?client_api_id="
    assert api.put(f"{accept}{world.neighbour_id}", order).json()["lines"] == 0
    assert api.put(f"{accept}{month.customer_id}", order).json()["lines"] == 1
    assert api.get(f"{path}{month.customer_id}").json()["open_attention"] == {}


def test_a_body_that_names_nobody_means_the_customer_of_the_query(api: ApiClient, world: World) -> None:
    query = f"?client_api_id={world.customer_id}"
    rule = api.put(f"/v1/tax_rules{query}", {"category": "E", "reason": "Exempt"})
    assert rule.json()["client_api_id"] == world.customer_id
    made = api.post(f"{ASSIGNMENTS}{query}", {"price_book_id": book(api)["id"]})
    assert (made.status_code, made.json()["target_client_api_id"]) == (201, world.customer_id)
    accounts = {"price_book_assignment_id": made.json()["id"], "billing_account_owner_id": "ALL"}
    assert api.post(f"{ACCOUNTS}{query}", accounts).status_code == 201
    september(api, world)
    tried = api.put(f"{BOOKS}/dry_run{query}", {"price_book_id": book(api)["id"], "month": "2024-09"})
    assert (tried.status_code, tried.json().get("fields")) == (200, None)
    shown = api.get(f"{BOOKS}/{made.json()['price_book_id']}{query}")
    assert shown.json()["id"] == made.json()["price_book_id"]


def test_a_what_if_for_a_customer_tells_of_that_one_alone(api: ApiClient, world: World) -> None:
    september(api, world)
    body = {"billing_period": "2024-09", "billing_enabled": True, "markup_percent": "10"}
    (row,) = api.put(f"/v1/what_if?client_api_id={world.customer_id}", body).json()["customers"]
    assert row["customer_id"] == world.customer_id
    # Everyone's terms change, and it has no cost: of the one who has some nothing is told.
    change = {"billing_period": "2024-09", "partner_guards": {"floor_at_cost": True}}
    assert api.put(f"/v1/what_if?client_api_id={world.neighbour_id}", change).json()["totals"] == []
    rule = {**RULE, "add_csp_customers": [world.customer_id]}
    told = api.put(f"/v1/what_if?client_api_id={world.neighbour_id}", {**change, "partner_billing_rule": rule})
    assert told.json()["fields"].keys() == {"partner_billing_rule.add_csp_customers[0]"}


def test_a_rule_that_is_for_others_too_does_not_change_for_one(api: ApiClient, world: World) -> None:
    one, two = world.customer_id, world.neighbour_id
    for place, customers in enumerate(("all", [one, two])):
        rule = api.post(RULES, {**RULE, "name": f"Rule {place}", "add_csp_customers": customers}).json()
        path = f"{RULES}/{rule['id']}?client_api_id={one}"
        for told in (api.put(path, {"name": "Other"}), api.delete(path)):
            assert (told.status_code, set(told.json()["fields"])) == (422, {"client_api_id"})
        assert api.get(path).json()["name"] == f"Rule {place}"
    asked = {**RULE, "name": "Mine", "add_csp_customers": [one]}
    for customers in ("all", [one, two]):
        told = api.post(f"{RULES}?client_api_id={one}", {**asked, "add_csp_customers": customers})
        place = 0 if customers == "all" else 1
        assert (told.status_code, set(told.json()["fields"])) == (422, {f"add_csp_customers[{place}]"})
    held = {"add_enterprise_agreements": {str(two): [7]}}
    told = api.post(f"{RULES}?client_api_id={one}", {**asked, **held})
    assert told.json()["fields"].keys() == {f"add_enterprise_agreements.{two}"}
    mine = api.post(f"{RULES}?client_api_id={one}", asked)
    assert mine.status_code == 201
    path = f"{RULES}/{mine.json()['id']}?client_api_id={one}"
    assert api.put(path, {"name": "Still mine"}).json()["name"] == "Still mine"
    assert api.delete(path).is_success


def test_the_filter_is_at_fault_beside_all_else_that_is(api: ApiClient, world: World) -> None:
    line = {**entry(world.neighbour_id), "currency": 5}
    told = api.post(f"/v1/manual_lines?client_api_id={world.customer_id}", line)
    assert told.json()["fields"].keys() == {"client_api_id", "currency"}
    told = api.put(f"/v1/partner_guards?client_api_id={world.customer_id}", {"cap_at_list": "perhaps"})
    assert told.json()["fields"].keys() == {"client_api_id", "cap_at_list"}
    assert api.get(f"/v1/partner_guards?client_api_id={world.foreign_customer_id}").status_code == 404
