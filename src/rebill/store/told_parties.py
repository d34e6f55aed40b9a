"""What the documents of a month tell of seller and buyer, as short rows: thousands of them are judged at once."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, literal_column

from rebill.model.months import BillingMonth
from rebill.model.statement import StatementStatus
from rebill.store.membership import among
from rebill.store.scope import Scope
from rebill.store.statements import is_of_month
from rebill.store.tables import billing_details, customers, issued_particulars, statements


class ToldBuyer(NamedTuple):
    """What electronic invoices ask of a buyer, as it was told; empty where it was not."""

    address_country: str | None
    details_country: str | None
    tax_id: str | None
    registration_id: str | None


class MonthDocument(NamedTuple):
    """A statement or note of a month; ``status`` as the record has it, ``buyer``: what is told of its customer now."""

    statement_id: int
    customer_id: int
    customer_name: str
    currency: str
    status: str
    buyer: ToldBuyer


class IssuedParties(NamedTuple):
    """What an issued document told; ``tax_rules``: those it was issued with, as they were written down."""

    seller_country: str | None
    seller_tax_id: str | None
    seller_registration_id: str | None
    buyer: ToldBuyer
    tax_rules: str


_OF_DETAILS: Final = ("country", "tax_id", "registration_id")


class AlikeEstimates(NamedTuple):
    """How many Estimated statements of a month tell the same of their buyers; of numbers ``told`` stands for any."""

    currency: str
    buyer: ToldBuyer
    statement_count: int


def alike_estimates(scope: Scope, month: BillingMonth) -> list[AlikeEstimates]:
    """The Estimated statements of a month by what electronic invoices ask of their buyers, in no order."""
    details = billing_details.c.details
    told = [case((func.coalesce(details[name].as_string(), "") != "", "told"), else_="") for name in _OF_DETAILS[1:]]
    columns = (statements.c.currency, customers.c.country, details["country"].as_string(), *told)
    query = _with_buyers(scope, month, *columns, func.count()).where(
        statements.c.status == StatementStatus.ESTIMATED.value
    )
    places: list[ColumnElement[Any]] = [literal_column(str(place)) for place in range(1, len(columns) + 1)]
    return [
        AlikeEstimates(currency, ToldBuyer(*buyer), count)
        for currency, *buyer, count in scope.connection.execute(query.group_by(*places))
    ]


def documents_of_month(scope: Scope, month: BillingMonth) -> list[MonthDocument]:
    """The statements and notes of a month but for statements that a void took back, in no order."""
    columns = statements.c
    query = _with_buyers(
        scope,
        month,
        columns.statement_id,
        columns.customer_id,
        customers.c.name,
        columns.currency,
        columns.status,
        customers.c.country,
        *(billing_details.c.details[name].as_string() for name in _OF_DETAILS),
    )
    return [
        MonthDocument(statement_id, customer_id, name, currency, status, ToldBuyer(*buyer))
        for statement_id, customer_id, name, currency, status, *buyer in scope.connection.execute(query)
    ]


def _with_buyers(scope: Scope, month: BillingMonth, *columns: ColumnElement[Any]) -> Select[Any]:
    of_customer = and_(customers.c.customer_id == statements.c.customer_id, scope.own(customers))
    of_details = and_(billing_details.c.customer_id == statements.c.customer_id, scope.own(billing_details))
    return (
        scope.select(statements, *columns)
        .join(customers, of_customer)
        .outerjoin(billing_details, of_details)
        .where(*is_of_month(month, with_notes=True))
    )


def issued_parties(scope: Scope, statement_ids: Collection[int]) -> dict[int, IssuedParties]:
    """What these issued documents told, by statement id; those that were issued before it was kept are not there."""
    kept = issued_particulars.c.particulars

    def told(*path: str) -> ColumnElement[str | None]:
        found: ColumnElement[str | None] = kept[path].as_string()
        return found

    query = scope.select(
        issued_particulars,
        issued_particulars.c.statement_id,
        cast(kept["tax_rules"], Text),
        told("letterhead", "address", "country"),
        told("letterhead", "tax_id"),
        told("letterhead", "registration_id"),
        told("recipient", "address", "country"),
        *(told("recipient", "details", name) for name in _OF_DETAILS),
    ).where(among(scope.connection, issued_particulars.c.statement_id, statement_ids))
    return {
        statement_id: IssuedParties(country, tax_id, registration_id, ToldBuyer(*buyer), rules)
        for statement_id, rules, country, tax_id, registration_id, *buyer in scope.connection.execute(query)
    }
