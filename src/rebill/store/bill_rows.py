"""The documents of a month as short rows: thousands of them are read to show a page of them in any order."""

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import and_

from rebill.model.document import DocumentKind
from rebill.model.months import BillingMonth
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.statements import not_voided
from rebill.store.tables import customers, given_numbers, statements


class BillRow(NamedTuple):
    """A statement or note before carry lines and blocks; ``status`` and ``kind`` as the record has them."""

    statement_id: int
    customer_id: int
    customer_name: str
    currency: str
    price_minor_units: int
    cost: Decimal
    status: str
    kind: str
    invoice_id: str


def bill_rows(scope: Scope, month: BillingMonth, customer_ids: Collection[int] | None = None) -> list[BillRow]:
    """The statements and notes of a month that have lines and were not taken back, in no order.

    ``customer_ids``: of these customers only.
    """
    columns = statements.c
    kinds = (DocumentKind.STATEMENT.value, DocumentKind.NOTE.value)
    of_customer = and_(customers.c.customer_id == columns.customer_id, scope.own(customers))
    numbered = and_(given_numbers.c.statement_id == columns.statement_id, scope.own(given_numbers))
    query = (
        scope.select(
            statements,
            columns.statement_id,
            columns.customer_id,
            customers.c.name,
            columns.currency,
            columns.total_minor_units - columns.carried_minor_units - columns.block_minor_units,
            columns.statement_cost,
            columns.block_cost,
            columns.status,
            columns.document_kind,
            columns.invoice_id,
            given_numbers.c.invoice_id,
        )
        .join(customers, of_customer)
        .outerjoin(given_numbers, numbered)
        .where(
            columns.billing_month == str(month),
            columns.line_count > 0,
            columns.document_kind.in_(kinds),
            not_voided(),
        )
    )
    if customer_ids is not None:
        query = query.where(among(scope.connection, columns.customer_id, customer_ids))
    return [
        BillRow(
            statement_id,
            customer_id,
            name,
            currency,
            price,
            cost - block_cost,
            status,
            kind,
            invoice_id or given_number or "",
        )
        for (
            statement_id,
            customer_id,
            name,
            currency,
            price,
            cost,
            block_cost,
            status,
            kind,
            invoice_id,
            given_number,
        ) in scope.connection.execute(query)
    ]
