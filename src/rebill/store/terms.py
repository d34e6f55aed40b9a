"""Terms of customers and the price books of simple customers, each in force from a billing month on."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import func

from rebill.model.months import BillingMonth
from rebill.model.price_book import PriceRule
from rebill.model.statement import StatementStatus
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.store.identity import draw_id
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.tables import customer_terms, price_book_assignments, price_books, price_rules, statements

ALWAYS: Final = "0000-00"
"""The month from which the first terms of a customer are in force."""
ALL_ACCOUNTS: Final = "*"


def first_changeable_month(scope: Scope, customer_id: int) -> str:
    """From which month a change without a month is in force: the first without an issued statement.

    That is the month after the last one issued for this customer, because terms stay in force from
    their month on; ``ALWAYS`` where none is issued.
    """
    issued = scope.select(statements, func.max(statements.c.billing_month)).where(
        statements.c.customer_id == customer_id, statements.c.status == StatementStatus.FINAL.value
    )
    last = scope.connection.scalars(issued).one()
    return ALWAYS if last is None else str(BillingMonth.parse(last).following)


def set_terms(scope: Scope, terms: CustomerTerms, from_month: str) -> None:
    """Put a customer's terms in force from ``from_month`` on, instead of what that month already has."""
    row = {
        "customer_id": terms.customer_id,
        "from_month": from_month,
        "billing_enabled": terms.billing_enabled,
        "basis": terms.basis.value,
        "commitments": terms.commitments.value,
        "fallback_markup_percent": terms.fallback_markup_percent,
    }
    changes = ["billing_enabled", "basis", "commitments", "fallback_markup_percent"]
    scope.upsert(customer_terms, ["customer_id", "from_month"], [row], changes)


def newest_terms(scope: Scope, customer_ids: Collection[int]) -> dict[int, CustomerTerms]:
    """The terms of each customer that are in force in the end, by customer."""
    query = (
        scope.select(customer_terms)
        .where(among(scope.connection, customer_terms.c.customer_id, customer_ids))
        .order_by(customer_terms.c.from_month)
    )
    return {
        row.customer_id: CustomerTerms(
            row.customer_id,
            row.billing_enabled,
            Basis(row.basis),
            CommitmentsPolicy(row.commitments),
            row.fallback_markup_percent,
        )
        for row in scope.connection.execute(query)
    }


def add_markup_book(scope: Scope, customer_id: int, rule: PriceRule, from_month: str, now: datetime) -> int:
    """Give a customer a price book of its own, of one rule over all its accounts; answers the book's id."""
    connection = scope.connection
    book_id = draw_id(connection, price_books.c.price_book_id)
    times = {"created_at": now, "updated_at": now}
    name = f"Markup of customer {customer_id}"
    scope.insert(price_books, [{"price_book_id": book_id, "book_name": name, **times}])
    kept_rule = {"position": rule.position, "name": rule.name, "kind": rule.kind.value, "percent": rule.percent}
    scope.insert(price_rules, [{"price_book_id": book_id, **kept_rule}])
    assignment = {
        "price_book_assignment_id": draw_id(connection, price_book_assignments.c.price_book_assignment_id),
        "customer_id": customer_id,
        "price_book_id": book_id,
        "from_month": from_month,
        "account_key": ALL_ACCOUNTS,
    }
    scope.insert(price_book_assignments, [{**assignment, **times}])
    return book_id
