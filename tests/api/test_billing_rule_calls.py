"""Partner billing rules over HTTP: what was asked for comes back, and what cannot be is refused whole."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.world import RULE, World

BASE = "/v1/partner_billing_rules"
SUPPORT = {
    "name": "Business support",
    "cloud": "aws",
    "billing_rule_type": "custom_tier",
    "rule_action": "custom_tier",
    "rule_scope": "per_billing_family",
    "support_tier": "business",
    "pricing_info": {"min_fee": 100, "min_spend_range": [0, 10000, "80000", 250000], "min_spend_rate": [10, 7, 5, 3]},
}
SHARE = {
    "name": "Customer markup",
    "cloud": "azure",
    "billing_rule_type": "custom",
    "rule_action": "spend_ratio",
    "start_month": "2024-05",
    "frequency": "recurring",
    "product_name": "markup",
    "product_description": "one line\nand another",
    "type": "charge",
    "apply_rate_in_percentage": 5,
}


def made(api: ApiClient, body: dict[str, Any]) -> dict[str, Any]:
    """The rule that ``body`` makes, as it is answered."""
    answer = api.post(BASE, body)
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


def changed(api: ApiClient, rule: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The rule after a change."""
    answer = api.put(f"{BASE}/{rule['id']}", body)
    assert answer.status_code == 200, answer.text
    kept: dict[str, Any] = answer.json()
    assert api.get(f"{BASE}/{rule['id']}").json() == kept
    return kept


def test_a_fee_is_answered_with_every_documented_key(api: ApiClient, world: World) -> None:
    answer = api.post(BASE, {**RULE, "add_csp_customers": [world.customer_id], "favourite_colour": "blue"})
    rule = answer.json()
    assert answer.status_code == 201
    assert 10**8 <= rule["id"] < 10**9
    assert rule == {
        "id": rule["id"],
        "name": "Managed service",
        "cloud": "azure",
        "billing_rule_type": "custom",
        "rule_action": "flat_fee",
        "rule_scope": "per_account",
        "support_tier": "developer",
        "csp_customers": [world.customer_id],
        "target_customers": [],
        "enterprise_agreements": {},
        "flat_fee_cost": 1000,
        "rate_in_percentage": 0,
        "charge_percentage_discount": 0,
        "pricing_info": {"min_fee": 0, "min_spend_range": [], "min_spend_rate": []},
        "start_month": "2024-10",
        "end_month": None,
        "frequency": "one_time",
        "product_name": "Managed service",
        "product_description": "Watching over it, day and night",
        "type": "charge",
        "add_spend_as_custom_line_item": False,
        "add_spend_ratio_as_custom_line_item": False,
        "currency": None,
        "created_at": "2024-10-15T12:00:00Z",
        "updated_at": "2024-10-15T12:00:00Z",
    }
    assert '"flat_fee_cost":1000.00,' in answer.text
    assert api.get(f"{BASE}/{rule['id']}").text == answer.text
    listed = api.get(BASE)
    assert listed.json() == {"partner_billing_rules": [rule]}
    assert listed.headers["X-Total"] == "1"


def test_the_published_samples_are_taken(api: ApiClient, world: World) -> None:
    one, two = world.customer_id, world.neighbour_id
    support = made(api, {**SUPPORT, "add_target_customers": [one, str(two)]})
    assert (support["billing_rule_type"], support["rule_action"]) == ("support", "custom_tier")
    assert (support["rule_scope"], support["support_tier"]) == ("per_billing_family", "business")
    assert support["target_customers"] == [one, two]
    assert support["pricing_info"] == {
        "min_fee": 100,
        "min_spend_range": [0, 10000, 80000, 250000],
        "min_spend_rate": [10, 7, 5, 3],
    }
    markup = made(api, {**SHARE, "cloud": "aws", "add_target_customers": "all"})
    assert (markup["rate_in_percentage"], markup["target_customers"]) == (5, "all")
    fee = made(
        api,
        {
            **RULE,
            "add_csp_customers": [one],
            "add_enterprise_agreements": {str(two): [234, 456], str(one): ["457"]},
            "start_month": "2019-05",
        },
    )
    assert fee["enterprise_agreements"] == {str(two): [234, 456], str(one): [457]}
    assert fee["start_month"] == "2019-05"
    change = {
        "name": "Customer markup 23",
        "remove_csp_customers": [one],
        "add_enterprise_agreements": {str(two): [2]},
        "start_month": "2019-06",
        "frequency": "one_time",
    }
    kept = changed(api, fee, change)
    assert (kept["name"], kept["start_month"], kept["csp_customers"]) == ("Customer markup 23", "2019-06", [])
    assert kept["enterprise_agreements"] == {str(two): [234, 456, 2], str(one): [457]}


