"""The documents of a month as short rows: thousands of them are read to show a page of them in any order."""

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import and_

from rebill.model.document import DocumentKind
from rebill.model.months import BillingMonth
from rebill.store.document_ties import ended_its_edition
from rebill.store.margin_figures import is_counted
from rebill.store.scope import Scope
from rebill.store.tables import customers, given_numbers, statements, voids


class BillRow(NamedTuple):
    """A document before carry lines and blocks; ``status`` and ``kind`` as the record has them.

    ``carried_by_id``: the statement that a block stands on. ``void_id`` and ``note_id``: of the void that ended its
    edition.
    """

    statement_id: int
    customer_id: int
    customer_name: str
    currency: str
    price_minor_units: int
    cost: Decimal
    status: str
    kind: str
    invoice_id: str
    corrects_id: int | None
    carried_by_id: int | None
    void_id: int | None
    note_id: int | None


def is_standing_statement(row: BillRow) -> bool:
    """Whether a document is a statement that nothing took back; a customer has one of a month and currency at most."""
    return row.kind == DocumentKind.STATEMENT and row.void_id is None


def bill_rows(scope: Scope, month: BillingMonth, customer_id: int | None = None) -> list[BillRow]:
    """The documents of a month that were issued or are to be, those that a void took back too, in no order.

    ``customer_id``: only this customer's.
    """
    columns = statements.c
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
            columns.corrects_id,
            columns.carried_by_id,
            voids.c.void_id,
            voids.c.note_id,
        )
        .join(customers, of_customer)
        .outerjoin(given_numbers, numbered)
        .outerjoin(voids, ended_its_edition(scope))
        .where(columns.billing_month == str(month), is_counted())
    )
    if customer_id is not None:
        query = query.where(columns.customer_id == customer_id)
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
            *ties,
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
            *ties,
        ) in scope.connection.execute(query)
    ]
