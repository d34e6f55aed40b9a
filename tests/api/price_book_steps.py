"""Steps of scenarios with price books: a book, its assignment to a customer, and the accounts that it prices."""

import secrets
from typing import Any

from sqlalchemy import select

from rebill.model.data_set import CostImportOrder
from rebill.model.months import BillingMonth
from rebill.services.costs.import_costs import import_costs
from rebill.store.dry_runs import begin_dry_run
from rebill.store.scope import Scope
from rebill.store.tables import customers
from tests.api.client import ApiClient
from tests.api.world import SUBSCRIPTIONS, World
from tests.services.months import charge, write_focus

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


def september(api: ApiClient, world: World) -> None:
    """September 2024 has cost of two subscriptions of the customer: 100 and 10 at retail in one, 1 in the other."""
    home = world.installation.settings.home
    of_first = {"SubAccountId": SUBSCRIPTIONS[0]}
    charges = [
        charge("2024-09-01", "80", "100", **of_first),
        charge("2024-09-02", "8", "10", ServiceName="Storage", **of_first),
        charge("2024-09-03", "0.8", "1", ServiceName="Storage", SubAccountId=SUBSCRIPTIONS[1]),
        charge("2024-09-04", "5", "7", SubAccountId="somebody-elses"),
    ]
    order = CostImportOrder((write_focus(home / "september.csv", charges),), scope="september")
    import_costs(world.installation, world.partner, order)
    assign = f"/v1/azure_subscriptions/add/{world.customer_id}"
    assert api.put(assign, {"azure_ids": list(SUBSCRIPTIONS[:2])}).status_code == 200


def noted_dry_run(world: World, customer_id: int, book_id: int, place: int = 1) -> int:
    """The record says that a dry run works at a place, although nobody does; its id."""
    with world.installation.database.writing() as connection:
        owner = connection.scalars(select(customers.c.partner_id).where(customers.c.customer_id == customer_id)).one()
        tried = (book_id, customer_id, BillingMonth(2024, 9), ())
        return begin_dry_run(Scope(connection, owner), *tried, place, world.installation.clock())
