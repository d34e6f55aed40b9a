"""Proofs over the API: the partner's own; what they tell is what the services tell, and no customer's key has them."""

import pytest

from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.told import explanation_document
from tests.api.client import ApiClient
from tests.api.proof_steps import ProvenMonth, proven_month
from tests.api.world import World
from tests.rating.calculator import computed
from tests.services.accountant import cost
from tests.services.months import SEPTEMBER

BASE = "/v1/customer_statements"


@pytest.fixture
def month(world: World) -> ProvenMonth:
    return proven_month(world)


def test_a_statement_is_explained_as_the_command_does_and_computes(api: ApiClient, month: ProvenMonth) -> None:
    statement_id, accountant = month.statement_id, month.accountant
    told = api.get(f"{BASE}/{statement_id}/explanation?line=1").json()
    (line,) = told["lines"]
    assert (line["service"], line["exact"], line["amount"]) == ("Storage", "10.000000000000", "10.00")
    steps = [{name: value for name, value in step.items() if value is not None} for step in line["steps"]]
    assert computed([{"decimals": None, **step} for step in steps])["charges"] == 10
    same = explanation_document(explain_statement(accountant.installation, accountant.caller, statement_id, 1))
    assert line["charges"][0]["steps"][0]["sentence"] == same["lines"][0]["charges"][0]["steps"][0]["sentence"]
    file = month.place.removesuffix(":2")
    by_row = api.get(f"{BASE}/{statement_id}/explanation?row=2&file={file}&charges=1").json()
    assert [one["row"] for one in by_row["lines"][0]["charges"]] == [2]
    assert api.get(f"{BASE}/{statement_id}/explanation?line=99").status_code == 404
    assert api.get(f"{BASE}/{statement_id}/explanation?client_api_id={month.other_id}").status_code == 404


def test_a_statement_is_verified_and_a_month_compared(api: ApiClient, month: ProvenMonth) -> None:
    statement_id, accountant = month.statement_id, month.accountant
    told = api.get(f"{BASE}/{statement_id}/verification").json()
    assert (told["equal"], told["difference"], told["total"]) == (True, "", "14.00")
    dearer = cost(SEPTEMBER, "12.505", month.subscription, ServiceName="Storage")
    accountant.deliver(SEPTEMBER, dearer, scope=month.scope)
    accountant.run()
    found = api.get("/v1/month_differences?billing_period=2024-09").json()
    (total,) = [one for one in found["customers"] if one["customer_id"] == month.customer_id]
    assert (found["before"], total["before"], total["after"], total["difference"]) == ("run", "14.00", "12.51", "-1.49")
    assert total["by_cause"] == {"cost": "-1.495000000000", "minor_units": "0.005000000000"}
    assert found["changes"][0]["cause"] == "cost"
    assert api.get("/v1/month_differences").json()["code"] == "month_required"
    assert api.get("/v1/month_differences?billing_period=2024-09&run_id=1").status_code == 404


def test_lines_are_listed_accepted_and_opened_again(api: ApiClient, month: ProvenMonth) -> None:
    september = {"billing_period": "2024-09"}
    (line,) = api.get("/v1/attention_lines?billing_period=2024-09&limit=5").json()["lines"]
    assert (line["kind"], line["line"], line["accepted"]) == ("spans_transfer", month.place, False)
    chosen = {**september, "kind": "spans_transfer", "lines": [line["line"]]}
    accepted = api.put("/v1/attention_lines/accept", {**chosen, "reason": "Agreed"})
    assert (accepted.status_code, accepted.json()) == (200, {"period": "2024-09", "lines": 1, "open": {}})
    assert api.put("/v1/attention_lines/accept", {**chosen, "reason": "Agreed"}).json()["lines"] == 0
    assert api.get("/v1/attention_lines?billing_period=2024-09").json()["lines"][0]["accepted"] is True
    opened = api.put("/v1/attention_lines/reopen", {**september, "reason": "Not agreed"}).json()
    assert opened == {"period": "2024-09", "lines": 1, "open": {"spans_transfer": 1}}
    unknown = api.put("/v1/attention_lines/accept", {**september, "reason": "Agreed", "lines": ["no.csv:1"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_lines")
    assert api.put("/v1/attention_lines/accept", {**september, "reason": "x", "kind": "weather"}).status_code == 422
