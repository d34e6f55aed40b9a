"""A decoder that reuses its values never sees a key missing.

A published SDK decodes page after page into the same values, as Go's decoder allows: what an element lacks, and what
is null in it, keeps the value of the element that stood there before. So no list may ever leave a key out. The decoder
is imitated here, in the SDK's way (a page over the page before) and in a worse one (an element over the element
before), on lists whose elements differ in all that is optional.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from rebill.api.paging import PAGING
from rebill.api.routes import ROUTES
from rebill.services.acting.installation import Installation
from tests.api.client import ApiClient
from tests.api.clients.habits import habit
from tests.api.price_book_steps import ACCOUNTS, ASSIGNMENTS, assigned, priced
from tests.api.world import ADD, ADDRESS, LIST, RULE, SUBSCRIPTIONS, World, drawn_statement
from tests.services.steps import listed

LISTS = [route for route in ROUTES if PAGING[0] in route.parameters]
OUR_OWN = (
    "deleted_at",
    "corrects",
    "assigned_to",
    "effective_from",
    "effective_to",
    "start_month",
    "end_month",
    "currency",
)
"""Keys that the published API does not have: these may be null, and no published client has a place for them."""


def decoded(into: Any, value: Any) -> Any:
    """``value`` decoded over ``into``, which it changes, by the rules of Go's ``encoding/json``."""
    if value is None:
        return into
    if isinstance(value, dict):
        into = into if isinstance(into, dict) else {}
        for name, part in value.items():
            into[name] = decoded(into.get(name), part)
        return into
    if isinstance(value, list):
        stood = into if isinstance(into, list) else []
        return [decoded(stood[place] if place < len(stood) else None, part) for place, part in enumerate(value)]
    return value


def published(value: Any) -> Any:
    """``value`` without the keys of our own."""
    if isinstance(value, dict):
        return {name: published(part) for name, part in value.items() if name not in OUR_OWN or isinstance(part, dict)}
    return [published(part) for part in value] if isinstance(value, list) else value


def test_the_imitation_shows_what_a_missing_key_would_do() -> None:
    first = {"a": 1, "b": {"c": "x"}, "d": [{"e": 1}], "f": "kept"}
    second = {"a": 0, "b": {}, "d": [{}, {"e": 3}], "f": None}
    assert decoded(first, second) == {"a": 0, "b": {"c": "x"}, "d": [{"e": 1}, {"e": 3}], "f": "kept"}


def full_and_bare_customers(api: ApiClient, world: World) -> None:
    everything = {
        "name": "Full",
        "address": {**ADDRESS, "street2": "Floor 2"},
        "azure_customer_id": "four",
        "classification": "managed_with_access",
        "trial_expiration": "2030-01-01",
        "billing_contact": "x@full.example",
        "partner_billing_configuration": {"enabled": True, "folder": "full"},
        "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
    }
    drawn_statement(world.installation, api.post("/v2/customers", everything).json()["id"])
    api.post("/v2/customers", {"name": "Bare", "azure_customer_id": "five"})


def statements_of_all_kinds(_api: ApiClient, world: World) -> None:
    drawn_statement(world.installation, world.customer_id, month="2024-08", final=True)
    drawn_statement(world.installation, world.customer_id, ("AWS", "-3"), (None, "1"), month="2024-09", currency="JPY")
    drawn_statement(world.installation, world.neighbour_id, ("Microsoft", "0"), month="2024-09")


def assignments_with_and_without_days(api: ApiClient, world: World) -> None:
    api.put(f"{ADD}/{world.customer_id}?effective_from=2024-01-01", {"azure_customer_ids": ["ab123"]})
    api.put(f"{ADD}/{world.neighbour_id}", {"azure_customer_ids": ["fgh345"]})
    base = f"/v1/azure_subscriptions/add/{world.customer_id}"
    api.put(f"{base}?effective_from=2024-01-01", {"azure_ids": [SUBSCRIPTIONS[0]]})
    api.put(base, {"azure_ids": list(SUBSCRIPTIONS[1:])})


