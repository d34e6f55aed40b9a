"""A customer's terms over the API: month by month, changed from a month on, never for what is issued."""

from tests.api.client import ApiClient
from tests.api.world import World, drawn_statement

AGREED = {
    "from_month": None,
    "billing_enabled": True,
    "basis": "list",
    "commitments": "as_bought",
    "fallback_markup_percent": "0",
    "carry_forward": False,
    "late_cost": "partner",
    "cap_at_list": None,
    "floor_at_cost": None,
    "margin_floor_percent": None,
    "home_currency": None,
}


def test_terms_change_from_a_month_on_and_for_good(api: ApiClient, world: World) -> None:
    path = f"/v1/customers/{world.customer_id}/terms"
    agreed = {**AGREED, "billing_enabled": api.get(path).json()["terms"][0]["billing_enabled"]}
    assert api.get(path).json() == {"client_api_id": world.customer_id, "changeable_from": None, "terms": [agreed]}
    october = {**agreed, "from_month": "2024-10", "carry_forward": True, "fallback_markup_percent": "2.5"}
    change = {"from_month": "2024-10", "carry_forward": True, "fallback_markup_percent": "2.50"}
    assert api.put(path, change).json()["terms"] == [agreed, october]
    both = {
        "basis": "billed",
        "late_cost": "next",
        "cap_at_list": True,
        "floor_at_cost": True,
        "margin_floor_percent": "12.5",
        "home_currency": "EUR",
    }
    changed = api.put(path, both).json()["terms"]
    assert changed == [{**agreed, **both}, {**october, **both}]
    given_up = api.put(path, {"cap_at_list": None, "margin_floor_percent": None, "floor_at_cost": False}).json()[
        "terms"
    ]
    guards = {"cap_at_list": None, "margin_floor_percent": None, "floor_at_cost": False}
    assert given_up == [{**agreed, **both, **guards}, {**october, **both, **guards}]
    assert api.put(path, {"home_currency": None}).json()["terms"][-1]["home_currency"] is None
    assert api.put(path, {"home_currency": "Euro"}).json()["fields"].keys() == {"home_currency"}


def test_every_fault_of_terms_is_told_at_once(api: ApiClient, world: World) -> None:
    path = f"/v1/customers/{world.customer_id}/terms"
    faulty = {"basis": "cost", "late_cost": "never", "fallback_markup_percent": "1.00001", "book": 7, "from_month": "x"}
    assert api.put(path, faulty).json()["fields"].keys() == faulty.keys()
    assert api.put(path, {"fallback_markup_percent": "1.00001"}).json()["fields"] == {
        "fallback_markup_percent": "a percent has at most four decimals"
    }
    assert api.put(path, {"from_month": "2024-10"}).json()["fields"].keys() == {"from_month"}


def test_terms_of_an_issued_month_never_change(api: ApiClient, world: World) -> None:
    drawn_statement(world.installation, world.customer_id, final=True)
    path = f"/v1/customers/{world.customer_id}/terms"
    assert api.get(path).json()["changeable_from"] == "2024-10"
    assert api.put(path, {"basis": "billed", "from_month": "2024-09"}).json()["fields"].keys() == {"from_month"}
    assert [one["from_month"] for one in api.put(path, {"basis": "billed"}).json()["terms"]] == [None, "2024-10"]


def test_guards_of_the_partner_change_from_a_month_on_and_are_audited(api: ApiClient, world: World) -> None:
    path = "/v1/partner_guards"
    assert api.get(path).json() == {"changeable_from": None, "guards": []}
    floor = {"from_month": "2024-10", "cap_at_list": False, "floor_at_cost": True, "margin_floor_percent": "0"}
    assert api.put(path, {"floor_at_cost": True, "from_month": "2024-10"}).json()["guards"] == [floor]
    margin = {"cap_at_list": False, "margin_floor_percent": "12.5"}
    changed = [{"from_month": None, "floor_at_cost": False, **margin}, {**floor, **margin}]
    assert api.put(path, {"margin_floor_percent": "12.50"}).json()["guards"] == changed
    assert api.get(path).json() == {"changeable_from": None, "guards": changed}
    entry = api.get("/v1/audit_entries", params={"per_page": 1000}).json()["audit_entries"][-1]
    assert entry["act"] == "change_partner_guards"
    drawn_statement(world.installation, world.customer_id, final=True)
    assert api.get(path).json()["changeable_from"] == "2024-10"
    for faulty in ({"from_month": "2024-09", "cap_at_list": True}, {"from_month": "2024-11"}, {"from_month": "soon"}):
        assert api.put(path, faulty).json()["fields"].keys() == {"from_month"}
    assert api.put(path, {"margin_floor_percent": 100, "more": 1}).json()["fields"].keys() == {
        "margin_floor_percent",
        "more",
    }
