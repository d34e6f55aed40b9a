"""Terms of customers, each in force from a billing month on."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Final

from rebill.model.customer import TermsChange
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementStatus
from rebill.model.terms import NO_GUARDS, TERM_NAMES, Basis, CommitmentsPolicy, CustomerTerms, Guards, LateCostTerm
from rebill.store.closed_months import closed_months
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.tables import customer_terms, statements

TERM_COLUMNS: Final = tuple(customer_terms.c[name] for name in ("customer_id", *TERM_NAMES))
# A month is priced by the terms of thousands of customers: words are looked up, not made each time.
_BASES: Final = {one.value: one for one in Basis}
_POLICIES: Final = {one.value: one for one in CommitmentsPolicy}
_LATE_COST_TERMS: Final = {one.value: one for one in LateCostTerm}
ALWAYS: Final = "0000-00"
"""The month from which the first terms of a customer are in force."""


def first_changeable_month(scope: Scope, customer_id: int) -> str:
    """From which month a change without a month is in force: the first without an issued statement.

    That is the month after the last one issued for this customer, because terms stay in force from
    their month on; ``ALWAYS`` where none is issued.
    """
    return _first_changeable_months(scope, [customer_id]).get(customer_id, ALWAYS)


def first_changeable_month_of(scope: Scope, customer_ids: Collection[int] | None) -> str:
    """The same for what several customers share (``None``: any of the partner's): issued to none of them."""
    return max(_first_changeable_months(scope, customer_ids).values(), default=ALWAYS)


def has_issued_statements(scope: Scope, customer_id: int) -> bool:
    """Whether anything was ever issued to this customer, voided or not."""
    issued = scope.select(statements, statements.c.statement_id).where(
        statements.c.customer_id == customer_id, statements.c.status == StatementStatus.FINAL.value
    )
    return scope.connection.scalars(issued.limit(1)).first() is not None


def _first_changeable_months(scope: Scope, customer_ids: Collection[int] | None) -> dict[int, str]:
    closed = closed_months(scope, customer_ids)
    return {customer_id: str(closed.first_unissued(customer_id)) for customer_id in closed.issued}


def set_terms(scope: Scope, terms: CustomerTerms, from_month: str) -> None:
    """Put a customer's terms in force from ``from_month`` on, instead of what that month already has."""
    row = {"customer_id": terms.customer_id, "from_month": from_month, **_columns(vars(terms))}
    scope.upsert(customer_terms, ["customer_id", "from_month"], [row], TERM_NAMES)


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """The terms among ``given`` as columns keep them."""
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in given.items() if name in TERM_NAMES
    }


def change_terms(scope: Scope, customer_id: int, change: TermsChange, from_month: str) -> None:
    """Change what ``change`` gives of a customer's terms from ``from_month`` on, for good.

    What is recorded for later months already gets it too; other terms of those months stay as they are.
    """
    before = [(month, terms) for month, terms in _timeline(scope, [customer_id]) if month <= from_month]
    if not before:
        raise AssertionError("a customer has terms from the beginning")
    set_terms(scope, replace(before[-1][1], **change.given), from_month)
    later = scope.update(customer_terms).where(
        customer_terms.c.customer_id == customer_id, customer_terms.c.from_month > from_month
    )
    scope.connection.execute(later.values(_columns(change.given)))


def terms_in_force(scope: Scope, customer_ids: Collection[int], month: BillingMonth) -> dict[int, CustomerTerms]:
    """The terms of each customer in ``month``, by customer.

    Where ``month`` or a later one is issued: those of the first month that is not, so that a change shows at once.
    """
    changeable = _first_changeable_months(scope, customer_ids)
    return {
        terms.customer_id: terms
        for from_month, terms in _timeline(scope, customer_ids)
        if from_month <= max(str(month), changeable.get(terms.customer_id, ALWAYS))
    }


def terms_recorded_for(scope: Scope, customer_ids: Collection[int]) -> Callable[[int, str], CustomerTerms]:
    """What finds the terms that are recorded for a customer's month, issued or not."""
    timelines: dict[int, list[tuple[str, CustomerTerms]]] = defaultdict(list)
    for from_month, terms in _timeline(scope, customer_ids):
        timelines[terms.customer_id].append((from_month, terms))

    def found(customer_id: int, month: str) -> CustomerTerms:
        return next(terms for from_month, terms in reversed(timelines[customer_id]) if from_month <= month)

    return found


def terms_by_month(scope: Scope, customer_id: int) -> dict[str, CustomerTerms]:
    """All terms of a customer, by the month that they are in force from."""
    return dict(_timeline(scope, [customer_id]))


def _timeline(scope: Scope, customer_ids: Collection[int]) -> list[tuple[str, CustomerTerms]]:
    """All terms of these customers, each with the month it is in force from, in order of months."""
    query = (
        scope.select(customer_terms, customer_terms.c.from_month, *TERM_COLUMNS)
        .where(among(scope.connection, customer_terms.c.customer_id, customer_ids))
        .order_by(customer_terms.c.from_month)
    )
    return [(from_month, terms_of_row(row)) for from_month, *row in scope.connection.execute(query)]


def terms_of_row(row: Sequence[Any], partner_guards: Guards = NO_GUARDS) -> CustomerTerms:
    """The terms that the ``TERM_COLUMNS`` of a row hold."""
    customer_id, billing_enabled, basis, commitments, markup, carry_forward, late_cost, *others = row
    cap_at_list, floor_at_cost, margin_floor_percent, home_currency = others
    return CustomerTerms(
        customer_id,
        billing_enabled,
        _BASES[basis],
        _POLICIES[commitments],
        markup,
        carry_forward,
        _LATE_COST_TERMS[late_cost],
        cap_at_list,
        floor_at_cost,
        margin_floor_percent,
        home_currency,
        partner_guards,
    )