def test_a_rule_of_either_cloud_takes_customers_under_both_names(api: ApiClient, world: World) -> None:
    one, two = world.customer_id, world.neighbour_id
    aws = made(api, {**SHARE, "cloud": "aws", "add_csp_customers": [one]})
    assert (aws["csp_customers"], aws["target_customers"]) == ([one], [])
    azure = made(api, {**RULE, "add_target_customers": "all", "add_csp_customers": [two]})
    assert (azure["csp_customers"], azure["target_customers"]) == ([two], "all")
    kept = changed(api, azure, {"remove_target_customers": "all", "add_target_customers": [one]})
    assert (kept["csp_customers"], kept["target_customers"]) == ([two], [one])
    for customer_id, rules in ((one, {aws["id"], azure["id"]}), (two, {azure["id"]})):
        listed = api.get(f"{BASE}?client_api_id={customer_id}").json()["partner_billing_rules"]
        assert {rule["id"] for rule in listed} == rules


@pytest.mark.parametrize(
    ("body", "answered"),
    [
        ({**RULE, "apply_flat_fee_cost": "12.345678901234"}, {"flat_fee_cost": Decimal("12.345678901234")}),
        ({**RULE, "apply_flat_fee_cost": "0.0000000000005"}, {"flat_fee_cost": Decimal("0.000000000001")}),
        ({**RULE, "apply_flat_fee_cost": "1e3", "currency": "JPY"}, {"flat_fee_cost": 1000, "currency": "JPY"}),
        ({**RULE, "apply_flat_fee_cost": "9999999999999999.9"}, {"flat_fee_cost": Decimal("9999999999999999.9")}),
        ({**RULE, "type": "credit", "frequency": "recurring", "end_month": "2024-12"}, {"end_month": "2024-12"}),
        ({**SHARE, "apply_rate_in_percentage": "99899.9999"}, {"rate_in_percentage": Decimal("99899.9999")}),
        (
            {**SHARE, "add_spend_ratio_as_custom_line_item": "true"},
            {"add_spend_as_custom_line_item": True, "add_spend_ratio_as_custom_line_item": True},
        ),
        (
            {"name": "D", "cloud": "aws", "billing_rule_type": "support", "rule_action": "percentage_discount"}
            | {"charge_percentage_discount": 100, "product_name": None},
            {"charge_percentage_discount": 100, "rate_in_percentage": 0, "product_name": ""},
        ),
        (
            {"name": "F", "cloud": "aws", "billing_rule_type": "support", "rule_action": "flat_fee"}
            | {"flat_fee_cost": 0, "support_tier": "enterprise"},
            {"flat_fee_cost": 0, "support_tier": "enterprise"},
        ),
        (
            {"name": "L", "cloud": "aws", "billing_rule_type": "support", "rule_action": "list_price"},
            {"rule_action": "list_price"},
        ),
    ],
)
def test_what_was_asked_for_comes_back_exactly(
    api: ApiClient, body: dict[str, Any], answered: dict[str, object]
) -> None:
    answer = api.post(BASE, body)
    assert answer.status_code == 201, answer.text
    rule = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)
    assert {key: rule[key] for key in answered} == answered


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "cloud", "billing_rule_type", "rule_action"}),
        (
            {**RULE, "name": " ", "product_name": "", "product_description": None},
            {"name", "product_name", "product_description"},
        ),
        ({**SUPPORT, "cloud": "azure"}, {"billing_rule_type"}),
        ({**RULE, "cloud": "gcp", "rule_action": "give_away", "type": "gift"}, {"cloud", "rule_action", "type"}),
        ({**RULE, "rule_action": "list_price"}, {"rule_action"}),
        ({**SUPPORT, "rule_action": "spend_ratio"}, {"rule_action"}),
        ({**RULE, "apply_flat_fee_cost": None}, {"apply_flat_fee_cost"}),
        ({**RULE, "apply_flat_fee_cost": -1}, {"apply_flat_fee_cost"}),
        ({**RULE, "apply_flat_fee_cost": 10**16}, {"apply_flat_fee_cost"}),
        ({**RULE, "apply_flat_fee_cost": "1e999999999"}, {"apply_flat_fee_cost"}),
        ({**RULE, "apply_flat_fee_cost": "1,000"}, {"apply_flat_fee_cost"}),
        ({**RULE, "apply_flat_fee_cost": True}, {"apply_flat_fee_cost"}),
        ({**RULE, "apply_rate_in_percentage": 5}, {"apply_rate_in_percentage"}),
        ({**RULE, "add_spend_ratio_as_custom_line_item": True}, {"add_spend_ratio_as_custom_line_item"}),
        ({**RULE, "support_tier": "business"}, {"support_tier"}),
        ({**RULE, "currency": "XXX"}, {"currency"}),
        ({**SHARE, "currency": "EUR"}, {"currency"}),
        ({**SHARE, "apply_rate_in_percentage": "5.00001"}, {"apply_rate_in_percentage"}),
        ({**SHARE, "apply_rate_in_percentage": 99900}, {"apply_rate_in_percentage"}),
        ({**SUPPORT, "type": "credit"}, {"type"}),
        (
            {**SUPPORT, "rule_action": "percentage_discount", "charge_percentage_discount": "100.5"},
            {"charge_percentage_discount", "pricing_info"},
        ),
        ({**RULE, "end_month": "2024-12"}, {"end_month"}),
        ({**RULE, "frequency": "recurring", "end_month": "2024-09"}, {"end_month"}),
        ({**RULE, "start_month": "2024-13"}, {"start_month"}),
        ({**RULE, "start_month": "2024-10-01"}, {"start_month"}),
        ({**SUPPORT, "pricing_info": {}}, {"pricing_info.min_fee", "pricing_info.min_spend_range"}),
        (
            {**SUPPORT, "pricing_info": {"min_fee": -1, "min_spend_range": [0, 10, 10], "min_spend_rate": [1, "x"]}},
            {"pricing_info.min_fee", "pricing_info.min_spend_range[2]", "pricing_info.min_spend_rate[1]"},
        ),
        (
            {**SUPPORT, "pricing_info": {"min_fee": -1, "min_spend_range": [0, 10, 10], "min_spend_rate": [1, 2]}},
            {"pricing_info.min_fee", "pricing_info.min_spend_range[2]", "pricing_info.min_spend_rate"},
        ),
        ({**SHARE, "cloud": "aws", "add_enterprise_agreements": {"1": [1]}}, {
            "add_enterprise_agreements", "add_enterprise_agreements.1"
        }),
        ({**RULE, "add_csp_customers": [123456789, "x", 0]}, {f"add_csp_customers[{place}]" for place in range(3)}),
        ({**RULE, "add_csp_customers": [123456789]}, {"add_csp_customers[0]"}),
        ({**RULE, "add_enterprise_agreements": [1]}, {"add_enterprise_agreements"}),
        ({**RULE, "add_enterprise_agreements": {"x": [1]}}, {"add_enterprise_agreements.x"}),
        (
            {**RULE, "add_enterprise_agreements": {"x": [1], "y": [""], "123456789": [1]}},
            {f"add_enterprise_agreements.{one}" for one in ("x", "y", "y[0]", "123456789")},
        ),
        ({**RULE, "add_enterprise_agreements": {"123456789": [1]}}, {"add_enterprise_agreements.123456789"}),
        ({**RULE, "add_enterprise_agreements": {"1": [""]}}, {"add_enterprise_agreements.1[0]"}),
    ],
)  # fmt: skip
def test_a_faulty_rule_is_refused_with_all_its_faults(api: ApiClient, body: dict[str, Any], fields: set[str]) -> None:
    answer = api.post(BASE, body)
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == fields
    assert api.get(BASE).json() == {"partner_billing_rules": []}


