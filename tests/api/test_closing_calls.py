"""Closing over the API: finalize, correct, void, number; one asks and another approves."""

from typing import Any

from rebill.model.closing import Numbering
from tests.api.client import ApiClient
from tests.api.closing_steps import OVERRIDE, correctable, finalizable, issued, proposed
from tests.api.proof_steps import proven_month
from tests.api.world import World

FINALIZE, CORRECT, PROPOSALS = "/v1/closings/finalize", "/v1/closings/correct", "/v1/closing_proposals"
STATEMENTS = "/v1/customer_statements"


def _done(api: ApiClient, path: str, body: object = None) -> dict[str, Any]:
    answer = api.post(path, body)
    assert answer.status_code == 201, answer.text
    done: dict[str, Any] = answer.json()
    return done


def test_a_month_is_finalized_once_and_what_stands_in_the_way_is_named(api: ApiClient, world: World) -> None:
    body = finalizable(world)
    refused = api.post(FINALIZE, {**body, "override": ""})
    assert (refused.status_code, refused.json()["code"]) == (409, "finalizing_blocked")
    assert "lines_need_attention" in refused.json()["fields"]
    done = _done(api, FINALIZE, body)
    assert (done["waits_for_approval"], done["act"], done["reason"]) == (False, "finalize", OVERRIDE)
    (document,) = done["documents"]
    assert (document["status"], document["price"], document["invoice_id"]) == ("Final", "14.00", "S2024-000001")
    assert "lines_need_attention" in [one["blocker"] for one in done["overridden"]]
    assert api.get(f"{STATEMENTS}/{document['statement_id']}").json()["status"] == "Final"
    assert api.post(FINALIZE, body).status_code == 409


def test_a_repeat_with_the_same_key_issues_nothing_twice(api: ApiClient, world: World) -> None:
    body, key = finalizable(world), {"Idempotency-Key": "close-2024-09"}
    first = api.post(FINALIZE, body, headers=key)
    again = api.post(FINALIZE, body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.text == first.text


def test_the_customer_stands_in_the_body_or_in_the_query(api: ApiClient, world: World) -> None:
    body = finalizable(world)
    customer_id = body.pop("client_api_id")
    told = api.post(f"{FINALIZE}?client_api_id={world.customer_id}", {**body, "client_api_id": customer_id})
    assert (told.status_code, set(told.json()["fields"])) == (422, {"client_api_id"})
    told = api.post(FINALIZE, {**body, "client_api_id": world.foreign_customer_id})
    assert (told.status_code, set(told.json()["fields"])) == (422, {"client_api_id"})
    done = _done(api, f"{FINALIZE}?client_api_id={customer_id}", body)
    assert [one["customer_id"] for one in done["documents"]] == [customer_id]


def test_late_cost_is_corrected_by_a_note_and_a_void_takes_all_back(api: ApiClient, world: World) -> None:
    body = correctable(world)
    (note,) = _done(api, CORRECT, body)["documents"]
    assert (note["document_type"], note["price"]) == ("credit_note", "-1.50")
    assert _done(api, CORRECT, body)["closing_id"] is None
    (taken_back,) = _done(api, f"{STATEMENTS}/{note['corrects']}/void", {"reason": "Wrong customer"})["documents"]
    assert taken_back["price"] == "-12.50"
    again = api.post(f"{STATEMENTS}/{note['corrects']}/void", {"reason": "Wrong customer"})
    assert again.status_code == 409
    other = api.post(f"{STATEMENTS}/{note['corrects']}/void?client_api_id={world.customer_id}", {"reason": "Why"})
    assert other.status_code == 404


def test_the_partners_own_system_numbers_a_document_once(api: ApiClient, world: World) -> None:
    statement_id = issued(world, Numbering.EXTERNAL).statement_id
    path = f"{STATEMENTS}/{statement_id}/number"
    assert api.put(path, {"invoice_id": "RE-1"}).json()["invoice_id"] == "RE-1"
    assert api.put(path, {"invoice_id": "RE-1"}).status_code == 200
    assert api.put(path, {"invoice_id": "RE-2"}).status_code == 409
    assert set(api.put(path, {"invoice_id": " "}).json()["fields"]) == {"invoice_id"}


def test_one_asks_and_another_approves(api: ApiClient, anyone: ApiClient, world: World) -> None:
    month = proven_month(world)
    month.accountant.settle(needs_approval=True)
    body = {"billing_period": "2024-09", "client_api_id": month.customer_id, "override": OVERRIDE}
    asked = _done(api, FINALIZE, body)
    assert (asked["waits_for_approval"], asked["documents"]) == (True, [])
    (waiting,) = api.get(PROPOSALS).json()["closing_proposals"]
    assert (waiting["closing_id"], waiting["customer_id"]) == (asked["closing_id"], month.customer_id)
    assert api.get(f"{PROPOSALS}?client_api_id={world.customer_id}").json() == {"closing_proposals": []}
    approve = f"{PROPOSALS}/{asked['closing_id']}/approve"
    same = api.post(approve)
    assert (same.status_code, same.json()["code"]) == (409, "second_person_needed")
    operator = anyone.with_key(world.keys["operator"])
    assert operator.post(f"{approve}?client_api_id={world.customer_id}").status_code == 404
    assert _done(operator, approve)["documents"][0]["status"] == "Final"
    assert operator.post(approve).status_code == 404


def test_what_is_refused_issues_nothing(api: ApiClient, world: World) -> None:
    closing_id = proposed(world, world.customer_id)
    assert api.delete(f"{PROPOSALS}/{closing_id}").status_code == 204
    assert api.get(PROPOSALS).json() == {"closing_proposals": []}
    assert api.post(f"{PROPOSALS}/{closing_id}/approve").status_code == 404
    assert [one["status"] for one in api.get(STATEMENTS).json()["billing_artifacts"]] == ["Estimated"]
