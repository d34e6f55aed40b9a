"""What the documented examples tell of proofs, and of lines that need attention."""

from tests.api.documented.partner import Documented


def proofs(documented: Documented) -> None:
    """An issued statement is derived and verified; the month's last run is compared with what is issued."""
    tell, one = documented.recorder, "/v1/customer_statements/{statement_id}"
    listed = tell.api.get("/v1/customer_statements?status=Final").json()
    statement_id = listed["billing_artifacts"][0]["id"]
    explanation, verification, differences = f"{one}/explanation", f"{one}/verification", "/v1/month_differences"
    tell.call("One line, with its charges", "GET", explanation, statement_id, status=200, query={"line": "1"})
    tell.call("Lines are counted from 1", "GET", explanation, statement_id, status=422, query={"line": "0"})
    tell.call("Equal, byte for byte", "GET", verification, statement_id, status=200)
    for path in (explanation, verification):
        tell.unknown("GET", path)
    of_another = {"client_api_id": str(documented.neighbour_id)}
    tell.call("Two customers are named", "GET", verification, statement_id, status=404, query=of_another)
    month, of_month = "/v1/month_verification", {"billing_period": "2024-09"}
    of_customer = {**of_month, "client_api_id": str(documented.customer_id)}
    tell.call("Every document of a customer's month", "GET", month, status=200, query=of_customer)
    tell.unknown("GET", month)
    tell.call("A month that was not run", "GET", month, status=409, query={"billing_period": "2019-01"})
    tell.call("Of no month", "GET", month, status=422)
    compare = "/v1/month_comparison"
    former = {"totals": "customer,currency,total\nAzure Two,USD,110.00\nOld Ltd,USD,7\n"}
    tell.call("A parallel run", "PUT", compare, status=200, query=of_month, body=former)
    tell.unknown("PUT", compare, former)
    faulty = {"totals": "customer,currency,total\nAzure Two,USD,much\n"}
    tell.call("An amount that is none", "PUT", compare, status=422, query=of_month, body=faulty)
    tell.call("Against what is issued", "GET", differences, status=200, query={"billing_period": "2024-09"})
    tell.unknown("GET", differences)
    tell.call("Of no month", "GET", differences, status=422)


def attention_lines(documented: Documented) -> None:
    """Usage across a change of owner is looked at, accepted, and opened again."""
    tell, base = documented.recorder, "/v1/attention_lines"
    accept, reopen, month = f"{base}/accept", f"{base}/reopen", {"billing_period": "2024-09"}
    tell.call("Of a month", "GET", base, status=200, query=month)
    tell.unknown("GET", base)
    tell.call("Of no month", "GET", base, status=422)
    tell.call("Of a month that was not run", "GET", base, status=409, query={"billing_period": "2024-01"})
    for path, reason in ((accept, "Agreed with both"), (reopen, "One of them did not agree")):
        body = {**month, "reason": reason}
        tell.call("Every line", "PUT", path, status=200, body=body)
        tell.unknown("PUT", path, body)
        tell.call("Without a reason", "PUT", path, status=422, body={**month, "reason": ""})
        other = {**body, "billing_period": "2024-01"}
        tell.call("Of a month that was not run", "PUT", path, status=409, body=other)


def what_if(documented: Documented) -> None:
    """Other terms, books and rules are tried on September."""
    tell, path = documented.recorder, "/v1/what_if"
    of_customer = {"billing_period": "2024-09", "client_api_id": documented.customer_id}
    body = {**of_customer, "markup_percent": "25", "basis": "billed"}
    tell.call("A markup over what it costs", "PUT", path, status=200, body=body)
    tell.unknown("PUT", path, body)
    nothing = {**of_customer, "price_book_id": 404404404, "margin_floor_percent": 100}
    tell.call("Every fault at once", "PUT", path, status=422, body=nothing)
