"""What holds for every list, and for everything that is read: pages, links, compression, entity tags.

The lists come from the route table: a list that is not filled here fails.
"""

import gzip
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from rebill.api.paging import PAGING
from rebill.api.route import Route
from rebill.api.routes import ROUTES
from tests.api.client import BASE, ApiClient
from tests.api.cost_steps import imported
from tests.api.price_book_steps import ACCOUNTS, ASSIGNMENTS, assigned, book, priced
from tests.api.world import ADD, ADDRESS, INVOICE, LIST, RULE, SUBSCRIPTIONS, World, drawn_statement, entry
from tests.conftest import SettableClock

LISTS = [route for route in ROUTES if PAGING[0] in route.parameters]
CUSTOMERS = "/v1/customers"
TAG = re.compile(r'W/"[0-9a-f]{32}"')


def _assign(api: ApiClient, world: World) -> None:
    assert api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123", "fgh345"]}).status_code == 207


def _bind(api: ApiClient, world: World) -> None:
    path = f"/v1/azure_subscriptions/add/{world.customer_id}"
    assert api.put(path, {"azure_ids": list(SUBSCRIPTIONS[:2])}).status_code == 200


def _draw_up(_api: ApiClient, world: World) -> None:
    for month in ("2024-08", "2024-09"):
        drawn_statement(world.installation, world.customer_id, month=month)


def _make_rules(api: ApiClient, _world: World) -> None:
    for name in ("One", "Two"):
        api.post("/v1/partner_billing_rules", {**RULE, "name": name})


def _make_books(api: ApiClient, world: World) -> None:
    for _ in range(2):
        priced(api, assigned(api, world.customer_id, book(api)["id"])["id"], [f"account {_}"])


def _enter_lines(api: ApiClient, world: World) -> None:
    for _ in range(2):
        assert api.post("/v1/manual_lines", entry(world.customer_id)).status_code == 201


def _enter_invoices(api: ApiClient, _world: World) -> None:
    for number in ("G1", "G2"):
        assert api.post("/v1/microsoft_invoices", {**INVOICE, "number": number}).status_code == 201


def _allocate(api: ApiClient, world: World) -> None:
    body = {"commitment_discount_ids": ["reservation-1", "reservation-2"]}
    assert api.put(f"/v1/cost_allocations/add/{world.customer_id}", body).status_code == 200


def _nothing(_api: ApiClient, _world: World) -> None:
    pass


def _import(_api: ApiClient, world: World) -> None:
    for _ in range(2):
        imported(world, world.customer_id)


_ASSIGNED_TO_ONE = f"{LIST}/{{client_api_id}}"
FILLED: Mapping[str, Callable[[ApiClient, World], None]] = {
    LIST: _assign,
    _ASSIGNED_TO_ONE: _assign,
    "/v1/azure_subscriptions/list/{client_api_id}": _bind,
    "/v1/cost_allocations/list": _allocate,
    "/v1/cost_allocations/list/{client_api_id}": _allocate,
    "/v1/customer_statements": _draw_up,
    "/v1/data_sets": _import,
    "/v1/partner_billing_rules": _make_rules,
    "/v1/manual_lines": _enter_lines,
    "/v1/microsoft_invoices": _enter_invoices,
    "/v1/price_books": _make_books,
    ASSIGNMENTS: _make_books,
    ACCOUNTS: _make_books,
    # The world has these already.
    CUSTOMERS: _nothing,
    "/v2/customers": _nothing,
    "/v1/azure_partner_customers": _nothing,
    "/v1/users": _nothing,
    "/v1/api_keys": _nothing,
    "/v1/audit_entries": _nothing,
}
"""What makes each list longer than one element."""


def _filled(route: Route, api: ApiClient, world: World) -> str:
    """The address of a list that has something in it."""
    FILLED[route.path](api, world)
    # That a key is used is remembered after the first call with it, and shown among the keys.
    api.get(LIST)
    return f"{BASE}{route.path.replace('{client_api_id}', str(world.customer_id))}"


