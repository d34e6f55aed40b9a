"""Deliveries as lists show them: with the document and its customer, the last changed first."""

from typing import Any

from sqlalchemy import Select, and_, func

from rebill.model.document_delivery import DeliveryFilter, DeliveryState, ListedDelivery
from rebill.model.months import BillingMonth
from rebill.store.document_deliveries import delivery_of_row
from rebill.store.scope import Scope
from rebill.store.tables import customers, document_deliveries, given_numbers, statements


def count_deliveries(scope: Scope, wanted: DeliveryFilter) -> dict[DeliveryState, int]:
    """How many there are in each state, whatever state is wanted."""
    query = _wanted(scope, wanted).with_only_columns(document_deliveries.c.state, func.count())
    counted = scope.connection.execute(query.group_by(document_deliveries.c.state))
    found = {DeliveryState(state): count for state, count in counted}
    return {state: found.get(state, 0) for state in DeliveryState}


def newest_deliveries(scope: Scope, wanted: DeliveryFilter, count: int, offset: int) -> list[ListedDelivery]:
    """``count`` of them behind ``offset``; of one moment by document and way."""
    numbered = and_(given_numbers.c.statement_id == statements.c.statement_id, scope.own(given_numbers))
    query = _wanted(scope, wanted).outerjoin(given_numbers, numbered)
    if wanted.state is not None:
        query = query.where(document_deliveries.c.state == wanted.state.value)
    order = (
        document_deliveries.c.changed_at.desc(),
        document_deliveries.c.statement_id.desc(),
        document_deliveries.c.way,
    )
    rows = scope.connection.execute(query.order_by(*order).limit(count).offset(offset))
    return [
        ListedDelivery(
            delivery_of_row(row),
            row.customer_name,
            BillingMonth.parse(row.billing_month),
            row.invoice_id or row.given_number or "",
        )
        for row in rows
    ]


def _wanted(scope: Scope, wanted: DeliveryFilter) -> Select[Any]:
    of_statement = and_(statements.c.statement_id == document_deliveries.c.statement_id, scope.own(statements))
    of_customer = and_(customers.c.customer_id == document_deliveries.c.customer_id, scope.own(customers))
    columns = (
        *document_deliveries.c,
        customers.c.name.label("customer_name"),
        statements.c.billing_month,
        statements.c.invoice_id,
        given_numbers.c.invoice_id.label("given_number"),
    )
    query = scope.select(document_deliveries, *columns).join(statements, of_statement).join(customers, of_customer)
    if wanted.month is not None:
        query = query.where(statements.c.billing_month == str(wanted.month))
    if wanted.customer_id is not None:
        query = query.where(document_deliveries.c.customer_id == wanted.customer_id)
    return query
