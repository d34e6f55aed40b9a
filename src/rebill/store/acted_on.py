"""What an act on accounts asks of the record before it is planned: whose they are to be, and the accounts.

On PostgreSQL all of it is one message, with the locks and what begins the transaction.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Select, select, true

from rebill.model.closed_months import ClosedMonths
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.store.accounts import KnownAccount, accounts_asked, accounts_told
from rebill.store.closed_months import issued_months
from rebill.store.closing import months_held_open
from rebill.store.identity import can_be_stored
from rebill.store.scope import Asked, Scope, given
from rebill.store.tables import customers, partners, statements


class ActedOn(NamedTuple):
    """A customer's name and closed months, and the accounts of an act that are known, by their keys."""

    customer_name: str
    closed: ClosedMonths
    known: dict[str, KnownAccount]


def acted_on(scope: Scope, customer_id: int, kind: AccountKind, keys: Collection[str], hold: bool) -> ActedOn | None:
    """The customer of the scope and the accounts with these keys; ``None`` where there is no such customer.

    ``hold``: until this transaction ends nobody issues documents of the partner, the customer is neither changed nor
    deleted, and no other transaction that holds one of the accounts goes on (``known_accounts``).
    """
    if not can_be_stored(customer_id):
        return None
    asked: list[Asked] = []
    if hold and scope.dialect == "postgresql":
        # In its own statement, before all others: they then see what was issued while it was waited for.
        asked.append((months_held_open, {}))
    asked.append((_held_customer if hold else _customer, {"wanted_id": customer_id}))
    asked.append(accounts_asked(kind, keys, hold))
    *_, customer, accounts = scope.run_together(*asked)
    if not customer:
        return None
    name, start, _ = customer[0]
    months = frozenset(BillingMonth.parse(month) for _, _, month in customer if month is not None)
    closed = ClosedMonths(None if start is None else BillingMonth.parse(start), {customer_id: months} if months else {})
    return ActedOn(name, closed, accounts_told(accounts))


def _customer(scope: Scope) -> Select[Any]:
    issued = issued_months(scope).where(statements.c.customer_id == given("wanted_id")).subquery("issued")
    together = customers.join(partners, partners.c.partner_id == customers.c.partner_id).outerjoin(issued, true())
    return (
        select(customers.c.name, partners.c.billing_start, issued.c.billing_month)
        .select_from(together)
        .where(scope.own(customers), customers.c.customer_id == given("wanted_id"), customers.c.deleted_at.is_(None))
    )


def _held_customer(scope: Scope) -> Select[Any]:
    return _customer(scope).with_for_update(read=True, of=customers)
