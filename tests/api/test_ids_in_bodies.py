"""An id of another partner in a body or a query is told of as one that nobody has is."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.world import RULE, World

UNKNOWN = 404404404
SPECIFICATION = '<CHTBillingRules date="2024-01-01"/>'
MONTH = "2024-09"


def _book(caller: ApiClient) -> int:
    made = caller.post("/v1/price_books", {"book_name": "Silver", "specification": SPECIFICATION})
    return int(made.json()["price_book"]["id"])


def _assignment(caller: ApiClient, book_id: int, customer_id: int) -> int:
    body = {"price_book_id": book_id, "target_client_api_id": customer_id}
    return int(caller.post("/v1/price_book_assignments", body).json()["id"])


Body = Callable[[int, int, int], dict[str, Any]]
"""A body with an id, that of a customer of one's own, and that of a price book."""

OF_CUSTOMER: dict[str, tuple[str, str, Body]] = {
    "assignment of a book": (
        "POST",
        "/v1/price_book_assignments",
        lambda one, _, book: {"price_book_id": book, "target_client_api_id": one},
    ),
    "user": (
        "POST",
        "/v1/users",
        lambda one, _, __: {"name": "Ann", "role": "customer_read_only", "customer_id": one},
    ),
    "dry run": (
        "PUT",
        "/v1/price_books/dry_run",
        lambda one, _, book: {"price_book_id": book, "customer_id": one, "month": MONTH},
    ),
    "rule": ("POST", "/v1/partner_billing_rules", lambda one, _, __: {**RULE, "add_csp_customers": [one]}),
    "agreement": (
        "POST",
        "/v1/partner_billing_rules",
        lambda one, _, __: {**RULE, "add_enterprise_agreements": {str(one): ["e-1"]}},
    ),
    "statements": ("GET", "/v1/customer_statements?client_api_id={}", lambda *_: {}),
    "customers after": ("GET", "/v1/customers?after_id={}", lambda *_: {}),
    "margins": ("GET", "/v1/margins?from=2024-09&to=2024-09&client_api_id={}", lambda *_: {}),
}
OF_BOOK: dict[str, tuple[str, str, Body]] = {
    "assignment of a book": (
        "POST",
        "/v1/price_book_assignments",
        lambda one, own, _: {"price_book_id": one, "target_client_api_id": own},
    ),
    "dry run": (
        "PUT",
        "/v1/price_books/dry_run",
        lambda one, own, _: {"price_book_id": one, "customer_id": own, "month": MONTH},
    ),
    "books after": ("GET", "/v1/price_books?after_id={}", lambda *_: {}),
}


def _told(api: ApiClient, world: World, call: tuple[str, str, Body], one: int) -> tuple[int, str]:
    method, path, body = call
    sent = body(one, world.customer_id, _own_book(api))
    answer = api.request(method, path.format(one), json=sent or None, headers={"X-Request-Id": "same"})
    return answer.status_code, json.dumps(answer.json()).replace(str(one), "N")


def _own_book(api: ApiClient) -> int:
    books = api.get("/v1/price_books").json()
    return int(books[0]["id"]) if books else _book(api)


@pytest.mark.parametrize("name", OF_CUSTOMER)
def test_another_partners_customer(name: str, api: ApiClient, world: World) -> None:
    told = [_told(api, world, OF_CUSTOMER[name], one) for one in (world.foreign_customer_id, UNKNOWN)]
    assert told[0] == told[1]
    assert told[0][0] in (404, 422)


@pytest.mark.parametrize("name", OF_BOOK)
def test_another_partners_price_book(name: str, api: ApiClient, world: World) -> None:
    foreign = _book(api.with_key(world.keys["other_partner"]))
    told = [_told(api, world, OF_BOOK[name], one) for one in (foreign, UNKNOWN)]
    assert told[0] == told[1]
    assert told[0][0] in (404, 422)


def test_another_partners_assignment_and_user(api: ApiClient, world: World) -> None:
    stranger = api.with_key(world.keys["other_partner"])
    assignment = _assignment(stranger, _book(stranger), world.foreign_customer_id)
    user = stranger.post("/v1/users", {"name": "Ann", "role": "admin"}).json()["id"]
    calls: dict[int, tuple[str, str, Body]] = {
        assignment: (
            "POST",
            "/v1/price_book_account_assignments",
            lambda one, _, __: {"price_book_assignment_id": one, "billing_account_owner_id": "ALL"},
        ),
        user: ("POST", "/v1/api_keys", lambda one, _, __: {"user_id": one}),
    }
    for foreign, call in calls.items():
        told = [_told(api, world, call, one) for one in (foreign, UNKNOWN)]
        assert told[0] == told[1]
        assert told[0][0] == 422
