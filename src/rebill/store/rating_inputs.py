"""What a month is priced by, as the record has it at one moment."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Table, and_, func, select

from rebill.model.errors import ProgramError
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.price_book import AdjustmentKind, PriceBook, PriceRule
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.terms import CustomerTerms
from rebill.store.assignments import ORDER_OF_CREATION
from rebill.store.scope import Scope
from rebill.store.tables import (
    accounts,
    assignments,
    customer_terms,
    partners,
    price_book_assignments,
    price_books,
    price_rules,
)
from rebill.store.terms import ALL_ACCOUNTS, terms_of_row


def rating_inputs(scope: Scope, month: BillingMonth) -> RatingInputs:
    """Assignments, terms and books of the scope's partner as they are recorded for ``month``."""
    bill_input_tax = scope.connection.execute(
        select(partners.c.bill_input_tax).where(partners.c.partner_id == scope.partner_id)
    ).scalar_one()
    return RatingInputs(month, _bindings(scope), _terms(scope, month), _books(scope, month), bill_input_tax)


def _bindings(scope: Scope) -> tuple[AccountBinding, ...]:
    """Every assignment that was not withdrawn: charge days may lie outside the billing month."""
    query = (
        scope.select(
            assignments,
            accounts.c.kind,
            accounts.c.account_key,
            assignments.c.customer_id,
            assignments.c.effective_from,
            assignments.c.effective_to,
        )
        .join(accounts, and_(accounts.c.account_id == assignments.c.account_id, scope.own(accounts)))
        .where(assignments.c.withdrawn_at.is_(None))
        .order_by(*ORDER_OF_CREATION)
    )
    return tuple(
        AccountBinding(AccountKind(row.kind), row.account_key, row.customer_id, row.effective_from, row.effective_to)
        for row in scope.connection.execute(query)
    )


def _in_force(scope: Scope, table: Table, month: BillingMonth, *key: str) -> Any:
    """The rows of a table dated by month that are in force in ``month``: for each key the newest not after it."""
    newest = (
        scope.select(table, *(table.c[name] for name in key), func.max(table.c.from_month).label("from_month"))
        .where(table.c.from_month <= str(month))
        .group_by(*(table.c[name] for name in key))
        .subquery()
    )
    same = [table.c[name] == newest.c[name] for name in (*key, "from_month")]
    return scope.select(table).join(newest, and_(*same)).order_by(table.c.customer_id)


def _terms(scope: Scope, month: BillingMonth) -> tuple[CustomerTerms, ...]:
    rows = scope.connection.execute(_in_force(scope, customer_terms, month, "customer_id"))
    return tuple(terms_of_row(row) for row in rows)


def _books(scope: Scope, month: BillingMonth) -> tuple[tuple[int, PriceBook], ...]:
    rules: dict[int, list[PriceRule]] = defaultdict(list)
    for row in scope.connection.execute(scope.select(price_rules).order_by(price_rules.c.position)):
        rules[row.price_book_id].append(PriceRule(row.position, row.name, AdjustmentKind(row.kind), row.percent))
    names = {
        row.price_book_id: row.book_name
        for row in scope.connection.execute(
            scope.select(price_books, price_books.c.price_book_id, price_books.c.book_name)
        )
    }
    in_force = scope.connection.execute(
        _in_force(scope, price_book_assignments, month, "customer_id", "account_key")
    ).all()
    if any(row.account_key != ALL_ACCOUNTS for row in in_force):
        # Never price by half of what is recorded: a book for one account is not rated yet.
        raise ProgramError(
            "book_of_one_account", "A price book is assigned to one account only, which no run prices yet."
        )
    return tuple(
        (row.customer_id, PriceBook(row.price_book_id, names[row.price_book_id], tuple(rules[row.price_book_id])))
        for row in in_force
    )
