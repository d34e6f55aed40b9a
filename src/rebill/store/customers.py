"""The partner's customers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from rebill.model.currencies import minor_digits
from rebill.model.customer import Customer
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Listing, Page
from rebill.model.money import round_half_away
from rebill.model.months import BillingMonth
from rebill.model.party import Address, Classification
from rebill.store.assignments import ORDER_OF_CREATION
from rebill.store.identity import can_be_stored
from rebill.store.membership import among
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope, given
from rebill.store.tables import accounts, assignments, customers, statements
from rebill.store.terms import terms_in_force

_ORDER = (customers.c.created_at, customers.c.customer_id)


def add_customer(scope: Scope, customer: Customer) -> None:
    """Keep a new customer; its terms are kept apart (``store.terms``)."""
    row = {
        "customer_id": customer.customer_id,
        "generated_external_id": customer.generated_external_id,
        "created_at": customer.created_at,
    }
    scope.insert(customers, [{**row, **_changeable(customer)}])


def change_customer(scope: Scope, customer: Customer) -> None:
    """Keep what may change of a customer; its terms are kept apart (``store.terms``)."""
    changed = scope.update(customers).where(customers.c.customer_id == customer.customer_id)
    scope.connection.execute(changed.values(_changeable(customer)))


def mark_deleted(scope: Scope, customer_id: int, now: datetime) -> None:
    """Mark a customer as deleted: its name is free, and everything that was kept of it stays."""
    deleted = scope.update(customers).where(customers.c.customer_id == customer_id)
    scope.connection.execute(deleted.values(deleted_at=now, updated_at=now))


def hold_customer(scope: Scope, customer_id: int, even_deleted: bool = False) -> bool:
    """Let nobody assign to, change or delete a customer until this transaction ends; ``False`` where there is none.

    ``even_deleted``: a deleted one too, of which some things can still be changed.
    """
    if not can_be_stored(customer_id):
        return False
    query = _one(scope, customer_id, None if even_deleted else False).with_only_columns(customers.c.customer_id)
    return scope.connection.scalars(query.with_for_update(key_share=True)).one_or_none() is not None


def customer_name(scope: Scope, customer_id: int, hold: bool = False, even_deleted: bool = False) -> str | None:
    """The name of a customer; ``None`` where this scope has none of this id.

    ``hold``: it is neither changed nor deleted until this transaction ends. ``even_deleted``: of a deleted one too.
    """
    if not can_be_stored(customer_id):
        return None
    query = _held_name if hold else _any_name if even_deleted else _name
    found = scope.run(query, wanted_id=customer_id)
    return found[0].name if found else None


def customer_names(scope: Scope, customer_ids: Collection[int] | None = None) -> dict[int, str]:
    """The names of these customers of the scope, or of all (``None``), deleted ones too, by their ids."""
    query = scope.select(customers, customers.c.customer_id, customers.c.name)
    if customer_ids is not None:
        query = query.where(among(scope.connection, customers.c.customer_id, customer_ids))
    return {row.customer_id: row.name for row in scope.connection.execute(query)}


def living_customers(scope: Scope) -> list[tuple[int, str]]:
    """Ids and names of the customers that are not deleted."""
    query = scope.select(customers, customers.c.customer_id, customers.c.name).where(customers.c.deleted_at.is_(None))
    return [(customer_id, name) for customer_id, name in scope.connection.execute(query)]


def customers_of_ids(scope: Scope, customer_ids: Collection[int], month: BillingMonth) -> list[Customer]:
    """The customers of these ids that are not deleted, with their terms of ``month``."""
    query = scope.select(customers).where(
        among(scope.connection, customers.c.customer_id, customer_ids), customers.c.deleted_at.is_(None)
    )
    return _customers(scope, scope.connection.execute(query).all(), month)


def billing_folders(scope: Scope, customer_ids: Collection[int]) -> dict[int, str]:
    """The folders for these customers' bills, deleted ones' too; ``""`` where one has none."""
    query = scope.select(customers, customers.c.customer_id, customers.c.billing_folder)
    query = query.where(among(scope.connection, customers.c.customer_id, customer_ids))
    return {row.customer_id: row.billing_folder for row in scope.connection.execute(query)}


def names_of_customers(scope: Scope) -> list[tuple[int, str]]:
    """Ids and names of the partner's customers; of two of one name the one that is not deleted comes last."""
    query = scope.select(customers, customers.c.customer_id, customers.c.name)
    rows = scope.connection.execute(query.order_by(customers.c.deleted_at.is_(None), *_ORDER))
    return [(row.customer_id, row.name) for row in rows]


def which_are_customers(scope: Scope, customer_ids: Collection[int], with_deleted: bool = False) -> set[int]:
    """Those of ``customer_ids`` that are customers of this scope."""
    storable = [customer_id for customer_id in customer_ids if can_be_stored(customer_id)]
    query = scope.select(customers, customers.c.customer_id).where(
        among(scope.connection, customers.c.customer_id, storable)
    )
    return set(scope.connection.scalars(query if with_deleted else query.where(customers.c.deleted_at.is_(None))))


def is_name_taken(scope: Scope, name: str) -> bool:
    """Whether a customer of this partner that is not deleted has exactly this name."""
    query = scope.select(customers, customers.c.customer_id).where(
        customers.c.name == name, customers.c.deleted_at.is_(None)
    )
    return scope.connection.scalars(query).first() is not None


def find_customer(scope: Scope, customer_id: int, month: BillingMonth, deleted: bool = False) -> Customer | None:
    """A customer with its terms of ``month`` (``store.terms.terms_in_force``); ``deleted``: a deleted one."""
    if not can_be_stored(customer_id):
        return None
    found = _customers(scope, scope.connection.execute(_one(scope, customer_id, deleted)).all(), month)
    return found[0] if found else None


