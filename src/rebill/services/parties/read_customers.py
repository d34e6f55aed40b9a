"""Read the partner's customers."""

from collections.abc import Callable, Sequence

from rebill.model.customer import Customer
from rebill.model.errors import Invalid, NotFound
from rebill.model.listing import Listing, Page
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.customer_rules import UNKNOWN_CUSTOMER
from rebill.store.customers import customer_name, customer_page, find_customer, place_of_customer
from rebill.store.scope import Scope


def get_customer(installation: Installation, caller: Caller, customer_id: int, deleted: bool = False) -> Customer:
    """One customer; ``deleted``: one that is deleted. Raises ``NotFound`` for another partner's, or not the own."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        return found_customer(Scope.of(connection, caller), customer_id, _month(installation), deleted)


def require_customer_ever(installation: Installation, caller: Caller, customer_id: int) -> None:
    """Raise ``NotFound`` where the caller never had a customer of this id, deleted or not."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        if customer_name(Scope.of(connection, caller), customer_id, even_deleted=True) is None:
            raise unknown_customer(customer_id, caller.customer_id)


def faults_of_named(installation: Installation, caller: Caller, customer_id: int | None) -> dict[str, str]:
    """What is wrong with an order for a customer that it names (``None``: all); days of a deleted one still count."""
    if customer_id is None:
        return {}
    try:
        require_customer_ever(installation, caller, customer_id)
    except NotFound:
        return {"client_api_id": UNKNOWN_CUSTOMER}
    return {}


def list_customers(
    installation: Installation, caller: Caller, page: Page, customer_id: int | None = None, deleted: bool = False
) -> Listing[Customer]:
    """The customers that are not deleted (``deleted``: those that are), oldest first; a customer's key sees its own.

    ``customer_id`` filters to one customer: ``NotFound`` where there is none.
    """
    require(caller, Permission.READ_OWN)
    month = _month(installation)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if customer_id is not None:
            found_customer(scope, customer_id, month, deleted)
        after = place_after(page, lambda after_id: place_of_customer(scope, after_id))
        return customer_page(scope, page, month, customer_id, deleted, after)


def place_after(page: Page, place_of: Callable[[int], Sequence[object] | None]) -> Sequence[object]:
    """Where a page by key begins, ``()`` at the list's start (``after_id`` 0).

    Raises ``Invalid`` when ``after_id`` names nothing of the list.
    """
    if not page.after_id:
        return ()
    place = place_of(page.after_id)
    if place is None:
        fields = {"after_id": "names nothing in this list: give the id that the page before ended with"}
        raise Invalid("invalid_page", "The list cannot be read from there on.", fields)
    return place


def found_customer(scope: Scope, customer_id: int, month: BillingMonth, deleted: bool = False) -> Customer:
    """The customer with its terms of ``month``, or ``NotFound``."""
    customer = find_customer(scope, customer_id, month, deleted)
    if customer is None:
        raise unknown_customer(customer_id, scope.customer_id)
    return customer


def unknown_customer(customer_id: int | None, own: int | None = None) -> NotFound:
    """What to say of a customer that this caller does not have; ``own``: the one that the caller is kept to.

    ``customer_id``: ``None`` where what was given is no id.
    """
    none_such = "There is no such customer" if customer_id is None else f"There is no customer {customer_id}"
    if own is not None:
        return NotFound("customer_not_found", f"{none_such} here: this key reads {own} alone.")
    return NotFound("customer_not_found", f"{none_such}: list the customers to find its id.")


def _month(installation: Installation) -> BillingMonth:
    return BillingMonth.of(today_of(installation.clock()))