def test_faults_of_shape_of_meaning_and_of_the_record_are_told_together(api: ApiClient, world: World) -> None:
    made(api, RULE)
    body = {**RULE, "apply_flat_fee_cost": "much", "end_month": "2024-12", "add_csp_customers": [5], "currency": "???"}
    answer = api.post(f"{BASE}?dryrun=true", body)
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == {
        "dryrun", "apply_flat_fee_cost", "name", "end_month", "add_csp_customers[0]", "currency",
    }  # fmt: skip
    foreign = api.post(BASE, {**RULE, "name": "Other", "add_csp_customers": [world.foreign_customer_id]})
    assert foreign.json()["fields"].keys() == {"add_csp_customers[0]"}


def test_a_change_touches_only_what_it_names(api: ApiClient, world: World) -> None:
    rule = made(api, {**SHARE, "add_csp_customers": [world.customer_id]})
    kept = changed(api, rule, {"apply_rate_in_percentage": "4.5", "end_month": "2024-12"})
    assert kept == {**rule, "rate_in_percentage": 4.5, "end_month": "2024-12"}
    once = api.put(f"{BASE}/{rule['id']}", {"frequency": "one_time"})
    assert once.json()["fields"].keys() == {"end_month"}
    kept = changed(api, rule, {"frequency": "one_time", "end_month": ""})
    assert (kept["frequency"], kept["end_month"]) == ("one_time", None)
    assert changed(api, rule, {"product_description": "", "name": None} | {"product_description": "new"}) == {
        **kept, "product_description": "new",
    }  # fmt: skip
    assert api.put(f"{BASE}/{rule['id']}", {"product_name": ""}).json()["fields"].keys() == {"product_name"}