def customer_page(
    scope: Scope, page: Page, month: BillingMonth, customer_id: int | None, deleted: bool, after: Sequence[Any]
) -> Listing[Customer]:
    """A page of the customers that are (not) deleted, oldest first, each with its terms of ``month``.

    ``customer_id``: that one only.
    """
    query = scope.select(customers).where(_is_deleted(deleted))
    if customer_id is not None:
        query = query.where(customers.c.customer_id == customer_id)
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = _customers(scope, found.rows, month)
    return Listing(items, page, found.total, found.more, items[-1].customer_id if items else None)


def place_of_customer(scope: Scope, customer_id: int) -> tuple[datetime, int] | None:
    """Where a customer (deleted or not) stands in the order of lists."""
    if not can_be_stored(customer_id):
        return None
    query = scope.select(customers, *_ORDER).where(customers.c.customer_id == customer_id)
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else (row.created_at, row.customer_id)


def _is_deleted(deleted: bool) -> ColumnElement[bool]:
    return customers.c.deleted_at.is_not(None) if deleted else customers.c.deleted_at.is_(None)


def _name(scope: Scope) -> Select[Any]:
    return _any_name(scope).where(_is_deleted(False))


def _held_name(scope: Scope) -> Select[Any]:
    return _name(scope).with_for_update(read=True)


def _any_name(scope: Scope) -> Select[Any]:
    return scope.select(customers, customers.c.name).where(customers.c.customer_id == given("wanted_id"))


def _one(scope: Scope, customer_id: int, deleted: bool | None) -> Select[Any]:
    """The row of one customer that is (not) deleted; ``None``: either."""
    query = scope.select(customers).where(customers.c.customer_id == customer_id)
    return query if deleted is None else query.where(_is_deleted(deleted))


def _changeable(customer: Customer) -> dict[str, Any]:
    """The columns of what may change of a customer."""
    address = customer.address
    return {
        "name": customer.name,
        "street1": address.street1,
        "street2": address.street2,
        "city": address.city,
        "state": address.state,
        "zipcode": address.zipcode,
        "country": address.country,
        "classification": customer.classification.value,
        "trial_expiration": customer.trial_expiration,
        "billing_contact": customer.billing_contact,
        "billing_folder": customer.billing_folder,
        "tags": [{"key": key, "value": value} for key, value in customer.tags],
        "updated_at": customer.updated_at,
    }


def _customers(scope: Scope, rows: Sequence[Row[Any]], month: BillingMonth) -> list[Customer]:
    ids = [row.customer_id for row in rows]
    terms = terms_in_force(scope, ids, month)
    azure_customers = _first_azure_customers(scope, ids)
    # A customer's own key never sees what its partner earns.
    margins = _margin_percentages(scope, ids) if scope.customer_id is None else {}
    return [
        Customer(
            customer_id=row.customer_id,
            name=row.name,
            address=Address(row.street1, row.street2, row.city, row.state, row.zipcode, row.country),
            classification=Classification(row.classification),
            trial_expiration=row.trial_expiration,
            billing_contact=row.billing_contact,
            billing_enabled=row.customer_id in terms and terms[row.customer_id].billing_enabled,
            billing_folder=row.billing_folder,
            tags=tuple((tag["key"], tag["value"]) for tag in row.tags),
            generated_external_id=row.generated_external_id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            deleted_at=row.deleted_at,
            margin_percentage=margins.get(row.customer_id),
            azure_customer_id=azure_customers.get(row.customer_id, ""),
        )
        for row in rows
    ]


def _first_azure_customers(scope: Scope, customer_ids: Collection[int]) -> dict[int, str]:
    """The Azure customer assigned first of those that each customer has without end."""
    # One short look-up for each customer: a customer may have tens of thousands of assignments.
    first = (
        select(accounts.c.spelling)
        .join_from(assignments, accounts, accounts.c.account_id == assignments.c.account_id)
        .where(
            assignments.c.customer_id == customers.c.customer_id,
            assignments.c.withdrawn_at.is_(None),
            assignments.c.effective_to.is_(None),
            accounts.c.kind == AccountKind.AZURE_CUSTOMER.value,
        )
        .order_by(*ORDER_OF_CREATION)
        .limit(1)
        .correlate(customers)
        .scalar_subquery()
    )
    query = scope.select(customers, customers.c.customer_id, first.label("spelling"))
    query = query.where(among(scope.connection, customers.c.customer_id, customer_ids))
    return {row.customer_id: row.spelling or "" for row in scope.connection.execute(query)}


def _margin_percentages(scope: Scope, customer_ids: Collection[int]) -> dict[int, Decimal]:
    """Margin in percent of the price, two decimals, of each customer's last statement.

    The price is that before carry. The last month that has lines; of several currencies in it the first by code that
    has a price. No entry where none has.
    """
    last = (
        scope.select(statements, statements.c.customer_id, func.max(statements.c.billing_month).label("billing_month"))
        .where(among(scope.connection, statements.c.customer_id, customer_ids), statements.c.line_count > 0)
        .group_by(statements.c.customer_id)
        .subquery()
    )
    is_last = (last.c.customer_id == statements.c.customer_id) & (last.c.billing_month == statements.c.billing_month)
    query = (
        scope.select(statements)
        .join(last, is_last)
        .where(statements.c.line_count > 0)
        .order_by(statements.c.currency.desc())
    )
    margins: dict[int, Decimal] = {}
    for row in scope.connection.execute(query):
        price = Decimal(row.total_minor_units - row.carried_minor_units).scaleb(-minor_digits(row.currency))
        if price:
            margins[row.customer_id] = round_half_away((price - row.statement_cost) / price * 100, 2)
    return margins
