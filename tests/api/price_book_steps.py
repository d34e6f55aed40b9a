"""Steps of scenarios with price books: a book, its assignment to a customer, and the accounts that it prices."""

import secrets
from typing import Any

from tests.api.client import ApiClient

BOOKS = "/v1/price_books"
ASSIGNMENTS = "/v1/price_book_assignments"
ACCOUNTS = "/v1/price_book_account_assignments"
XML = """<?xml version="1.0" encoding="UTF-8"?>
<CHTBillingRules createdBy="partner" date="2024-10-01">
  <RuleGroup>
    <BillingRule name="Everything">
      <BasicBillingRule billingAdjustment="{percent}" billingRuleType="percentIncrease"/>
      <Product productName="ANY"/>
    </BillingRule>
  </RuleGroup>
</CHTBillingRules>
"""
SPECIFICATION = XML.format(percent=10)


def sent_book(name: str = "", specification: str = SPECIFICATION) -> dict[str, Any]:
    """The body that makes a book; without a name it gets one of its own."""
    return {"book_name": name or f"Book {secrets.token_hex(8)}", "specification": specification}


def book(api: ApiClient, name: str = "", specification: str = SPECIFICATION) -> dict[str, Any]:
    """A book is made; how it is answered."""
    answer = api.post(BOOKS, sent_book(name, specification))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["price_book"]
    return made


def assigned(api: ApiClient, customer_id: int, book_id: int = 0, **more: Any) -> dict[str, Any]:
    """A book (one of its own unless told) is assigned to a customer; how that is answered."""
    body = {"price_book_id": book_id or book(api)["id"], "target_client_api_id": customer_id, **more}
    answer = api.post(ASSIGNMENTS, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def priced(api: ApiClient, assignment_id: int, owner_id: Any = "ALL") -> Any:
    """An assigned book prices an account, or all; how that is answered."""
    body = {"price_book_assignment_id": assignment_id, "billing_account_owner_id": owner_id}
    answer = api.post(ACCOUNTS, body)
    assert answer.status_code == 201, answer.text
    return answer.json()