def test_what_was_answered_can_be_sent_back(api: ApiClient, world: World) -> None:
    bodies: tuple[dict[str, Any], ...] = (RULE, SHARE, SUPPORT)
    for number, body in enumerate(bodies):
        rule = made(api, {**body, "name": f"Rule {number}"})
        sent_back = {**rule, "end_month": rule["end_month"] or ""}
        assert changed(api, rule, sent_back) == rule


def test_a_fee_is_not_changed_under_the_name_that_answers_have_it_by(api: ApiClient) -> None:
    rule = made(api, {**RULE, "apply_flat_fee_cost": "12.50"})
    path = f"{BASE}/{rule['id']}"
    refused = api.put(path, {"flat_fee_cost": 99})
    assert (refused.status_code, refused.json()["fields"].keys()) == (422, {"flat_fee_cost"})
    assert api.put(path, {"flat_fee_cost": "12.5"}).json()["flat_fee_cost"] == 12.5
    assert api.put(path, {"flat_fee_cost": 12.5, "apply_flat_fee_cost": 99}).json()["flat_fee_cost"] == 99


def test_cloud_type_and_action_never_change(api: ApiClient) -> None:
    rule = made(api, SUPPORT)
    same = {"cloud": "aws", "billing_rule_type": "custom_tier", "rule_action": "custom_tier"}
    assert changed(api, rule, same) == rule
    other = api.put(
        f"{BASE}/{rule['id']}",
        {"cloud": "azure", "billing_rule_type": "custom", "rule_action": "flat_fee", "name": "New name"},
    )
    assert other.status_code == 422
    assert other.json()["fields"].keys() == {"cloud", "billing_rule_type", "rule_action"}
    assert api.get(f"{BASE}/{rule['id']}").json() == rule


def test_customers_come_and_go(api: ApiClient, world: World) -> None:
    one, two = world.customer_id, world.neighbour_id
    rule = made(api, {**RULE, "add_csp_customers": [one, one, str(two)]})
    assert rule["csp_customers"] == [one, two]
    path = f"{BASE}/{rule['id']}"
    for _ in range(2):
        assert changed(api, rule, {"remove_csp_customers": [one]})["csp_customers"] == [two]
    for _ in range(2):
        assert changed(api, rule, {"add_csp_customers": f"{one}, {two}"})["csp_customers"] == [two, one]
    contrary = api.put(path, {"add_csp_customers": [one], "remove_csp_customers": [two, one]})
    assert contrary.json()["fields"].keys() == {"remove_csp_customers[1]"}
    assert changed(api, rule, {"add_csp_customers": "all"})["csp_customers"] == "all"
    but = api.put(path, {"remove_csp_customers": [one]})
    assert but.json()["fields"].keys() == {"remove_csp_customers"}
    narrowed = {"remove_csp_customers": "all", "add_csp_customers": [one]}
    assert changed(api, rule, narrowed)["csp_customers"] == [one]
    agreed = changed(api, rule, {"add_enterprise_agreements": {str(one): [1, 2], str(two): "3"}})
    assert agreed["enterprise_agreements"] == {str(one): [1, 2], str(two): [3]}
    left = changed(api, rule, {"remove_enterprise_agreements": {str(one): [1, 9], str(two): [3]}})
    assert left["enterprise_agreements"] == {str(one): [2]}


