"""Which months are closed, as the record has it: whoever changes what months are billed from asks here."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select

from rebill.model.closed_months import ClosedMonths
from rebill.model.months import BillingMonth
from rebill.store.closing import billing_start, hold_months_open
from rebill.store.membership import among_given
from rebill.store.scope import Scope
from rebill.store.statements import is_issued_statement
from rebill.store.tables import statements


def closed_months(scope: Scope, customer_ids: Collection[int] | None = None) -> ClosedMonths:
    """The closed months of the partner and of these customers (``None``: all of the partner's).

    In a transaction that writes, the others stay open until it ends: nobody issues documents meanwhile.
    """
    if scope.writes:
        hold_months_open(scope)
    issued = (
        scope.run(issued_months) if customer_ids is None else scope.run(_issued_to, customer_ids=list(customer_ids))
    )
    found: dict[int, set[BillingMonth]] = defaultdict(set)
    for customer_id, month in issued:
        found[customer_id].add(BillingMonth.parse(month))
    months = {customer_id: frozenset(of_customer) for customer_id, of_customer in found.items()}
    return ClosedMonths(billing_start(scope), months)


def issued_months(scope: Scope) -> Select[Any]:
    """The query for the issued months of every customer of the scope."""
    columns = (statements.c.customer_id, statements.c.billing_month)
    return scope.select(statements, *columns).where(is_issued_statement()).distinct()


def _issued_to(scope: Scope) -> Select[Any]:
    return issued_months(scope).where(among_given(scope.dialect, statements.c.customer_id, "customer_ids"))