def _elements(content: Any) -> list[Any]:
    """The list in an answer, bare or under its one key."""
    if isinstance(content, list):
        return content
    (elements,) = [part for part in content.values() if isinstance(part, list)]
    return list(elements)


def _links(text: str) -> dict[str, str]:
    return {relation: address for address, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', text)}


def test_every_list_is_filled_here() -> None:
    assert {route.path for route in LISTS} == set(FILLED)


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)
def test_every_list_tells_its_length_its_page_and_where_the_others_are(
    route: Route, api: ApiClient, world: World
) -> None:
    address = _filled(route, api, world)
    whole = api.get(address)
    total = len(_elements(whole.json()))
    assert total >= 2
    assert (whole.headers["X-Total"], whole.headers["X-Page"], whole.headers["X-Per-Page"]) == (str(total), "1", "30")
    assert whole.headers["Cache-Control"] == "private, no-cache"
    assert re.fullmatch(r"[0-9a-f]{32}", whole.headers["X-Request-Id"])

    api_key = world.keys["admin"]
    second = api.get(f"{address}?per_page=1&page=2&api_key={api_key}&client_api_id={world.customer_id}")
    assert api_key not in str(second.headers)
    second = api.get(f"{address}?per_page=1&page=2")
    assert _elements(second.json()) == _elements(whole.json())[1:2]
    links = _links(second.headers["Link"])
    assert links.keys() == {"first", "prev", "last"} | ({"next"} if total > 2 else set())
    assert _elements(api.get(links["prev"]).json()) == _elements(whole.json())[:1]
    assert _elements(api.get(links["last"]).json()) == _elements(whole.json())[-1:]

    assert api.get(f"{address}?per_page=5000").headers["X-Per-Page"] == "1000"
    past = api.get(f"{address}?page=1000")
    assert (past.status_code, _elements(past.json()), past.headers["X-Total"]) == (200, [], str(total))
    for query in ("page=0", "per_page=0", "page=x", "after_id=x"):
        assert api.get(f"{address}?{query}").json()["fields"].keys() == {query.partition("=")[0]}


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)
def test_every_list_is_paged_by_key_too(route: Route, api: ApiClient, world: World) -> None:
    address = _filled(route, api, world)
    whole = _elements(api.get(address).json())
    met: list[Any] = []
    follow = f"{address}?after_id=0&per_page=1"
    while follow:
        page = api.get(follow)
        assert not {"X-Total", "X-Page"} & {name.title() for name in page.headers}
        met += _elements(page.json())
        follow = _links(page.headers.get("Link", "")).get("next", "")
    assert met == whole


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)
def test_every_list_that_was_not_changed_is_answered_without_a_body(route: Route, api: ApiClient, world: World) -> None:
    address = f"{_filled(route, api, world)}?per_page=1"
    for accepted in ("gzip", "identity"):
        encoding = {"Accept-Encoding": accepted}
        first = api.get(address, headers=encoding)
        tag = first.headers["ETag"]
        assert TAG.fullmatch(tag)
        again = api.get(address, headers={**encoding, "If-None-Match": tag, "X-Request-Id": "again"})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["ETag"], again.headers["X-Request-Id"]) == (tag, "again")
        for name in ("X-Total", "X-Page", "X-Per-Page", "Link", "Cache-Control"):
            assert again.headers[name] == first.headers[name]
        assert not {"content-type", "content-length", "content-encoding"} & set(again.headers)
        head = api.request("HEAD", address, headers={**encoding, "If-None-Match": tag})
        assert (head.status_code, head.headers["ETag"]) == (304, tag)


def test_a_list_that_became_longer_has_another_tag_on_every_page(api: ApiClient, clock: SettableClock) -> None:
    page = f"{CUSTOMERS}?per_page=1"
    before = api.get(page)
    clock.now += timedelta(seconds=1)
    api.post(CUSTOMERS, {"name": "One more", "address": ADDRESS})
    after = api.get(page, headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, after.content) == (200, before.content)
    assert (before.headers["X-Total"], after.headers["X-Total"]) == ("2", "3")
    assert api.get(page, headers={"If-None-Match": after.headers["ETag"]}).status_code == 304


