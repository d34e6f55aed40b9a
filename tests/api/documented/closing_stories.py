"""What the documented examples tell of closing: issued, corrected, voided, numbered, approved."""

from typing import Any

from rebill.lake.runs import only_run
from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.run_bill import run_bill
from tests.api.documented.partner import Documented
from tests.services.months import SEPTEMBER

_STATEMENT = "/v1/customer_statements/{statement_id}"
_PROPOSALS = "/v1/closing_proposals"
_APPROVE = f"{_PROPOSALS}/{{closing_id}}/approve"


def month_runs(documented: Documented) -> None:
    """September is run over the API, and looked at."""
    tell, base = documented.recorder, "/v1/runs"
    one, body = f"{base}/{{run_id}}", {"billing_period": "2024-09"}
    run_id = tell.call("It has ended already", "POST", base, status=201, body=body)["run_id"]
    other = {**body, "client_api_id": documented.neighbour_id}
    tell.call("One customer's statements", "POST", base, status=201, body=other)
    tell.unknown("POST", base, body)
    tell.call("No month", "POST", base, status=422, body={"billing_period": "2024-13"})
    with only_run(documented.installation.lake_folder, documented.partner.partner_id, SEPTEMBER):
        tell.call("Another one works", "POST", base, status=409, body=body)
    tell.call("Of a month, the newest first", "GET", base, status=200, query={**body, "limit": "2"})
    tell.unknown("GET", base)
    tell.call("Of no month", "GET", base, status=422)
    tell.call("How far it is", "GET", one, run_id, status=200)
    tell.unknown("GET", one)


def closings(documented: Documented) -> None:
    """A neighbour's September is issued, corrected, taken back, and issued anew by two people."""
    statement_id = _issue_and_correct(documented)
    _void(documented, statement_id)
    documented.recorder.api.put("/v1/partner_settings", {"numbering": "external", "needs_approval": True})
    _ask_and_approve(documented)
    documented.recorder.api.put("/v1/partner_settings", {"numbering": "gapless", "needs_approval": False})


def _run(documented: Documented) -> None:
    run_bill(documented.installation, documented.partner, SEPTEMBER)


def _of_neighbour(documented: Documented) -> dict[str, Any]:
    return {"billing_period": "2024-09", "client_api_id": documented.neighbour_id}


def _issue_and_correct(documented: Documented) -> int:
    tell, finalize, correct = documented.recorder, "/v1/closings/finalize", "/v1/closings/correct"
    month = _of_neighbour(documented)
    _run(documented)
    tell.call("What stands in the way", "POST", finalize, status=409, body=month)
    body = {**month, "override": "The rest is allocated in October"}
    done = tell.call("Issued all the same, and why", "POST", finalize, status=201, body=body)
    tell.unknown("POST", finalize, body)
    tell.call("No such month", "POST", finalize, status=422, body={**month, "billing_period": "2024-13"})
    late = {**month, "amount": "-5", "reason": "Goodwill for the outage"}
    assert tell.api.post("/v1/manual_lines", late).is_success
    _run(documented)
    body = {**month, "reason": "Goodwill for the outage"}
    tell.call("A credit note", "POST", correct, status=201, body=body)
    tell.call("The difference is 0", "POST", correct, status=201, body=body)
    tell.unknown("POST", correct, body)
    tell.call("Without a reason", "POST", correct, status=422, body={**month, "reason": ""})
    other = {**body, "billing_period": "2024-01"}
    tell.call("Of a month that was not run", "POST", correct, status=409, body=other)
    return int(done["documents"][0]["statement_id"])


def _void(documented: Documented, statement_id: int) -> None:
    tell, void, number = documented.recorder, f"{_STATEMENT}/void", f"{_STATEMENT}/number"
    reason = {"reason": "Addressed to the wrong company"}
    tell.call("Taken back", "POST", void, statement_id, status=201, body=reason)
    tell.call("It is taken back already", "POST", void, statement_id, status=409, body=reason)
    tell.call("Without a reason", "POST", void, statement_id, status=422, body={"reason": ""})
    tell.unknown("POST", void, reason)
    own = {"invoice_id": "RE-2024-0917"}
    tell.call("rebill gives the numbers", "PUT", number, statement_id, status=409, body={"invoice_id": "RE-1"})
    tell.call("An empty number", "PUT", number, statement_id, status=422, body={"invoice_id": ""})
    tell.unknown("PUT", number, own)


def _ask_and_approve(documented: Documented) -> None:
    tell, one, month = documented.recorder, f"{_PROPOSALS}/{{closing_id}}", _of_neighbour(documented)
    _run(documented)
    order = ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, documented.neighbour_id, "The address is right now")
    finalize_month(documented.installation, documented.partner, order)
    (waiting,) = tell.call("One waits", "GET", _PROPOSALS, status=200)["closing_proposals"]
    tell.unknown("GET", _PROPOSALS)
    tell.misspelt("POST", _APPROVE, waiting["closing_id"])
    done = tell.call("Another person issues it", "POST", _APPROVE, waiting["closing_id"], status=201)
    tell.unknown("POST", _APPROVE)
    number = f"{_STATEMENT}/number"
    statement_id = done["documents"][0]["statement_id"]
    tell.call("Numbered", "PUT", number, statement_id, status=200, body={"invoice_id": "RE-2024-0917"})
    assert tell.api.post("/v1/manual_lines", {**month, "amount": "2", "reason": "Set-up"}).is_success
    _run(documented)
    body = {**month, "reason": "Set-up was left out"}
    asked = tell.call("It waits for a second person", "POST", "/v1/closings/correct", status=201, body=body)
    tell.call("The same person may not", "POST", _APPROVE, asked["closing_id"], status=409)
    tell.misspelt("DELETE", one, asked["closing_id"])
    tell.call(
        "Refused, and answered in JSON",
        "DELETE",
        one,
        asked["closing_id"],
        status=200,
        headers={"Accept": "application/json"},
    )
    tell.unknown("DELETE", one)
