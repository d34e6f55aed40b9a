"""What a month is priced by, as the record has it at one moment."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any, Final

from sqlalchemy import and_, select

from rebill.model.billing_rule import RuleInForce
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.price_book import PriceBook, Specification
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.terms import CustomerTerms, Guards
from rebill.store.assignments import ORDER_OF_CREATION
from rebill.store.billing_rules import billing_rules_of_month
from rebill.store.made_once import MadeOnce
from rebill.store.manual_lines import manual_lines_in_force
from rebill.store.partner_guards import partner_guards_in_force
from rebill.store.price_books import account_books_in_force, books_in_force
from rebill.store.scope import Scope
from rebill.store.tables import (
    accounts,
    assignments,
    customer_terms,
    customers,
    partners,
)
from rebill.store.terms import TERM_COLUMNS, terms_of_row

_KINDS: Final = {one.value: one for one in AccountKind}
"""Looked up, because a partner has tens of thousands of assignments."""


def rating_inputs(scope: Scope, month: BillingMonth, read: Callable[[Specification], PriceBook]) -> RatingInputs:
    """Assignments, terms, books and rules of the scope's partner as recorded for ``month``; ``read`` reads a book."""
    partner = scope.connection.execute(
        select(partners.c.bill_input_tax, partners.c.currency).where(partners.c.partner_id == scope.partner_id)
    ).one()
    account_books = account_books_in_force(scope, month)
    books = books_in_force(scope, month, {choice.price_book_id for choice in account_books}, read)
    return RatingInputs(
        month=month,
        home_currency=partner.currency,
        bindings=account_bindings(scope),
        terms=_terms(scope, month),
        books=books,
        account_books=account_books,
        bill_input_tax=partner.bill_input_tax,
        billing_rules=tuple(
            RuleInForce(kept.billing_rule_id, kept.rule) for kept in billing_rules_of_month(scope, month)
        ),
        departed=_departed(scope, month),
        manual_lines=manual_lines_in_force(scope, month),
    )


def _departed(scope: Scope, month: BillingMonth) -> tuple[int, ...]:
    """The customers that were deleted before the month began."""
    began = datetime.combine(month.first_day, time(), UTC)
    query = scope.select(customers, customers.c.customer_id).where(customers.c.deleted_at < began)
    return tuple(scope.connection.scalars(query.order_by(customers.c.customer_id)))


def account_bindings(scope: Scope) -> tuple[AccountBinding, ...]:
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
    return _BINDINGS.of(tuple(map(tuple, scope.connection.execute(query))))


def _bindings_of_rows(rows: tuple[tuple[Any, ...], ...]) -> tuple[AccountBinding, ...]:
    return tuple(
        AccountBinding(_KINDS[kind], key, customer_id, effective_from, effective_to)
        for kind, key, customer_id, effective_from, effective_to in rows
    )


_BINDINGS: Final = MadeOnce(_bindings_of_rows)


def _terms(scope: Scope, month: BillingMonth) -> tuple[CustomerTerms, ...]:
    """Of each customer those that are in force in ``month``: the newest that are not of after it."""
    query = (
        scope.select(customer_terms, *TERM_COLUMNS)
        .where(customer_terms.c.from_month <= str(month))
        .order_by(customer_terms.c.customer_id, customer_terms.c.from_month)
    )
    # Few customers ever have others: to leave the older ones out here is quicker than to ask for the newest.
    newest = {row[0]: row for row in map(tuple, scope.connection.execute(query))}
    return _TERMS.of((partner_guards_in_force(scope, month), tuple(newest.values())))


def _terms_of_rows(source: tuple[Guards, tuple[tuple[Any, ...], ...]]) -> tuple[CustomerTerms, ...]:
    guards, rows = source
    return tuple(terms_of_row(row, guards) for row in rows)


_TERMS: Final = MadeOnce(_terms_of_rows)
