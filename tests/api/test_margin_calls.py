"""Margins over the API: the partner's own; no key of a customer reaches them."""

from rebill.services.billing.run_bill import run_bill
from tests.api.client import ApiClient
from tests.api.price_book_steps import september
from tests.api.world import World
from tests.services.months import SEPTEMBER


def test_margins_are_told_by_what_is_asked(api: ApiClient, world: World) -> None:
    september(api, world)
    enabled = {"partner_billing_configuration": {"enabled": True}}
    assert api.put(f"/v1/customers/{world.customer_id}", enabled).status_code == 200
    run_bill(world.installation, world.partner, SEPTEMBER)
    answer = api.get("/v1/margins")
    assert answer.status_code == 200
    assert answer.json()["margins"]
    for row in answer.json()["margins"]:
        assert set(row) == {
            "customer_id",
            "customer",
            "service",
            "billing_period",
            "price_book",
            "rule",
            "currency",
            "price",
            "cost",
            "margin",
            "margin_percentage",
        }
        assert row["customer"] is not None
    assert api.get("/v1/margins?by=service").json()["code"] == "month_required"
    assert api.get("/v1/margins?by=weather").status_code == 422
    assert api.get("/v1/margins?by=rule&billing_period=1999-01").json() == {"margins": []}
