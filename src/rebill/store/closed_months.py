"""Which months are closed, as the record has it: whoever changes what months are billed from asks here."""

from collections import defaultdict
from collections.abc import Collection

from rebill.model.closed_months import ClosedMonths
from rebill.model.months import BillingMonth
from rebill.store.closing import billing_start
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.statements import is_issued_statement
from rebill.store.tables import statements


def closed_months(scope: Scope, customer_ids: Collection[int] | None = None) -> ClosedMonths:
    """The closed months of the partner and of these customers (``None``: all of the partner's).

    They stay closed, and others open, until the transaction ends only where ``hold_months_open`` is held.
    """
    issued = scope.select(statements, statements.c.customer_id, statements.c.billing_month).where(is_issued_statement())
    if customer_ids is not None:
        issued = issued.where(among(scope.connection, statements.c.customer_id, customer_ids))
    found: dict[int, set[BillingMonth]] = defaultdict(set)
    for row in scope.connection.execute(issued.distinct()):
        found[row.customer_id].add(BillingMonth.parse(row.billing_month))
    months = {customer_id: frozenset(of_customer) for customer_id, of_customer in found.items()}
    return ClosedMonths(billing_start(scope), months)
