"""Every route as every kind of caller, and what each call leaves in the audit trail.

The rows come from the route table: a route without a row fails.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from rebill.api.documentation_page import PAGE_FILES
from rebill.api.route import Route
from rebill.api.routes import ROUTES
from rebill.model.closing import Numbering
from tests.api.client import ApiClient
from tests.api.closing_steps import correctable, finalizable, issued, proposed
from tests.api.cost_steps import imported
from tests.api.price_book_steps import (
    ACCOUNTS,
    ASSIGNMENTS,
    assigned,
    book,
    noted_dry_run,
    priced,
    sent_book,
    september,
)
from tests.api.proof_steps import proven_month
from tests.api.world import ADD, ADDRESS, INVOICE, KINDS, LIST, RULE, SUBSCRIPTIONS, World, drawn_statement, entry

Statuses = tuple[int, int, int, int, int, int]
"""In the order of ``KINDS``: admin, operator, read_only, own_customer, other_customer, other_partner."""


@dataclass(frozen=True)
class Row:
    """What each kind of caller is answered, and a body that is sound.

    ``first``: where the same body must be sent before, so that the call itself changes something.
    """

    statuses: Statuses
    body: Mapping[str, object] | Callable[[ApiClient, World], Mapping[str, object]] | None = None
    first: str = ""

    def sent(self, api: ApiClient, world: World) -> dict[str, object] | None:
        """The body, its names ones that nothing has yet."""
        if self.body is None:
            return None
        body = dict(self.body(api, world) if callable(self.body) else self.body)
        return {name: f"New {secrets.token_hex(8)}" if name in ("name", "book_name") else body[name] for name in body}


def _lines_to_accept(_api: ApiClient, world: World) -> dict[str, object]:
    proven_month(world)
    return _LINES


def _lines_to_reopen(api: ApiClient, world: World) -> dict[str, object]:
    proven_month(world)
    assert api.put("/v1/attention_lines/accept", _LINES).is_success
    return _LINES


def _month_to_run(_api: ApiClient, world: World) -> dict[str, object]:
    proven_month(world)
    return {"billing_period": "2024-09"}


def _finalizable(_api: ApiClient, world: World) -> dict[str, object]:
    return finalizable(world)


def _correctable(_api: ApiClient, world: World) -> dict[str, object]:
    return correctable(world)


def _number(_api: ApiClient, _world: World) -> dict[str, object]:
    return {"invoice_id": secrets.token_hex(8)}


def _what_if(api: ApiClient, world: World) -> dict[str, object]:
    september(api, world)
    return {"billing_period": "2024-09", "markup_percent": "10"}


def _dry_run(api: ApiClient, world: World) -> dict[str, object]:
    september(api, world)
    return {**_assignment(api, world), "month": "2024-09"}


def _assignment(api: ApiClient, world: World) -> dict[str, object]:
    return {"price_book_id": book(api)["id"], "target_client_api_id": world.customer_id}


def _account_assignment(api: ApiClient, world: World) -> dict[str, object]:
    made = assigned(api, world.customer_id)
    return {"price_book_assignment_id": made["id"], "billing_account_owner_id": secrets.token_hex(8)}


def _manual_line(_api: ApiClient, world: World) -> dict[str, object]:
    return entry(world.customer_id)


def _contact(_api: ApiClient, _world: World) -> dict[str, object]:
    return {"contact": secrets.token_hex(8)}


def _reference(_api: ApiClient, _world: World) -> dict[str, object]:
    return {"buyer_reference": secrets.token_hex(8)}


def _tax_rule(_api: ApiClient, _world: World) -> dict[str, object]:
    return {"category": "E", "reason": secrets.token_hex(8)}


def _another_account(_api: ApiClient, _world: World) -> dict[str, object]:
    return {"billing_account_owner_id": secrets.token_hex(8)}


def _password(_api: ApiClient, _world: World) -> dict[str, object]:
    return {"password": "correct horse battery staple", "sign_in_name": secrets.token_hex(8)}


def _subject(_api: ApiClient, _world: World) -> dict[str, object]:
    return {"subject": secrets.token_hex(8)}


def _new_key(api: ApiClient, _world: World) -> dict[str, object]:
    return {"user_id": _user(api)}


_ASSIGN = (207, 207, 403, 403, 403, 404)
_BIND = (200, 200, 403, 403, 403, 404)
_COUNTED = "audit_entry_number"
"""Not an id but a place in the caller's own chain: every partner has an entry 1."""
_READ_ADMINISTRATION = (200, 403, 200, 403, 403, 200)
_IDS = {"azure_customer_ids": ["ab123"]}
_LINES: dict[str, object] = {"billing_period": "2024-09", "reason": "Agreed"}
_CHARGE_KINDS = {"charge_kinds": ["purchase"]}
_SUBSCRIPTION_IDS = {"azure_ids": [SUBSCRIPTIONS[0]]}
ROWS: dict[tuple[str, str], Row] = {
    ("PUT", "/v1/azure_partner_customer_accounts/add/{client_api_id}"): Row(_ASSIGN, _IDS),
    ("PUT", "/v1/azure_partner_customer_accounts/remove/{client_api_id}"): Row(_ASSIGN, _IDS, first=ADD),
    ("PUT", "/v1/azure_partner_customer_accounts/move/{client_api_id}"): Row(_ASSIGN, _IDS),
    ("GET", LIST): Row((200, 200, 200, 200, 200, 200)),
    ("GET", f"{LIST}/{{client_api_id}}"): Row((200, 200, 200, 200, 404, 404)),
    ("GET", "/v1/azure_partner_customers"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/azure_partner_customers/{db_partner_customer_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("PUT", "/v1/azure_subscriptions/add/{client_api_id}"): Row(_BIND, _SUBSCRIPTION_IDS),
    ("PUT", "/v1/azure_subscriptions/move/{client_api_id}"): Row(_BIND, _SUBSCRIPTION_IDS),
    ("PUT", "/v1/azure_subscriptions/remove/{client_api_id}"): Row(
        (422, 422, 403, 403, 403, 404), _SUBSCRIPTION_IDS, first="/v1/azure_subscriptions/add"
    ),
    ("GET", "/v1/azure_subscriptions/list/{client_api_id}"): Row((200, 200, 200, 200, 404, 404)),
    ("PUT", "/v1/cost_allocations/add/{client_api_id}"): Row(_BIND, _CHARGE_KINDS),
    ("PUT", "/v1/cost_allocations/move/{client_api_id}"): Row(_BIND, _CHARGE_KINDS),
    ("PUT", "/v1/cost_allocations/remove/{client_api_id}"): Row(
        (422, 422, 403, 403, 403, 404), _CHARGE_KINDS, first="/v1/cost_allocations/add"
    ),
    ("GET", "/v1/cost_allocations/list"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/cost_allocations/list/{client_api_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("GET", "/v1/customer_statements"): Row((200, 200, 200, 200, 200, 200)),
    ("GET", "/v1/customer_statements/{statement_id}"): Row((200, 200, 200, 200, 404, 404)),
    ("POST", "/v1/customer_statements/{statement_id}/void"): Row((201, 201, 403, 403, 403, 404), {"reason": "Wrong"}),
    ("PUT", "/v1/customer_statements/{statement_id}/number"): Row((200, 200, 403, 403, 403, 404), _number),
    ("POST", "/v1/runs"): Row((201, 201, 403, 403, 403, 201), _month_to_run),
    ("GET", "/v1/runs"): Row((422, 422, 422, 403, 403, 422)),
    ("GET", "/v1/runs/{run_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("POST", "/v1/closings/finalize"): Row((201, 201, 403, 403, 403, 422), _finalizable),
    ("POST", "/v1/closings/correct"): Row((201, 201, 403, 403, 403, 422), _correctable),
    ("GET", "/v1/closing_proposals"): Row((200, 200, 200, 403, 403, 200)),
    ("POST", "/v1/closing_proposals/{closing_id}/approve"): Row((201, 201, 403, 403, 403, 404)),
    ("DELETE", "/v1/closing_proposals/{closing_id}"): Row((204, 204, 403, 403, 403, 404)),
    ("GET", "/v1/letterhead"): Row((200, 200, 200, 403, 403, 200)),
    ("PUT", "/v1/letterhead"): Row((200, 403, 403, 403, 403, 200), _contact),
    ("GET", "/v1/customers/{client_api_id}/billing_details"): Row((200, 200, 200, 403, 403, 404)),
    ("PUT", "/v1/customers/{client_api_id}/billing_details"): Row((200, 200, 403, 403, 403, 404), _reference),
    ("GET", "/v1/tax_rules"): Row((200, 200, 200, 403, 403, 200)),
    ("PUT", "/v1/tax_rules"): Row((200, 200, 403, 403, 403, 200), _tax_rule),
    ("GET", "/v1/customer_statements/{statement_id}/explanation"): Row((200, 200, 200, 403, 403, 404)),
    ("GET", "/v1/customer_statements/{statement_id}/verification"): Row((200, 200, 200, 403, 403, 404)),
    ("GET", "/v1/month_differences"): Row((422, 422, 422, 403, 403, 422)),
    ("GET", "/v1/month_verification"): Row((422, 422, 422, 403, 403, 422)),
    # Of no month; nor may a key that reads only send anything but a GET.
    ("PUT", "/v1/month_comparison"): Row((422, 422, 403, 403, 403, 422), {"totals": "customer,currency,total\n"}),
    ("GET", "/v1/data_sets"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/data_sets/{data_set_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("GET", "/v1/data_sets/{data_set_id}/rejects"): Row((200, 200, 200, 403, 403, 404)),
    ("GET", "/v1/attention_lines"): Row((422, 422, 422, 403, 403, 422)),
    ("PUT", "/v1/attention_lines/accept"): Row((200, 200, 403, 403, 403, 409), _lines_to_accept),
    ("PUT", "/v1/attention_lines/reopen"): Row((200, 200, 403, 403, 403, 409), _lines_to_reopen),
    ("PUT", "/v1/what_if"): Row((200, 200, 403, 403, 403, 422), _what_if),
    ("GET", "/v1/syncs"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/document_deliveries"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/margins"): Row((200, 200, 200, 403, 403, 200)),
    ("POST", "/v1/partner_billing_rules"): Row((201, 201, 403, 403, 403, 201), RULE),
    ("GET", "/v1/partner_billing_rules"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/partner_billing_rules/{partner_billing_rule_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("PUT", "/v1/partner_billing_rules/{partner_billing_rule_id}"): Row((200, 200, 403, 403, 403, 404), {"name": "A"}),
    ("DELETE", "/v1/partner_billing_rules/{partner_billing_rule_id}"): Row((204, 204, 403, 403, 403, 404)),
    ("POST", "/v1/manual_lines"): Row((201, 201, 403, 403, 403, 422), _manual_line),
    ("GET", "/v1/manual_lines"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/manual_lines/{manual_line_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("DELETE", "/v1/manual_lines/{manual_line_id}"): Row((204, 204, 403, 403, 403, 404)),
    ("POST", "/v1/microsoft_invoices"): Row((201, 201, 403, 403, 403, 201), INVOICE),
    ("GET", "/v1/microsoft_invoices"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/microsoft_invoices/{microsoft_invoice_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("DELETE", "/v1/microsoft_invoices/{microsoft_invoice_id}"): Row((204, 204, 403, 403, 403, 404)),
    ("GET", "/v1/reconciliation"): Row((422, 422, 422, 403, 403, 422)),
    ("GET", "/v1/month_checklist"): Row((422, 422, 422, 403, 403, 422)),
    ("POST", "/v1/price_books"): Row((201, 201, 403, 403, 403, 201), sent_book()),
    ("GET", "/v1/price_books"): Row((200, 200, 200, 403, 403, 200)),
    ("GET", "/v1/price_books/{price_book_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("GET", "/v1/price_books/{price_book_id}/specification"): Row((200, 200, 200, 403, 403, 404)),
    ("GET", "/v1/price_books/{price_book_id}/near_misses"): Row((200, 200, 200, 403, 403, 404)),
    ("PUT", "/v1/price_books/{price_book_id}"): Row((200, 200, 403, 403, 403, 404), {"book_name": "A"}),
    ("DELETE", "/v1/price_books/{price_book_id}"): Row((204, 204, 403, 403, 403, 404)),
    ("PUT", "/v1/price_books/dry_run"): Row((200, 200, 403, 403, 403, 422), _dry_run),
    ("GET", "/v1/price_books/dry_run/{dry_run_id}"): Row((200, 200, 200, 403, 403, 404)),
    ("POST", ASSIGNMENTS): Row((201, 201, 403, 403, 403, 422), _assignment),
    ("GET", ASSIGNMENTS): Row((200, 200, 200, 403, 403, 200)),
    ("GET", f"{ASSIGNMENTS}/{{price_book_assignment_id}}"): Row((200, 200, 200, 403, 403, 404)),
    ("PUT", f"{ASSIGNMENTS}/{{price_book_assignment_id}}"): Row(
        (200, 200, 403, 403, 403, 404), {"end_month": "2999-12"}
    ),
    ("DELETE", f"{ASSIGNMENTS}/{{price_book_assignment_id}}"): Row((204, 204, 403, 403, 403, 404)),
    ("POST", ACCOUNTS): Row((201, 201, 403, 403, 403, 422), _account_assignment),
    ("GET", ACCOUNTS): Row((200, 200, 200, 403, 403, 200)),
    ("GET", f"{ACCOUNTS}/{{price_book_account_assignment_id}}"): Row((200, 200, 200, 403, 403, 404)),
    ("PUT", f"{ACCOUNTS}/{{price_book_account_assignment_id}}"): Row((200, 200, 403, 403, 403, 404), _another_account),
    ("DELETE", f"{ACCOUNTS}/{{price_book_account_assignment_id}}"): Row((204, 204, 403, 403, 403, 404)),
    ("POST", "/v1/users"): Row((201, 403, 403, 403, 403, 201), {"name": "New", "role": "operator"}),
    ("GET", "/v1/users"): Row(_READ_ADMINISTRATION),
    ("GET", "/v1/users/{user_id}"): Row((200, 403, 200, 403, 403, 404)),
    ("PUT", "/v1/users/{user_id}"): Row((200, 403, 403, 403, 403, 404), {"name": "Other"}),
    ("DELETE", "/v1/users/{user_id}"): Row((204, 403, 403, 403, 403, 404)),
    ("PUT", "/v1/users/{user_id}/password"): Row((200, 403, 403, 403, 403, 404), _password),
    ("DELETE", "/v1/users/{user_id}/password"): Row((204, 403, 403, 403, 403, 404)),
    ("PUT", "/v1/users/{user_id}/subject"): Row((200, 403, 403, 403, 403, 404), _subject),
    ("DELETE", "/v1/users/{user_id}/subject"): Row((204, 403, 403, 403, 403, 404)),
    # Of a user that another partner has, nobody makes a key.
    ("POST", "/v1/api_keys"): Row((201, 403, 403, 403, 403, 422), _new_key),
    ("GET", "/v1/api_keys"): Row(_READ_ADMINISTRATION),
    ("GET", "/v1/api_keys/{api_key_id}"): Row((200, 403, 200, 403, 403, 404)),
    ("POST", "/v1/api_keys/{api_key_id}/rotate"): Row((201, 403, 403, 403, 403, 404), {}),
    ("DELETE", "/v1/api_keys/{api_key_id}"): Row((204, 403, 403, 403, 403, 404)),
    ("GET", "/v1/partner_guards"): Row((200, 200, 200, 403, 403, 200)),
    ("PUT", "/v1/partner_guards"): Row((200, 200, 403, 403, 403, 200), {"floor_at_cost": True}),
    ("GET", "/v1/partner_settings"): Row(_READ_ADMINISTRATION),
    ("PUT", "/v1/partner_settings"): Row((200, 403, 403, 403, 403, 200), {"bill_input_tax": True}),
    **{
        key: row
        for version in ("v1", "v2")
        for key, row in {
            ("POST", f"/{version}/customers"): Row((201, 201, 403, 403, 403, 201), {"name": "New", "address": ADDRESS}),
            ("GET", f"/{version}/customers"): Row((200, 200, 200, 403, 403, 200)),
            ("GET", f"/{version}/customers/{{client_api_id}}"): Row((200, 200, 200, 200, 404, 404)),
            ("PUT", f"/{version}/customers/{{client_api_id}}"): Row(
                (200, 200, 403, 403, 403, 404), {"billing_contact": "Ann"}
            ),
            # The first caller deletes it: for the next it is gone, and its own key is dead.
            ("DELETE", f"/{version}/customers/{{client_api_id}}"): Row((204, 404, 403, 401, 403, 404)),
        }.items()
    },
    ("GET", "/v1/customers/{client_api_id}/terms"): Row((200, 200, 200, 403, 403, 404)),
    ("PUT", "/v1/customers/{client_api_id}/terms"): Row((200, 200, 403, 403, 403, 404), {"carry_forward": True}),
    ("GET", "/v1/audit_entries"): Row((200, 403, 403, 403, 403, 200)),
    ("GET", "/v1/audit_entries/{audit_entry_number}"): Row((200, 403, 403, 403, 403, 404)),
    **{
        ("GET", path): Row((200, 200, 200, 200, 200, 200))
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", *PAGE_FILES)
    },
}


def path_of(route: Route, owner: ApiClient, world: World, customer_id: int) -> str:
    """The route's path, its ids those of things that the owner of a key has; what can be deleted is made anew."""
    path = route.path.replace("{client_api_id}", str(customer_id))
    if "{db_partner_customer_id}" in path:
        account = owner.get("/v1/azure_partner_customers").json()["azure_partner_customers"][0]["id"]
        path = path.replace("{db_partner_customer_id}", str(account))
    if path.endswith("/explanation") and customer_id == world.customer_id:
        # What no run left cannot be explained.
        path = path.replace("{statement_id}", str(proven_month(world).statement_id))
    if path.endswith(("/void", "/number")) and customer_id == world.customer_id:
        numbering = Numbering.EXTERNAL if path.endswith("/number") else Numbering.GAPLESS
        path = path.replace("{statement_id}", str(issued(world, numbering).statement_id))
    if "{closing_id}" in path:
        path = path.replace("{closing_id}", str(proposed(world, customer_id)))
    if "{statement_id}" in path:
        path = path.replace("{statement_id}", str(drawn_statement(world.installation, customer_id)))
    if "{partner_billing_rule_id}" in path:
        made = owner.post("/v1/partner_billing_rules", {**RULE, "name": f"Rule {secrets.token_hex(8)}"})
        path = path.replace("{partner_billing_rule_id}", str(made.json()["id"]))
    if "{manual_line_id}" in path:
        path = path.replace("{manual_line_id}", str(owner.post("/v1/manual_lines", entry(customer_id)).json()["id"]))
    if "{microsoft_invoice_id}" in path:
        made = owner.post("/v1/microsoft_invoices", {**INVOICE, "number": f"G{secrets.token_hex(4)}"})
        path = path.replace("{microsoft_invoice_id}", str(made.json()["id"]))
    if "{price_book_id}" in path:
        path = path.replace("{price_book_id}", str(book(owner)["id"]))
    if "{price_book_assignment_id}" in path:
        path = path.replace("{price_book_assignment_id}", str(assigned(owner, customer_id)["id"]))
    if "{price_book_account_assignment_id}" in path:
        account = priced(owner, assigned(owner, customer_id)["id"], [secrets.token_hex(8)])
        account_id = account["price_book_account_assignments"][0]["id"]
        path = path.replace("{price_book_account_assignment_id}", str(account_id))
    if "{dry_run_id}" in path:
        path = path.replace("{dry_run_id}", str(noted_dry_run(world, customer_id, book(owner)["id"])))
    if "{run_id}" in path:
        path = path.replace("{run_id}", str(owner.post("/v1/runs", {"billing_period": "2024-09"}).json()["run_id"]))
    if "{data_set_id}" in path:
        path = path.replace("{data_set_id}", str(imported(world, customer_id)))
    if "{user_id}" in path:
        path = path.replace("{user_id}", str(_user(owner)))
    if route.method == "DELETE" and path.endswith("/password"):
        assert owner.put(path, _password(owner, world)).is_success
    if route.method == "DELETE" and path.endswith("/subject"):
        assert owner.put(path, _subject(owner, world)).is_success
    if "{api_key_id}" in path:
        made = owner.post("/v1/api_keys", {"user_id": _user(owner)})
        path = path.replace("{api_key_id}", str(made.json()["id"]))
    if "{audit_entry_number}" in path:
        path = path.replace("{audit_entry_number}", str(_entries(owner, 0)[-1]["number"]))
    return path


def _entries(admin: ApiClient, after: int) -> list[dict[str, Any]]:
    """What the audit trail has behind the entry of this number."""
    answer = admin.get("/v1/audit_entries", params={"after_id": after, "per_page": 1000})
    entries: list[dict[str, Any]] = answer.json()["audit_entries"]
    return entries


def _user(owner: ApiClient) -> int:
    return int(owner.post("/v1/users", {"name": "Somebody", "role": "read_only"}).json()["id"])


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert {(route.method, route.path) for route in ROUTES} == set(ROWS)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_answers_each_kind_of_caller_as_its_row_says(
    route: Route, anyone: ApiClient, api: ApiClient, world: World
) -> None:
    row = ROWS[route.method, route.path]
    body, path = row.sent(api, world), path_of(route, api, world, world.customer_id)
    for kind, status in zip(KINDS, row.statuses, strict=True):
        answer = anyone.with_key(world.keys[kind]).request(route.method, path, json=body)
        assert (kind, answer.status_code) == (kind, status), answer.text
        if "customer" in kind:
            told = answer.text + str(answer.headers)
            hidden = "Indigo" if kind == "other_customer" else "Neighbour"
            assert hidden not in told
            assert '"margin_percentage":' not in told or route.permission is None
        if route.changes and answer.is_success:
            # What this caller did cannot be done again.
            body, path = row.sent(api, world), path_of(route, api, world, world.customer_id)
    without_key = anyone.request(route.method, path, json=body)
    assert without_key.status_code == (200 if route.permission is None else 401)


_TRIALS = ("/v1/price_books/dry_run", "/v1/what_if", "/v1/month_comparison")
_ACTS = [one for one in ROUTES if one.changes and one.path not in _TRIALS]


@pytest.mark.parametrize("route", _ACTS, ids=lambda one: f"{one.method} {one.path}")
def test_a_change_leaves_one_entry_done_or_refused_and_nothing_else_leaves_any(
    route: Route, anyone: ApiClient, api: ApiClient, world: World
) -> None:
    row = ROWS[route.method, route.path]
    path = path_of(route, api, world, world.customer_id)
    body = row.sent(api, world)
    if row.first:
        assert api.put(f"{row.first}/{world.customer_id}", body).is_success
    last = _entries(api, 0)[-1]["number"]
    reason = {"X-Reason": "Ticket 7: wie gewünscht".encode(), "X-Request-Id": "audited"}

    def told_by(caller: ApiClient, query: str, status: int, at: str = path) -> dict[str, Any] | None:
        """The one entry that a call left; ``None`` for none."""
        nonlocal last
        answer = caller.request(route.method, at + query, json=body, headers=reason)
        assert answer.status_code == status, answer.text
        left = _entries(api, last)
        last += len(left)
        assert len(left) < 2
        return left[0] if left else None

    def must_be_refused(entry: dict[str, Any] | None, code: str, role: str = "admin") -> None:
        assert entry is not None
        assert (entry["act"], entry["outcome"], entry["refusal"]["code"]) == (route.act, "refused", code)
        assert (entry["before"], entry["after"], entry["by"]["role"]) == (None, None, role)

    assert told_by(anyone, "", 401) is None
    must_be_refused(told_by(api, "?no_such_parameter=1", 422), "invalid_request")
    must_be_refused(told_by(anyone.with_key(world.keys["read_only"]), "", 403), "forbidden", "read_only")
    if route.id_names:
        unknown = re.sub(r"\{\w+\}", "999999999", route.path)
        entry = told_by(api, "", 404, at=unknown)
        assert entry is not None
        assert (entry["outcome"], entry["subject_id"]) == ("refused", 999999999)
    if any(parameter.name == "dry_run" for parameter in route.parameters):
        assert told_by(api, "?dry_run=true", min(route.answers)) is None
        assert told_by(api, "?dry_run=true&no_such_parameter=1", 422) is None
    done = told_by(api, "", 204 if 204 in route.answers else min(route.answers))
    assert done is not None, "record the change in the service: see CONTRIBUTING.md, Recipes"
    assert (done["act"], done["outcome"], done["refusal"]) == (route.act, "done", None)
    assert (done["request_id"], done["reason"]) == ("audited", "Ticket 7: wie gewünscht")
    assert done["by"]["key_id"] is not None
    assert done["subject_id"] is not None
    assert done["before"] is not None or done["after"] is not None


_OF_DRAWN_IDS = [one for one in ROUTES if one.id_names and _COUNTED not in one.id_names]


@pytest.mark.parametrize("route", _OF_DRAWN_IDS, ids=lambda one: f"{one.method} {one.path}")
def test_another_partners_id_looks_exactly_like_an_unknown_one(route: Route, api: ApiClient, world: World) -> None:
    body = ROWS[route.method, route.path].sent(api, world)
    told = []
    foreign = path_of(route, api.with_key(world.keys["other_partner"]), world, world.foreign_customer_id)
    for path in (foreign, re.sub(r"\{\w+\}", "999999999999", route.path)):
        answer = api.request(route.method, path, json=body, headers={"X-Request-Id": "same"})
        told.append((answer.status_code, re.sub(r"[0-9]{9,}", "N", answer.text)))
    assert told[0] == told[1]
    assert told[0][0] == 404


def test_the_filter_never_widens_and_never_contradicts(anyone: ApiClient, api: ApiClient, world: World) -> None:
    one, two = world.customer_id, world.neighbour_id
    assert api.get(f"/v1/customers/{one}?client_api_id={one}").status_code == 200
    assert api.get(f"/v1/customers/{one}?client_api_id={two}").json()["fields"].keys() == {"client_api_id"}
    assert api.get(f"{LIST}?client_api_id={world.foreign_customer_id}").status_code == 404
    assert api.get(f"{LIST}?client_api_id=abc").status_code == 404
    assert api.get(f"/v1/customers/1?client_api_id={two}").status_code == 404
    own = anyone.with_key(world.keys["own_customer"])
    assert own.get(f"{LIST}?client_api_id={one}").status_code == 200
    assert own.get(f"{LIST}?client_api_id={two}").status_code == 404
    assert own.get(f"/v1/customers?client_api_id={one}").status_code == 403
    api.put(f"/v1/azure_partner_customer_accounts/add/{two}", {"azure_customer_ids": ["ab123"]})
    assert api.get(f"{LIST}?client_api_id={one}").headers["X-Total"] == "0"
    assert api.get(f"{LIST}?client_api_id={two}").headers["X-Total"] == "1"


def test_a_customers_key_sees_its_own_accounts_only(anyone: ApiClient, api: ApiClient, world: World) -> None:
    add = "/v1/azure_partner_customer_accounts/add"
    api.put(f"{add}/{world.customer_id}", {"azure_customer_ids": ["ab123"]})
    api.put(f"{add}/{world.neighbour_id}", {"azure_customer_ids": ["fgh345"]})
    seen = anyone.with_key(world.keys["own_customer"]).get(LIST)
    assert seen.headers["X-Total"] == "1"
    assert "ab123" in seen.text
    assert "fgh345" not in seen.text
