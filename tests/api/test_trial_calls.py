"""What-if over the API, and names of a price book that no line has."""

from decimal import Decimal
from typing import Any

from rebill.model.sync import SyncOutcome, SyncPart, SyncResult
from rebill.model.what_if import WhatIf
from rebill.services.trials.what_if import what_if
from rebill.store.scope import Scope
from rebill.store.syncs import begin_sync, end_sync
from tests.api.client import ApiClient
from tests.api.price_book_steps import BOOKS, SPECIFICATION, book, september
from tests.api.world import SUBSCRIPTIONS, World
from tests.services.months import SEPTEMBER

WHAT_IF = "/v1/what_if"
MONTH = {"billing_period": "2024-09"}


def _tried(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.put(WHAT_IF, {**MONTH, **changes})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_markup_is_tried_and_nothing_is_stored(api: ApiClient, world: World) -> None:
    september(api, world)
    before = api.get("/v1/audit_entries").headers["X-Total"]
    found = _tried(api, client_api_id=world.customer_id, billing_enabled=True, markup_percent="10")
    (row,) = found["customers"]
    assert (row["customer"], row["now"]["price"], row["then"]["price"]) == ("Indigo", "0.00", "122.10")
    assert row["then"] == {"price": "122.10", "cost": "88.800000000000", "margin": "33.300000000000"}
    assert [(one["currency"], one["price_difference"]) for one in found["totals"]] == [("USD", "122.10")]
    order = WhatIf(SEPTEMBER, world.customer_id, billing_enabled=True, markup_percent=Decimal(10))
    same = what_if(world.installation, world.partner, order)
    assert [one.then for one in same.services] == [Decimal(one["then"]) for one in found["services"]]
    assert api.get("/v1/customer_statements").json() == {"billing_artifacts": []}
    assert api.get("/v1/audit_entries").headers["X-Total"] == before


def test_books_accounts_rules_and_amounts_are_tried_together(api: ApiClient, world: World) -> None:
    september(api, world)
    rule = {
        "name": "Fee",
        "cloud": "azure",
        "billing_rule_type": "custom",
        "rule_action": "flat_fee",
        "apply_flat_fee_cost": "3.5",
        "add_csp_customers": "all",
        "product_name": "Fee",
        "product_description": "A fee",
        "start_month": "2024-09",
    }
    found = _tried(
        api,
        client_api_id=str(world.neighbour_id),
        billing_enabled=True,
        specification=SPECIFICATION,
        azure_subscription_ids=[f"/subscriptions/{SUBSCRIPTIONS[1]}"],
        effective_from="2024-09-01",
        partner_billing_rule=rule,
        manual_line={"amount": "2", "cost": "1"},
    )
    (row,) = found["customers"]
    assert (row["customer_id"], row["then"]["price"]) == (world.neighbour_id, "6.60")


def test_every_fault_is_named_as_the_call_names_its_fields(api: ApiClient, world: World) -> None:
    told = api.put(WHAT_IF, MONTH)
    assert (told.status_code, set(told.json()["fields"])) == (422, {"body", "billing_period"})
    september(api, world)
    wrong = {
        "client_api_id": world.foreign_customer_id,
        "fallback_markup_percent": "-1",
        "margin_floor_percent": "100",
        "markup_percent": "-101",
        "replaces_price_book_id": 1,
        "without_partner_billing_rule_ids": [1],
        "partner_billing_rule": {"name": "Fee"},
        "manual_line": {"amount": 0},
        "without_manual_line_ids": [1],
    }
    told = api.put(WHAT_IF, {**MONTH, **wrong})
    assert told.status_code == 422
    named = {field.partition(".")[0] for field in told.json()["fields"]}
    assert named == set(wrong)
    told = api.put(WHAT_IF, {**MONTH, "markup": 3, "effective_from": "2024-02-30", "charge_kinds": ["none"]})
    assert set(told.json()["fields"]) == {"markup", "effective_from", "charge_kinds[0]"}
    told = api.put(WHAT_IF, {**MONTH, "basis": "list", "to_nobody": True})
    assert set(told.json()["fields"]) == {"to_nobody"}
    accounts = {"billing_account_owner_ids": ["a"], "basis": "list"}
    told = api.put(WHAT_IF, {**MONTH, **accounts})
    assert set(told.json()["fields"]) == {"price_book_id", "billing_account_owner_ids"}


def test_an_unknown_field_is_refused_whatever_stands_in_it(api: ApiClient) -> None:
    for value in (None, "", 1):
        told = api.put("/v1/partner_settings", {"": value, "curency": value})
        assert (told.status_code, set(told.json()["fields"])) == (422, {"body", "curency"})
    assert api.put("/v1/partner_settings", {"currency": None}).status_code == 200


def test_names_that_no_line_has_but_for_the_case_of_letters(api: ApiClient, world: World) -> None:
    spelt = SPECIFICATION.replace('productName="ANY"', 'productName="storage"')
    book_id = book(api, specification=spelt)["id"]
    path = f"{BOOKS}/{book_id}/near_misses"
    assert api.get(path).json() == {"month": None, "near_misses": [], "rates_passed_over": [], "fault": ""}
    september(api, world)
    found = api.get(path).json()
    (miss,) = found["near_misses"]
    assert (found["month"], miss["asked"], miss["meant"]) == ("2024-09", "storage", "Storage")
    assert (miss["rule_position"], miss["rule"], miss["element"]) == (1, "Everything", "Product")
    assert 'did you mean "Storage"?' in miss["sentence"]


def test_syncs_are_listed_the_newest_first(api: ApiClient, anyone: ApiClient, world: World) -> None:
    now = world.installation.clock()
    with world.installation.database.writing() as connection:
        scope = Scope.of(connection, world.partner)
        for part in SyncPart:
            sync_id = begin_sync(scope, part, now)
            end_sync(scope, sync_id, now, SyncOutcome.DONE, SyncResult({"new": 2}), ("", ""))
    listed = api.get("/v1/syncs").json()["syncs"]
    assert {one["part"] for one in listed} == set(SyncPart)
    assert (listed[0]["outcome"], listed[0]["counts"], listed[0]["duration_seconds"]) == ("done", {"new": 2}, 0.0)
    assert len(api.get("/v1/syncs?limit=1").json()["syncs"]) == 1
    assert anyone.with_key(world.keys["other_partner"]).get("/v1/syncs").json() == {"syncs": []}


def test_subscriptions_move_without_a_day_between(api: ApiClient, world: World) -> None:
    moved = {"azure_ids": [SUBSCRIPTIONS[0]]}
    base = "/v1/azure_subscriptions"
    assert api.put(f"{base}/add/{world.customer_id}?effective_from=2024-10-01", moved).status_code == 200
    query = "effective_from=2024-10-10&detail=true"
    answer = api.put(f"{base}/move/{world.neighbour_id}?{query}", moved).json()
    assert [one["effective_from"] for one in answer["details"]] == ["2024-10-10"]
    was = api.get(f"{base}/list/{world.customer_id}?history=true&detail=true").json()["details"]
    assert [one["effective_to"] for one in was] == ["2024-10-10"]
    told = api.put(f"{base}/move/{world.neighbour_id}", {**moved, "day": 3})
    assert (told.status_code, set(told.json()["fields"])) == (422, {"day"})


def test_guards_of_the_partner_are_tried_on_all_that_have_none_of_their_own(api: ApiClient, world: World) -> None:
    september(api, world)
    terms = {"client_api_id": world.customer_id, "billing_enabled": True}
    (free,) = _tried(api, **terms)["customers"]
    (held,) = _tried(api, **terms, partner_guards={"margin_floor_percent": "50"})["customers"]
    cost, price = Decimal(free["then"]["cost"]), Decimal(free["then"]["price"])
    assert (Decimal(held["then"]["price"]), Decimal(held["then"]["cost"])) == (max(price, 2 * cost), cost)
    refused = api.put(WHAT_IF, {**MONTH, "partner_guards": {"margin_floor_percent": "100"}})
    assert refused.json()["fields"].keys() == {"partner_guards.margin_floor_percent"}