def test_an_agreement_is_named_by_number_or_by_text(api: ApiClient, world: World) -> None:
    one, text = str(world.customer_id), "5de7d0ae-2b44-48a7-9a5f-0a7b1c8d9e10:1111a2b3-0000-4444_2019-05-31"
    path = f"/providers/Microsoft.Billing/billingAccounts/{text.upper()}"
    asked = [8611537, "8611538", path, f" {text} ", "/providers/Microsoft.Billing/billingAccounts/77", "0042"]
    rule = made(api, {**RULE, "add_enterprise_agreements": {one: asked}})
    assert rule["enterprise_agreements"] == {one: [8611537, 8611538, text, 77, "0042"]}
    assert api.get(f"{BASE}/{rule['id']}").json()["enterprise_agreements"] == rule["enterprise_agreements"]
    left = changed(api, rule, {"remove_enterprise_agreements": {one: f"77, {text.upper()},8611538"}})
    assert left["enterprise_agreements"] == {one: [8611537, "0042"]}
    faulty: list[Any] = ["", "x" * 129, "a\tb", 1.5, True, 0, {}]
    for wrong in faulty:
        told = api.post(BASE, {**RULE, "name": "Other", "add_enterprise_agreements": {one: ["ok", wrong]}})
        assert told.json()["fields"].keys() == {f"add_enterprise_agreements.{one}[1]"}, wrong


def test_the_filter_shows_rules_that_are_for_the_customer(api: ApiClient, world: World) -> None:
    one, two = world.customer_id, world.neighbour_id
    rules = {
        "one": made(api, {**RULE, "name": "one", "add_csp_customers": [one]}),
        "agreement": made(api, {**RULE, "name": "agreement", "add_enterprise_agreements": {str(one): [7]}}),
        "two": made(api, {**RULE, "name": "two", "add_csp_customers": [two]}),
        "all": made(api, {**RULE, "name": "all", "add_csp_customers": "all"}),
        "nobody": made(api, {**RULE, "name": "nobody"}),
    }
    shown = api.get(f"{BASE}?client_api_id={one}").json()["partner_billing_rules"]
    assert {rule["name"] for rule in shown} == {"one", "agreement", "all"}
    assert api.get(f"{BASE}?client_api_id={world.foreign_customer_id}").status_code == 404
    path = f"{BASE}/{rules['two']['id']}?client_api_id={one}"
    assert {api.get(path).status_code, api.put(path, {"name": "x"}).status_code, api.delete(path).status_code} == {404}
    assert api.get(f"{BASE}/{rules['all']['id']}?client_api_id={one}").status_code == 200


def test_a_deleted_rule_is_gone_and_its_name_free(api: ApiClient) -> None:
    rule = made(api, RULE)
    path = f"{BASE}/{rule['id']}"
    assert api.post(BASE, RULE).json()["fields"] == {"name": "is the name of another billing rule"}
    gone = api.delete(path)
    assert (gone.status_code, gone.content, "Content-Type" in gone.headers) == (204, b"", False)
    assert {api.delete(path).status_code, api.get(path).status_code, api.put(path, {}).status_code} == {404}
    again = made(api, RULE)
    assert again["id"] != rule["id"]
    gone = api.delete(f"{BASE}/{again['id']}", headers={"Accept": "application/json, */*"})
    assert (gone.status_code, gone.json()) == (200, {})


def test_an_unknown_rule_comes_before_what_is_wrong_with_the_body(api: ApiClient) -> None:
    path = f"{BASE}/123456789"
    assert api.put(path, {"cloud": 5}).status_code == 404
    assert api.request("PUT", path, content=b"{", headers={"Content-Type": "text/plain"}).status_code == 404
    assert api.request("PUT", path, content=b"{", headers={"Content-Length": str(17 * 1024**2)}).status_code == 404
    assert api.delete(f"{path}?force=true").status_code == 404
    rule = made(api, RULE)
    assert api.delete(f"{BASE}/{rule['id']}?force=true").json()["fields"].keys() == {"force"}


def test_names_are_kept_composed_and_free_for_the_rule_itself(api: ApiClient) -> None:
    rule = made(api, {**RULE, "name": "Cafe\u0301"})
    assert rule["name"] == "Caf\u00e9"
    assert changed(api, rule, {"name": "Cafe\u0301"}) == rule
    other = made(api, {**RULE, "name": "Tea"})
    assert api.put(f"{BASE}/{other['id']}", {"name": "Caf\u00e9"}).json()["fields"].keys() == {"name"}
