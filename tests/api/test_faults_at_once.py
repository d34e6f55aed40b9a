"""All faults of a body at once: a part that cannot be read hides nothing that is wrong beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from rebill.api.route import Route
from rebill.api.routes import ROUTES
from tests.api.client import ApiClient
from tests.api.proof_steps import proven_month
from tests.api.test_callers import path_of
from tests.api.world import ADDRESS, INVOICE, RULE, SUBSCRIPTIONS, World, entry

TIERS = {"min_fee": "x", "min_spend_range": [10, 5], "min_spend_rate": [1]}
TIER_RULE = {
    "name": "Support",
    "cloud": "aws",
    "billing_rule_type": "support",
    "rule_action": "custom_tier",
    "start_month": "2024-09",
}
LONG = "y" * 3_000


@dataclass(frozen=True)
class Faulty:
    """A body with faults of form and of meaning, and the ``fields`` that an answer names; ``query``: its parameters."""

    body: Mapping[str, Any]
    fields: set[str]
    query: str = ""


_UNREAD_ACCOUNTS = Faulty(
    {"azure_customer_ids": [5, ""]},
    {"azure_customer_ids[0]", "azure_customer_ids[1]", "X-Reason"},
    "correct_issued=true",
)
_ALL_OF_COMMITMENTS = {"commitment_discount_ids[0]", "commitment_discount_ids"}
_NO_ACCOUNTS = Faulty({}, {"azure_customer_ids", "X-Reason"}, "correct_issued=true")
_CHANGED_CUSTOMER = [
    Faulty(
        {"partner_billing_configuration": {"enabled": "yes", "folder": "../x"}},
        {"partner_billing_configuration.enabled", "partner_billing_configuration.folder"},
    ),
    Faulty({"tags": [{"key": "", "value": LONG}]}, {"tags[0].key", "tags[0].value"}),
]
_LINES = [
    Faulty({"kind": "weather", "client_api_id": 7}, {"billing_period", "reason", "kind", "client_api_id"}),
    Faulty(
        {"billing_period": "2024-09", "reason": " ", "client_api_id": 7, "lines": [5]},
        {"reason", "client_api_id", "lines[0]"},
    ),
]
_ROWS: dict[str, list[Faulty]] = {
    "POST /v1/users": [
        Faulty({"name": "", "role": "x"}, {"name", "role"}),
        Faulty({"name": "", "email": "x"}, {"name", "role", "email"}),
        Faulty({"name": 5, "role": "x", "customer_id": 7}, {"name", "role"}),
    ],
    "POST /v1/api_keys": [
        Faulty({"user_id": "x", "name": LONG, "expires_at": "2001-01-01"}, {"user_id", "name", "expires_at"}),
    ],
    "POST /v1/customers": [
        Faulty(
            {"name": "f", "address": {"zipcode": 1.5}},
            {f"address.{part}" for part in ("street1", "city", "state", "zipcode", "country")},
        ),
        Faulty(
            {"name": "", "address": {**ADDRESS, "city": 5, "country": ""}, "tags": [{"key": "", "value": LONG}]},
            {"name", "address.city", "address.country", "tags[0].key", "tags[0].value"},
        ),
        Faulty(
            {
                "name": "f",
                "address": ADDRESS,
                "tags": [{"key": "a"}, {"key": "a", "value": LONG}, {"key": [], "value": 1}],
            },
            {"tags[1].key", "tags[1].value", "tags[2].key"},
        ),
        Faulty(
            {"name": "f", "address": "here", "partner_billing_configuration": {"enabled": "yes", "folder": "../x"}},
            {"address", "partner_billing_configuration.enabled", "partner_billing_configuration.folder"},
        ),
    ],
    "POST /v1/partner_billing_rules": [
        Faulty(
            {**TIER_RULE, "pricing_info": TIERS},
            {"pricing_info.min_fee", "pricing_info.min_spend_range[1]", "pricing_info.min_spend_rate"},
        ),
        Faulty(
            {**TIER_RULE, "pricing_info": {**TIERS, "min_fee": 1, "min_spend_range": [0, "x"]}},
            {"pricing_info.min_spend_range[1]"},
        ),
        Faulty(
            {**RULE, "name": "", "apply_flat_fee_cost": "x", "add_csp_customers": ["x", 5]},
            {"name", "apply_flat_fee_cost", "add_csp_customers[0]", "add_csp_customers[1]"},
        ),
        Faulty(
            {**RULE, "add_csp_customers": "x, 5, 5, y, 6"},
            {f"add_csp_customers[{place}]" for place in range(5)},
        ),
    ],
    "POST /v1/manual_lines": [
        Faulty(
            {**entry(1), "amount": "x", "reason": "", "currency": "XYZ"},
            {"client_api_id", "amount", "reason", "currency"},
        ),
        Faulty({"billing_period": "2024", "reason": ""}, {"client_api_id", "billing_period", "amount", "reason"}),
    ],
    "POST /v1/microsoft_invoices": [
        Faulty({**INVOICE, "total": "x", "currency": "XYZ"}, {"total", "currency"}),
        Faulty({**INVOICE, "number": 5, "amends": LONG}, {"number", "amends"}),
    ],
    "POST /v1/price_books": [
        Faulty({"book_name": 5, "specification": "<x/>"}, {"book_name", "specification[line 1]"}),
    ],
    "POST /v1/price_book_assignments": [
        Faulty(
            {"price_book_id": 7, "target_client_api_id": 7, "start_month": "2024"},
            {"price_book_id", "target_client_api_id", "start_month"},
        ),
        Faulty({"customer_id": True, "end_month": 5}, {"customer_id", "price_book_id", "end_month"}),
    ],
    "POST /v1/price_book_account_assignments": [
        Faulty(
            {"price_book_assignment_id": 7, "billing_account_owner_ids": ["a", ""]},
            {"price_book_assignment_id", "billing_account_owner_ids[1]"},
        ),
        Faulty({"price_book_assignment_id": "x"}, {"price_book_assignment_id", "billing_account_owner_id"}),
    ],
    "PUT /v1/azure_partner_customer_accounts/add/{client_api_id}": [_UNREAD_ACCOUNTS, _NO_ACCOUNTS],
    "PUT /v1/azure_partner_customer_accounts/move/{client_api_id}": [_UNREAD_ACCOUNTS, _NO_ACCOUNTS],
    "PUT /v1/azure_partner_customer_accounts/remove/{client_api_id}": [
        _UNREAD_ACCOUNTS,
        Faulty(
            {"azure_customer_ids": [5, ""]},
            {"azure_customer_ids[0]", "azure_customer_ids[1]", "effective_to"},
            "withdraw=true&effective_to=2024-09-01",
        ),
    ],
    "PUT /v1/azure_subscriptions/add/{client_api_id}": [
        Faulty({"azure_ids": ["nobody", "", SUBSCRIPTIONS[0]]}, {"azure_ids[0]", "azure_ids[1]"}),
        Faulty({"azure_subscription_ids": [[], "nobody", {}]}, {f"azure_subscription_ids[{at}]" for at in range(3)}),
        Faulty({"azure_ids": [[], "nobody"]}, {"azure_ids[0]", "X-Reason"}, "correct_issued=true"),
        # Whether it is free depends on a day that cannot be read.
        Faulty({"azure_ids": [[], "nobody"]}, {"azure_ids[0]", "effective_from"}, "effective_from=x"),
        Faulty({"azure_ids": ["nobody"]}, {"azure_ids[0]", "dryrun"}, "dryrun=true"),
        Faulty({"azure_ids": 5}, {"azure_ids"}),
        Faulty({"azure_ids": 5, "azure_subscription_ids": ["nobody"]}, {"azure_ids"}),
    ],
    "PUT /v1/azure_subscriptions/move/{client_api_id}": [
        Faulty({"azure_ids": ["nobody", ""], "more": 1}, {"azure_ids[0]", "azure_ids[1]", "more"}),
        Faulty({"more": 1}, {"azure_ids", "more"}),
    ],
    "PUT /v1/azure_subscriptions/remove/{client_api_id}": [
        Faulty({"azure_ids": [SUBSCRIPTIONS[1], ""]}, {"azure_ids[0]", "azure_ids[1]"}),
    ],
    "PUT /v1/cost_allocations/add/{client_api_id}": [
        Faulty({"charge_kinds": ["weather", 5], "more": 1}, {"charge_kinds[0]", "charge_kinds[1]", "more"}),
        Faulty({"charge_kinds": 5}, {"charge_kinds"}),
        Faulty({"more": 1}, {"commitment_discount_ids", "more"}),
    ],
    "PUT /v1/cost_allocations/move/{client_api_id}": [
        Faulty(
            {"commitment_discount_ids": ["nobody", 5]},
            {"commitment_discount_ids[1]", "X-Reason"},
            "correct_issued=true",
        ),
        Faulty({"commitment_discount_ids": [5], "charge_kinds": ["purchase"]}, _ALL_OF_COMMITMENTS),
    ],
    "PUT /v1/cost_allocations/remove/{client_api_id}": [
        Faulty(
            {"commitment_discount_ids": [5, "reservation-1"]},
            {"commitment_discount_ids[0]", "commitment_discount_ids[1]"},
        ),
    ],
    "PUT /v1/customers/{client_api_id}": _CHANGED_CUSTOMER,
    "POST /v2/customers": [
        Faulty(
            {"name": "", "azure_customer_id": "nobody", "trial_expiration": "x"},
            {"name", "azure_customer_id", "trial_expiration"},
        ),
    ],
    "PUT /v2/customers/{client_api_id}": _CHANGED_CUSTOMER,
    "PUT /v1/customers/{client_api_id}/terms": [
        Faulty(
            {"basis": "x", "margin_floor_percent": 100, "home_currency": "XYZ"},
            {"basis", "margin_floor_percent", "home_currency"},
        ),
    ],
    "PUT /v1/customers/{client_api_id}/billing_details": [
        Faulty({"payment_days": "x", "language": "xx"}, {"payment_days", "language"}),
    ],
    "PUT /v1/letterhead": [Faulty({"payment_days": "x", "country": "Germany"}, {"payment_days", "country"})],
    "PUT /v1/partner_settings": [
        Faulty(
            {"currency": "XYZ", "close_day": "x", "tolerance_percent": -1},
            {"currency", "close_day", "tolerance_percent"},
        ),
    ],
    "PUT /v1/partner_guards": [
        Faulty({"cap_at_list": "x", "margin_floor_percent": 100}, {"cap_at_list", "margin_floor_percent"}),
    ],
    "PUT /v1/tax_rules": [
        Faulty({"category": "X", "reason_code": LONG, "percent": "x"}, {"category", "reason_code", "percent"}),
        Faulty({"category": "X", "percent": 200}, {"category"}),
        Faulty({"category": "E", "reason_code": "VATEX-EU-BOGUS", "percent": 1}, {"reason_code", "percent"}),
    ],
    "PUT /v1/what_if": [
        Faulty(
            {"client_api_id": 7, "markup_percent": -101, "basis": "x", "azure_subscription_ids": ["nobody"]},
            {"billing_period", "client_api_id", "markup_percent", "basis", "azure_subscription_ids"},
        ),
    ],
    "POST /v1/runs": [Faulty({"engine": "x", "client_api_id": 7}, {"billing_period", "engine", "client_api_id"})],
    "POST /v1/closings/finalize": [
        Faulty(
            {"billing_period": "x", "client_api_id": 7, "override": LONG},
            {"billing_period", "client_api_id", "override"},
        ),
        Faulty({"billing_period": "2024-09", "client_api_id": 7, "override": LONG}, {"client_api_id", "override"}),
    ],
    "POST /v1/closings/correct": [
        Faulty({"client_api_id": 7}, {"billing_period", "reason", "client_api_id"}),
        Faulty(
            {"billing_period": "x", "client_api_id": 7, "reason": " "}, {"billing_period", "reason", "client_api_id"}
        ),
    ],
    "POST /v1/customer_statements/{statement_id}/void": [Faulty({"reason": "", "more": 1}, {"reason", "more"})],
    "PUT /v1/customer_statements/{statement_id}/number": [
        Faulty({"invoice_id": LONG, "more": 1}, {"invoice_id", "more"}),
    ],
    "PUT /v1/attention_lines/accept": _LINES,
    "PUT /v1/attention_lines/reopen": _LINES,
    "PUT /v1/month_comparison": [
        Faulty({"totals": "customer,currency,total\nIndigo,USD,x\n", "more": 1}, {"totals[row 1]", "more"}),
        Faulty({"totals": "customer,currency,total\nIndigo,USD,x\n"}, {"totals[row 1]", "billing_period"}),
    ],
    "PUT /v1/partner_billing_rules/{partner_billing_rule_id}": [
        Faulty({"name": "", "apply_flat_fee_cost": "x"}, {"name", "apply_flat_fee_cost"}),
    ],
    "PUT /v1/price_books/{price_book_id}": [
        Faulty({"book_name": 5, "specification": "<x/>"}, {"book_name", "specification[line 1]"}),
    ],
    "PUT /v1/price_books/dry_run": [
        Faulty(
            {"price_book_id": 7, "customer_id": 7, "month": "x", "upload_to_s3": "yes"},
            {"price_book_id", "customer_id", "month", "upload_to_s3"},
        ),
    ],
    "PUT /v1/price_book_assignments/{price_book_assignment_id}": [
        Faulty(
            {"price_book_id": 7, "customer_id": 7, "start_month": "x", "end_month": "2024-01"},
            {"price_book_id", "customer_id", "start_month"},
        ),
    ],
    "PUT /v1/price_book_account_assignments/{price_book_account_assignment_id}": [
        Faulty(
            {"price_book_assignment_id": 7, "billing_account_owner_id": [5, ""]},
            {"price_book_assignment_id", "billing_account_owner_id[1]"},
        ),
        Faulty(
            {"price_book_assignment_id": 7, "billing_account_owner_ids": ["a", "b"]},
            {"price_book_assignment_id", "billing_account_owner_id"},
        ),
    ],
    "PUT /v1/users/{user_id}": [Faulty({"name": "", "role": "x", "email": "x"}, {"name", "role", "email"})],
    "PUT /v1/users/{user_id}/password": [
        Faulty({"password": "short", "sign_in_name": 5}, {"password", "sign_in_name"}),
        Faulty({"sign_in_name": LONG}, {"password", "sign_in_name"}),
    ],
    "PUT /v1/users/{user_id}/subject": [Faulty({"subject": "", "more": 1}, {"subject", "more"})],
    "POST /v1/api_keys/{api_key_id}/rotate": [
        Faulty({"overlap_seconds": "x", "expires_at": "2001-01-01"}, {"overlap_seconds", "expires_at"}),
    ],
}


def _is_judged(route: Route) -> bool:
    return route.body is not None and route.changes


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if _is_judged(one)], ids=lambda one: f"{one.method} {one.path}"
)
def test_a_body_is_told_all_that_is_wrong_with_it(api: ApiClient, world: World, route: Route) -> None:
    rows = _ROWS[f"{route.method} {route.path}"]
    path = path_of(route, api, world, world.customer_id)
    for row in rows:
        answer = api.request(route.method, f"{path}?{row.query}", json=row.body)
        assert (answer.status_code, set(answer.json()["fields"])) == (422, row.fields), answer.text


def test_every_row_is_of_a_call_that_takes_a_body() -> None:
    assert _ROWS.keys() == {f"{route.method} {route.path}" for route in ROUTES if _is_judged(route)}


def test_lines_that_need_no_attention_are_told_beside_what_cannot_be_read(api: ApiClient, world: World) -> None:
    place = proven_month(world).place
    body = {"billing_period": "2024-09", "reason": "", "lines": ["no.csv:1", 5, place]}
    for act in ("accept", "reopen"):
        answer = api.put(f"/v1/attention_lines/{act}", body)
        assert (answer.status_code, set(answer.json()["fields"])) == (422, {"reason", "lines[0]", "lines[1]"})


def test_a_key_that_is_given_twice_hides_nothing_beside_it(api: ApiClient, world: World) -> None:
    body = f'{{"tags": [{{"key": "", "value": "a", "value": "{LONG}"}}], "billing_contact": 5}}'
    answer = api.request("PUT", f"/v1/customers/{world.customer_id}", content=body.encode())
    assert answer.json()["fields"].keys() == {"tags[0].key", "tags[0].value", "billing_contact"}
