"""All faults of a body at once: a part that cannot be read hides nothing that is wrong beside it."""

from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.price_book_steps import assigned
from tests.api.world import ADDRESS, INVOICE, RULE, World, entry

TIERS = {"min_fee": "x", "min_spend_range": [10, 5], "min_spend_rate": [1]}
TIER_RULE = {
    "name": "Support",
    "cloud": "aws",
    "billing_rule_type": "support",
    "rule_action": "custom_tier",
    "start_month": "2024-09",
}
LONG = "y" * 3_000
_MADE: list[tuple[str, dict[str, Any], set[str]]] = [
    ("/v1/users", {"name": "", "role": "x"}, {"name", "role"}),
    ("/v1/users", {"name": "", "email": "x"}, {"name", "role", "email"}),
    # Whether it takes a customer depends on the role, which cannot be read.
    ("/v1/users", {"name": 5, "role": "x", "customer_id": 7}, {"name", "role"}),
    ("/v1/api_keys", {"user_id": "x", "name": LONG, "expires_at": "2001-01-01"}, {"user_id", "name", "expires_at"}),
    (
        "/v1/customers",
        {"name": "f", "address": {"zipcode": 1.5}},
        {f"address.{part}" for part in ("street1", "city", "state", "zipcode", "country")},
    ),
    (
        "/v1/customers",
        {"name": "", "address": {**ADDRESS, "city": 5, "country": ""}, "tags": [{"key": "", "value": LONG}]},
        {"name", "address.city", "address.country", "tags[0].key", "tags[0].value"},
    ),
    (
        "/v1/customers",
        {"name": "f", "address": ADDRESS, "tags": [{"key": "a"}, {"key": "a", "value": LONG}, {"key": [], "value": 1}]},
        {"tags[1].key", "tags[1].value", "tags[2].key"},
    ),
    (
        "/v1/customers",
        {"name": "f", "address": "here", "partner_billing_configuration": {"enabled": "yes", "folder": "../x"}},
        {"address", "partner_billing_configuration.enabled", "partner_billing_configuration.folder"},
    ),
    (
        "/v1/partner_billing_rules",
        {**TIER_RULE, "pricing_info": TIERS},
        {"pricing_info.min_fee", "pricing_info.min_spend_range[1]", "pricing_info.min_spend_rate"},
    ),
    (
        "/v1/partner_billing_rules",
        {**TIER_RULE, "pricing_info": {**TIERS, "min_fee": 1, "min_spend_range": [0, "x"]}},
        {"pricing_info.min_spend_range[1]"},
    ),
    (
        "/v1/partner_billing_rules",
        {**RULE, "name": "", "apply_flat_fee_cost": "x", "add_csp_customers": ["x", 5]},
        {"name", "apply_flat_fee_cost", "add_csp_customers[0]"},
    ),
    (
        "/v1/manual_lines",
        {**entry(1), "amount": "x", "reason": "", "currency": "XYZ"},
        {"client_api_id", "amount", "reason", "currency"},
    ),
    (
        "/v1/manual_lines",
        {"billing_period": "2024", "reason": ""},
        {"client_api_id", "billing_period", "amount", "reason"},
    ),
    ("/v1/microsoft_invoices", {**INVOICE, "total": "x", "currency": "XYZ"}, {"total", "currency"}),
    ("/v1/microsoft_invoices", {**INVOICE, "number": 5, "amends": LONG}, {"number", "amends"}),
    ("/v1/price_books", {"book_name": 5, "specification": "<x/>"}, {"book_name", "specification[line 1]"}),
    (
        "/v1/price_book_assignments",
        {"price_book_id": 7, "target_client_api_id": 7, "start_month": "2024"},
        {"price_book_id", "target_client_api_id", "start_month"},
    ),
    # Nothing is said of a customer that cannot be read.
    (
        "/v1/price_book_assignments",
        {"customer_id": True, "end_month": 5},
        {"customer_id", "price_book_id", "end_month"},
    ),
    (
        "/v1/price_book_account_assignments",
        {"price_book_assignment_id": 7, "billing_account_owner_ids": ["a", ""]},
        {"price_book_assignment_id", "billing_account_owner_ids[1]"},
    ),
    (
        "/v1/price_book_account_assignments",
        {"price_book_assignment_id": "x"},
        {"price_book_assignment_id", "billing_account_owner_id"},
    ),
]


@pytest.mark.parametrize(("path", "body", "fields"), _MADE)
def test_what_is_to_be_made_is_told_all_that_is_wrong(
    api: ApiClient, path: str, body: dict[str, Any], fields: set[str]
) -> None:
    answer = api.post(path, body)
    assert (answer.status_code, set(answer.json()["fields"])) == (422, fields), answer.text


def test_what_is_to_change_is_told_all_that_is_wrong(api: ApiClient, world: World) -> None:
    def fields(path: str, body: dict[str, Any]) -> set[str]:
        answer = api.put(path, body)
        assert answer.status_code == 422, answer.text
        return set(answer.json()["fields"])

    customer = f"/v1/customers/{world.customer_id}"
    configuration = {"enabled": "yes", "folder": "../x"}
    assert fields(customer, {"partner_billing_configuration": configuration}) == {
        "partner_billing_configuration.enabled",
        "partner_billing_configuration.folder",
    }
    assert fields(customer, {"tags": [{"key": "", "value": LONG}]}) == {"tags[0].key", "tags[0].value"}
    rule = {"category": "X", "reason_code": LONG, "percent": "x"}
    assert fields("/v1/tax_rules", rule) == {"category", "reason_code", "percent"}
    assert fields("/v1/tax_rules", {"category": "X", "percent": 200}) == {"category"}


def test_a_changed_assignment_of_a_book_is_told_all_that_is_wrong(api: ApiClient, world: World) -> None:
    assignment = assigned(api, world.customer_id)
    changed = {"price_book_id": 7, "customer_id": world.customer_id + 1, "start_month": "x", "end_month": "2024-01"}
    answer = api.put(f"/v1/price_book_assignments/{assignment['id']}", changed)
    fields = {"price_book_id", "customer_id", "start_month"}
    assert (answer.status_code, set(answer.json()["fields"])) == (422, fields), answer.text


def test_a_dry_run_is_told_all_that_is_wrong(api: ApiClient) -> None:
    asked = {"price_book_id": 7, "customer_id": 7, "month": "x", "upload_to_s3": "yes"}
    answer = api.put("/v1/price_books/dry_run", asked)
    assert (answer.status_code, set(answer.json()["fields"])) == (422, set(asked)), answer.text


def test_a_key_that_is_given_twice_hides_nothing_beside_it(api: ApiClient, world: World) -> None:
    body = f'{{"tags": [{{"key": "", "value": "a", "value": "{LONG}"}}], "billing_contact": 5}}'
    answer = api.request("PUT", f"/v1/customers/{world.customer_id}", content=body.encode())
    assert answer.json()["fields"].keys() == {"tags[0].key", "tags[0].value", "billing_contact"}