def a_catalogue_with_gaps(api: ApiClient, world: World) -> None:
    assignments_with_and_without_days(api, world)
    listed(world.installation, world.partner, "ab123")


def rules_of_all_kinds(api: ApiClient, _world: World) -> None:
    api.post("/v1/partner_billing_rules", RULE)
    bare = {"name": "Bare", "cloud": "aws", "billing_rule_type": "support", "rule_action": "suppress_charge"}
    made = api.post("/v1/partner_billing_rules", {**bare, "add_target_customers": "all"})
    assert made.status_code == 201, made.text


def books_for_some_months_and_accounts(api: ApiClient, world: World) -> None:
    priced(api, assigned(api, world.customer_id, start_month="2024-09", end_month="2024-12")["id"], ["a", "b"])
    priced(api, assigned(api, world.neighbour_id)["id"])


FILLED: dict[str, tuple[str, str, Callable[[ApiClient, World], None]]] = {
    "/v1/customers": ("customers", "", full_and_bare_customers),
    "/v2/customers": ("customers", "", full_and_bare_customers),
    "/v1/customer_statements": ("billing_artifacts", "", statements_of_all_kinds),
    LIST: ("azure_partner_customer_accounts", "", assignments_with_and_without_days),
    "/v1/azure_partner_customers": ("azure_partner_customers", "", a_catalogue_with_gaps),
    "/v1/azure_subscriptions/list/{client_api_id}": ("details", "detail=true", assignments_with_and_without_days),
    ASSIGNMENTS: ("price_book_assignments", "", books_for_some_months_and_accounts),
    ACCOUNTS: ("price_book_account_assignments", "", books_for_some_months_and_accounts),
    "/v1/partner_billing_rules": ("partner_billing_rules", "", rules_of_all_kinds),
}
"""By path: the list's key, the query, and what makes elements that differ."""


@habit("a decoder that keeps what the last element had where a key is missing")
@pytest.mark.parametrize("path", FILLED)
def test_a_decoder_that_reuses_its_values_never_sees_a_key_missing(api: ApiClient, world: World, path: str) -> None:
    key, query, fill = FILLED[path]
    fill(api, world)
    address = f"{path.replace('{client_api_id}', str(world.customer_id))}?{query}&per_page="
    elements: Sequence[Any] = api.get(f"{address}1000").json()[key]
    assert len(elements) >= 2
    for order in (elements, list(reversed(elements))):
        into: Any = None
        for element in order:
            into = decoded(into, element)
            assert published(into) == published(element)
    pages: Any = None
    for page in range(1, len(elements) + 1):
        answer = api.get(f"{address}1&page={page}").json()
        pages = decoded(pages, answer)
        assert published(pages) == published(answer)


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)
def test_every_list_promises_every_key_of_every_element(route: Any) -> None:
    """By the shapes themselves, so also for lists that are not filled here."""
    answers = [answer if isinstance(answer, tuple) else (answer,) for answer in route.answers.values()]
    shapes = [
        shape for answer in answers for shape in answer if isinstance(shape, type) and issubclass(shape, BaseModel)
    ]
    assert shapes
    _, schema = models_json_schema([(shape, "serialization") for shape in shapes])
    for name, definition in schema["$defs"].items():
        if "properties" in definition:
            assert set(definition.get("required", ())) == set(definition["properties"]), name


def test_numbers_of_a_statement_are_numbers_and_text_is_text(
    api: ApiClient, installation: Installation, world: World
) -> None:
    """The struct of the SDK: integers, a float, and text; anything else breaks its decoder."""
    drawn_statement(installation, world.customer_id)
    (artifact,) = api.get("/v1/customer_statements").json()["billing_artifacts"]
    kinds = {"id": int, "customer_id": int, "total_amount": float, "currency": dict, "corrects": type(None)}
    assert {name: type(value) for name, value in artifact.items()} == {name: kinds.get(name, str) for name in artifact}
    (customer, *_) = api.get("/v1/customers").json()["customers"]
    assert all(isinstance(part, str) for part in customer["address"].values())
    assert isinstance(customer["margin_percentage"], int | float)
