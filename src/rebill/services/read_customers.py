"""Read the partner's customers."""

from collections.abc import Callable, Sequence

from rebill.model.customer import Customer
from rebill.model.errors import Invalid, NotFound
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.services.installation import Installation
from rebill.services.permission import Permission, require
from rebill.store.customers import customer_page, find_customer, place_of_customer
from rebill.store.scope import Scope


def get_customer(installation: Installation, caller: Caller, customer_id: int) -> Customer:
    """One customer. Raises ``NotFound`` for one that is deleted, another partner's, or not the caller's own."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        return _found(Scope.of(connection, caller), customer_id)


def list_customers(
    installation: Installation, caller: Caller, page: Page, customer_id: int | None = None
) -> Listing[Customer]:
    """The customers that are not deleted, oldest first; a customer's key sees its own.

    ``customer_id`` filters to one customer: ``NotFound`` where there is none.
    """
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if customer_id is not None:
            _found(scope, customer_id)
        after = place_after(page, lambda after_id: place_of_customer(scope, after_id))
        return customer_page(scope, page, customer_id, after)


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


def _found(scope: Scope, customer_id: int) -> Customer:
    customer = find_customer(scope, customer_id)
    if customer is None:
        raise NotFound("customer_not_found", f"There is no customer {customer_id}: list the customers to find its id.")
    return customer
