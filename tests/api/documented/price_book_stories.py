"""What the documented examples tell of price books."""

from tests.api.documented.partner import SUBSCRIPTIONS, Documented

_BOOKS = "/v1/price_books"
_ASSIGNMENTS = "/v1/price_book_assignments"
_ACCOUNTS = "/v1/price_book_account_assignments"
_JSON = {"Accept": "application/json"}
_SPECIFICATION = """\
<CHTBillingRules createdBy="finance@partner.example" date="2024-10-01">
  <RuleGroup startDate="2024-10-01">
    <BillingRule name="Compute">
      <BasicBillingRule billingAdjustment="5" billingRuleType="percentDiscount"/>
      <Product productName="Virtual Machines"/>
    </BillingRule>
    <BillingRule name="Everything else">
      <BasicBillingRule billingAdjustment="{percent}" billingRuleType="percentIncrease"/>
    </BillingRule>
  </RuleGroup>
</CHTBillingRules>
"""


def price_books(documented: Documented) -> None:
    """A book is made, read, changed and deleted."""
    tell, one = documented.recorder, f"{_BOOKS}/{{price_book_id}}"
    book = {"book_name": "Reseller 2025", "specification": _SPECIFICATION.format(percent=3)}
    made = tell.call("A book in XML", "POST", _BOOKS, status=201, body=book)["price_book"]["id"]
    tell.unknown("POST", _BOOKS, book)
    wrong = {"book_name": "Wrong", "specification": _SPECIFICATION.format(percent="three")}
    tell.call("A rule that cannot be read", "POST", _BOOKS, status=422, body=wrong)
    listed = tell.call("A page of books", "GET", _BOOKS, status=200)
    tell.unknown("GET", _BOOKS)
    tell.page_zero(_BOOKS)
    tell.call("One book", "GET", one, made, status=200)
    tell.unknown("GET", one)
    tell.call("Byte for byte", "GET", f"{one}/specification", made, status=200)
    tell.unknown("GET", f"{one}/specification")
    spelt = {"book_name": "Misspelt", "specification": _SPECIFICATION.format(percent=3).replace("Virtual", "virtual")}
    misspelt = tell.api.post(_BOOKS, spelt).json()["price_book"]["id"]
    tell.call("A product in other letters", "GET", f"{one}/near_misses", misspelt, status=200)
    tell.unknown("GET", f"{one}/near_misses")
    assert tell.api.delete(f"{_BOOKS}/{misspelt}").is_success
    tell.call("Another name", "PUT", one, made, status=200, body={"book_name": "Reseller"})
    tell.unknown("PUT", one, {"book_name": "Reseller"})
    taken = {"book_name": listed[0]["book_name"]}
    tell.call("A name that another book has", "PUT", one, made, status=422, body=taken)
    tell.call("It is assigned to a customer", "DELETE", one, listed[0]["id"], status=422)
    tell.call("Deleted, and answered in JSON", "DELETE", one, made, status=200, headers=_JSON)
    tell.unknown("DELETE", one)


def _book(documented: Documented, name: str) -> int:
    body = {"book_name": name, "specification": _SPECIFICATION.format(percent=3)}
    return int(documented.recorder.api.post(_BOOKS, body).json()["price_book"]["id"])


def price_book_assignments(documented: Documented) -> None:
    """A book is assigned to a customer."""
    tell, one = documented.recorder, f"{_ASSIGNMENTS}/{{price_book_assignment_id}}"
    book, other = _book(documented, "Spring"), _book(documented, "Summer")
    body = {"price_book_id": book, "target_client_api_id": documented.customer_id, "start_month": "2024-11"}
    made = tell.call("From November on", "POST", _ASSIGNMENTS, status=201, body=body)["id"]
    tell.unknown("POST", _ASSIGNMENTS, body)
    tell.call("It has the book already", "POST", _ASSIGNMENTS, status=422, body=body)
    narrowed = {"target_client_api_id": str(documented.customer_id)}
    tell.call("Of one customer", "GET", _ASSIGNMENTS, status=200, query=narrowed)
    in_body = {"target_client_api_id": documented.customer_id}
    tell.call("Of one customer, said in the body", "GET", _ASSIGNMENTS, status=200, body=in_body)
    tell.unknown("GET", _ASSIGNMENTS)
    tell.page_zero(_ASSIGNMENTS)
    tell.call("One assignment", "GET", one, made, status=200)
    tell.unknown("GET", one)
    tell.call(
        "Another book, until March", "PUT", one, made, status=200, body={"price_book_id": other, "end_month": "2025-03"}
    )
    tell.unknown("PUT", one, {"end_month": "2025-03"})
    tell.call("No such book", "PUT", one, made, status=422, body={"price_book_id": 404404404})
    tell.misspelt("DELETE", one, made)
    tell.call("Ended, and answered in JSON", "DELETE", one, made, status=200, headers=_JSON)
    tell.unknown("DELETE", one)


def _assignment(documented: Documented, name: str) -> int:
    body = {"price_book_id": _book(documented, name), "target_client_api_id": documented.customer_id}
    return int(documented.recorder.api.post(_ASSIGNMENTS, body).json()["id"])


def price_book_accounts(documented: Documented) -> None:
    """An assigned book prices accounts."""
    tell, one = documented.recorder, f"{_ACCOUNTS}/{{price_book_account_assignment_id}}"
    assignment = _assignment(documented, "Autumn")
    named = {"price_book_assignment_id": assignment, "billing_account_owner_ids": list(SUBSCRIPTIONS)}
    made = tell.call("Two subscriptions", "POST", _ACCOUNTS, status=201, body=named)
    first = made["price_book_account_assignments"][0]["id"]
    everything = {"price_book_assignment_id": _assignment(documented, "Winter"), "billing_account_owner_id": "aws-1"}
    tell.call("One account of another cloud", "POST", _ACCOUNTS, status=201, body=everything)
    tell.unknown("POST", _ACCOUNTS, named)
    tell.call("They have a book already", "POST", _ACCOUNTS, status=422, body=named)
    tell.call("A page of accounts", "GET", _ACCOUNTS, status=200)
    tell.unknown("GET", _ACCOUNTS)
    tell.page_zero(_ACCOUNTS)
    tell.call("One account", "GET", one, first, status=200)
    tell.unknown("GET", one)
    tell.call("Another account", "PUT", one, first, status=200, body={"billing_account_owner_id": "vzz678"})
    tell.unknown("PUT", one, {"billing_account_owner_id": "vzz678"})
    several = {"billing_account_owner_id": ["vzz678", "fgh345"]}
    tell.call("More than one account", "PUT", one, first, status=422, body=several)
    tell.misspelt("DELETE", one, first)
    tell.call("Ended, and answered in JSON", "DELETE", one, first, status=200, headers=_JSON)
    tell.unknown("DELETE", one)


def price_book_dry_runs(documented: Documented) -> None:
    """A book is tried on September."""
    tell, path = documented.recorder, f"{_BOOKS}/dry_run"
    book = documented.recorder.api.get(_BOOKS).json()[0]["id"]
    body = {"price_book_id": book, "target_client_api_id": documented.customer_id, "month": "2024-09"}
    made = tell.call("The price now, and under the book", "PUT", path, status=200, body=body)["dry_run_id"]
    tell.unknown("PUT", path, body)
    tell.call("A month without cost", "PUT", path, status=422, body={**body, "month": "2023-01"})
    tell.call("It is done", "GET", f"{path}/{{dry_run_id}}", made, status=200)
    tell.unknown("GET", f"{path}/{{dry_run_id}}")
