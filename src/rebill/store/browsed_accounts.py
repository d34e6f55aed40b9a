"""Accounts of any kind with who has them, as people look for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select

from rebill.model.assignment import Days
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Listing, Page
from rebill.store.accounts import narrowed
from rebill.store.assignments import in_force
from rebill.store.identity import can_be_stored
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import accounts, assignments, customers

_ORDER = (accounts.c.first_seen_at, accounts.c.listing_position, accounts.c.account_id)


@dataclass(frozen=True)
class BrowsedAccount:
    """An account and the customer that has it on the day asked for; ``None`` and ``""`` where nobody has."""

    account_id: int
    kind: AccountKind
    identifier: str
    name: str
    domain: str
    status: str
    first_seen_at: datetime
    owner_id: int | None
    owner_name: str
    days: Days | None


@dataclass(frozen=True)
class OwnershipOfAccount:
    """A customer that has an account on these days."""

    customer_id: int
    customer_name: str
    days: Days
    created_at: datetime


def account_page(
    scope: Scope,
    kind: AccountKind,
    page: Page,
    day: date,
    after: Sequence[Any],
    assigned: bool | None = None,
    text: str = "",
    customer_id: int | None = None,
) -> Listing[BrowsedAccount]:
    """A page of the accounts of a kind in order of appearance; ``assigned`` and ``customer_id`` as of ``day``."""
    query = narrowed(_browsed(scope, day).where(accounts.c.kind == kind), assigned, customer_id, text)
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_account(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].account_id if items else None)


def browsed_account(scope: Scope, account_id: int, day: date) -> BrowsedAccount | None:
    """One account."""
    if not can_be_stored(account_id):
        return None
    row = scope.connection.execute(_browsed(scope, day).where(accounts.c.account_id == account_id)).one_or_none()
    return None if row is None else _account(row)


def ownerships_of_account(scope: Scope, account_id: int) -> list[OwnershipOfAccount]:
    """Everybody who has an account at any time, the latest first; what was taken back is left out."""
    query = (
        scope.select(
            assignments,
            assignments.c.customer_id,
            customers.c.name,
            assignments.c.effective_from,
            assignments.c.effective_to,
            assignments.c.created_at,
        )
        .join(customers, customers.c.customer_id == assignments.c.customer_id)
        .where(assignments.c.account_id == account_id, assignments.c.withdrawn_at.is_(None))
    )
    found = [
        OwnershipOfAccount(customer_id, name, Days(first, until), created_at)
        for customer_id, name, first, until, created_at in scope.connection.execute(query)
    ]
    return sorted(found, key=lambda one: one.days.first or date.min, reverse=True)


def _browsed(scope: Scope, day: date) -> Select[Any]:
    owner = (assignments.c.account_id == accounts.c.account_id) & scope.own(assignments) & in_force(day)
    return (
        scope.select(
            accounts,
            *accounts.c,
            assignments.c.customer_id,
            assignments.c.effective_from,
            assignments.c.effective_to,
            customers.c.name.label("customer_name"),
        )
        .outerjoin(assignments, owner)
        .outerjoin(customers, (customers.c.customer_id == assignments.c.customer_id) & scope.own(customers))
    )


def _account(row: Row[Any]) -> BrowsedAccount:
    is_owned = row.customer_id is not None
    return BrowsedAccount(
        row.account_id,
        AccountKind(row.kind),
        row.spelling,
        row.name,
        row.domain,
        row.status,
        row.first_seen_at,
        row.customer_id,
        row.customer_name or "",
        Days(row.effective_from, row.effective_to) if is_owned else None,
    )