def test_one_thing_is_tagged_too_and_kept_by_no_cache(api: ApiClient, world: World) -> None:
    path = f"{CUSTOMERS}/{world.customer_id}"
    first = api.get(path)
    assert first.headers["Cache-Control"] == "private, no-store"
    asked = {"If-None-Match": first.headers["ETag"]}
    assert api.get(path, headers=asked).status_code == 304
    api.put(path, {"billing_contact": "Ann"})
    assert (api.get(path, headers=asked).status_code, api.get(path).json()["billing_contact"]) == (200, "Ann")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("{tag}", 304),
        ("{strong}", 304),
        ('"x", {tag}', 304),
        ('W/"x" ,{tag}, "y"', 304),
        ("*", 304),
        ('"a,b",{tag}', 304),
        ('"x"', 200),
        ("", 200),
        ("{bare}", 200),
        ('"*"', 200),
        ('"{bare}', 200),
        ("{upper}", 200),
    ],
)
def test_the_header_is_read_as_the_standard_says(api: ApiClient, asked: str, status: int) -> None:
    tag = api.get(LIST).headers["ETag"]
    strong = tag.removeprefix("W/")
    text = asked.format(tag=tag, strong=strong, bare=strong.strip('"'), upper=tag.replace('"', '"A', 1))
    assert api.get(LIST, headers={"If-None-Match": text}).status_code == status


def test_callers_who_see_different_things_never_share_a_tag(anyone: ApiClient, api: ApiClient, world: World) -> None:
    for path in (LIST, "/v1/customer_statements"):
        tags = {kind: anyone.with_key(key).get(path).headers["ETag"] for kind, key in world.keys.items()}
        # All lists are empty and alike, byte for byte.
        assert len(set(tags.values())) == len(tags)
        for kind, key in world.keys.items():
            others = ", ".join(tag for other, tag in tags.items() if other != kind)
            assert anyone.with_key(key).get(path, headers={"If-None-Match": others}).status_code == 200
    assert "Authorization" in api.get(LIST).headers["Vary"]


def test_what_is_refused_or_changes_something_has_no_tag(api: ApiClient, world: World) -> None:
    refused = api.get(f"{LIST}?page=0", headers={"If-None-Match": "*"})
    assert (refused.status_code, "ETag" in refused.headers) == (422, False)
    missing = api.get(f"{CUSTOMERS}/123456789", headers={"If-None-Match": "*"})
    assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "private, no-store")
    made = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123"]}, headers={"If-None-Match": "*"})
    assert (made.status_code, "ETag" in made.headers) == (207, False)


def test_a_statement_in_another_form_has_another_tag(api: ApiClient, world: World) -> None:
    path = f"/v1/customer_statements/{drawn_statement(world.installation, world.customer_id)}"
    tags = {
        accept: api.get(path, headers={"Accept": accept}).headers["ETag"] for accept in ("application/json", "text/csv")
    }
    assert len(set(tags.values())) == 2
    asked = {"Accept": "text/csv", "If-None-Match": tags["application/json"]}
    assert api.get(path, headers=asked).status_code == 200
    assert api.get(path, headers={**asked, "If-None-Match": tags["text/csv"]}).status_code == 304


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.2", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("br, GZIP ;Q=0", False),
        ("identity", False),
        ("", False),
    ],
)
def test_longer_answers_are_compressed_for_whoever_accepts_it(
    api: ApiClient, world: World, accepted: str, is_compressed: bool
) -> None:
    for number in range(10):
        api.post(CUSTOMERS, {"name": f"Customer {number}", "address": ADDRESS})
    told = api.get(CUSTOMERS, headers={"Accept-Encoding": accepted})
    assert (told.headers.get("Content-Encoding") == "gzip") == is_compressed
    assert len(told.json()["customers"]) == 12
    assert "Accept-Encoding" in told.headers["Vary"]
    assert (told.headers["X-Total"], told.headers["Link"].count("rel=")) == ("12", 2)
    assert int(told.headers["Content-Length"]) == (
        len(gzip.compress(told.content, 5, mtime=0)) if is_compressed else len(told.content)
    )
