"""Which months are closed, as the record has it: whoever changes what months are billed from asks here."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select, true

from rebill.model.closed_months import ClosedMonths
from rebill.model.months import BillingMonth
from rebill.store.closing import billing_start, hold_months_open
from rebill.store.identity import can_be_stored
from rebill.store.membership import among_given
from rebill.store.scope import Scope, given
from rebill.store.statements import is_issued_statement
from rebill.store.tables import customers, partners, statements


def closed_months(scope: Scope, customer_ids: Collection[int] | None = None) -> ClosedMonths:
    """The closed months of the partner and of these customers (``None``: all of the partner's).

    In a transaction that writes, the others stay open until it ends: nobody issues documents meanwhile.
    """
    if scope.writes:
        hold_months_open(scope)
    issued = scope.run(_issued) if customer_ids is None else scope.run(_issued_to, customer_ids=list(customer_ids))
    found: dict[int, set[BillingMonth]] = defaultdict(set)
    for customer_id, month in issued:
        found[customer_id].add(BillingMonth.parse(month))
    months = {customer_id: frozenset(of_customer) for customer_id, of_customer in found.items()}
    return ClosedMonths(billing_start(scope), months)


def customer_with_closed_months(scope: Scope, customer_id: int, hold: bool) -> tuple[str, ClosedMonths] | None:
    """The name of a customer of the scope and its closed months, by one statement; ``None`` where there is none.

    ``hold``: the customer is neither changed nor deleted until this transaction ends.
    """
    if not can_be_stored(customer_id):
        return None
    rows = scope.run(_held_customer if hold else _customer, wanted_id=customer_id)
    if not rows:
        return None
    name, start, _ = rows[0]
    months = frozenset(BillingMonth.parse(month) for _, _, month in rows if month is not None)
    closed = ClosedMonths(None if start is None else BillingMonth.parse(start), {customer_id: months} if months else {})
    return name, closed


def _customer(scope: Scope) -> Select[Any]:
    issued = _issued(scope).where(statements.c.customer_id == given("wanted_id")).subquery("issued")
    together = customers.join(partners, partners.c.partner_id == customers.c.partner_id).outerjoin(issued, true())
    return (
        select(customers.c.name, partners.c.billing_start, issued.c.billing_month)
        .select_from(together)
        .where(scope.own(customers), customers.c.customer_id == given("wanted_id"), customers.c.deleted_at.is_(None))
    )


def _held_customer(scope: Scope) -> Select[Any]:
    return _customer(scope).with_for_update(read=True, of=customers)


def _issued(scope: Scope) -> Select[Any]:
    columns = (statements.c.customer_id, statements.c.billing_month)
    return scope.select(statements, *columns).where(is_issued_statement()).distinct()


def _issued_to(scope: Scope) -> Select[Any]:
    return _issued(scope).where(among_given(scope.dialect, statements.c.customer_id, "customer_ids"))
