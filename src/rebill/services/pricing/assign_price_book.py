"""Assign a price book to a customer. Which accounts it prices is said apart (``assign_book_accounts``)."""

from datetime import datetime

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.months import BillingMonth, Months
from rebill.model.party import Caller
from rebill.model.price_book_record import BookAssignment, BookAssignmentOrder
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.customer_rules import UNKNOWN_CUSTOMER
from rebill.services.pricing.book_assignment_months import same_book_again, wanted_months
from rebill.services.pricing.read_book_assignments import found_book_assignment
from rebill.store.customers import hold_customer, which_are_customers
from rebill.store.price_book_assignments import add_book_assignment, book_assignments_of
from rebill.store.price_book_records import find_price_book
from rebill.store.scope import Scope
from rebill.store.terms import ALWAYS, first_changeable_month

UNKNOWN_BOOK = "names no price book: list the price books to find its id"


def assign_price_book(installation: Installation, caller: Caller, order: BookAssignmentOrder) -> BookAssignment:
    """Assign a book; without a month from the first month on that has no issued statement for this customer.

    Raises ``Forbidden``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> BookAssignment:
        scope = Scope.of(connection, caller)
        made = assign_within(scope, order, now)
        record_change(
            scope, caller, Act.ASSIGN_PRICE_BOOK, made.assignment_id, now, after=made, customer_id=made.customer_id
        )
        return made

    return installation.database.write(act)


def assign_within(scope: Scope, order: BookAssignmentOrder, now: datetime) -> BookAssignment:
    """The same, in a transaction under way."""
    months, faults = _checked(scope, order, hold=True)
    if faults or order.customer_id is None or order.price_book_id is None:
        raise Invalid("invalid_price_book_assignment", "Nothing was assigned: correct the fields named here.", faults)
    made = add_book_assignment(scope, order.customer_id, order.price_book_id, months, now)
    return found_book_assignment(scope, made)


def book_assignment_faults(installation: Installation, caller: Caller, order: BookAssignmentOrder) -> dict[str, str]:
    """What is wrong with assigning a book so, by field, as the record stands now; nothing is held."""
    require(caller, Permission.CHANGE)
    with installation.database.reading() as connection:
        return _checked(Scope.of(connection, caller), order, hold=False)[1]


def changeable_from(scope: Scope, customer_id: int) -> BillingMonth | None:
    """The first month that may change for a customer; ``None`` = every month may."""
    first = first_changeable_month(scope, customer_id)
    return None if first == ALWAYS else BillingMonth.parse(first)


def _checked(scope: Scope, order: BookAssignmentOrder, hold: bool) -> tuple[Months, dict[str, str]]:
    faults = {}
    # The customer is held first, here and wherever his books change.
    if order.customer_id is None:
        faults[order.customer_field] = "is required"
    elif not (hold_customer(scope, order.customer_id) if hold else which_are_customers(scope, [order.customer_id])):
        faults[order.customer_field] = UNKNOWN_CUSTOMER
    if order.price_book_id is None:
        faults["price_book_id"] = "is required"
    elif find_price_book(scope, order.price_book_id, hold) is None:
        faults["price_book_id"] = UNKNOWN_BOOK
    is_known = order.customer_id is not None and order.customer_field not in faults
    first = changeable_from(scope, order.customer_id) if is_known and order.customer_id is not None else None
    months, month_faults = wanted_months(order, None, first)
    if is_known and not month_faults and order.customer_id is not None and order.price_book_id is not None:
        again = same_book_again(book_assignments_of(scope, order.customer_id), order.price_book_id, months)
        if again is not None:
            faults["price_book_id"] = f"is assigned to this customer already, by assignment {again.assignment_id}"
    return months, faults | month_faults
