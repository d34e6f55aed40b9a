"""Read whom price books are assigned to, and which accounts they price."""

from rebill.model.errors import NotFound
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.model.price_book_record import AccountAssignment, BookAssignment
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.price_book_assignments import (
    account_assignment_page,
    book_assignment_page,
    find_account_assignment,
    find_book_assignment,
    place_of_account_assignment,
    place_of_book_assignment,
)
from rebill.store.scope import Scope


def list_book_assignments(
    installation: Installation, caller: Caller, page: Page, customer_id: int | None = None
) -> Listing[BookAssignment]:
    """The assignments that did not end, oldest first; ``customer_id``: those of this customer."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_book_assignment(scope, after_id))
        return book_assignment_page(scope, page, customer_id, after)


def list_account_assignments(
    installation: Installation, caller: Caller, page: Page, customer_id: int | None = None
) -> Listing[AccountAssignment]:
    """The accounts' assignments that did not end, oldest first; ``customer_id``: those of this customer."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_account_assignment(scope, after_id))
        return account_assignment_page(scope, page, customer_id, after)


def get_book_assignment(
    installation: Installation, caller: Caller, assignment_id: int, customer_id: int | None = None
) -> BookAssignment:
    """One assignment. Raises ``NotFound`` for one that ended, another partner's, or not of ``customer_id``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return found_book_assignment(Scope.of(connection, caller), assignment_id, customer_id)


def get_account_assignment(
    installation: Installation, caller: Caller, account_assignment_id: int, customer_id: int | None = None
) -> AccountAssignment:
    """One account's assignment. Raises ``NotFound`` as ``get_book_assignment`` does."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return found_account_assignment(Scope.of(connection, caller), account_assignment_id, customer_id)


def found_book_assignment(scope: Scope, assignment_id: int, customer_id: int | None = None) -> BookAssignment:
    """The assignment, in a transaction under way. Raises ``NotFound``."""
    found = find_book_assignment(scope, assignment_id)
    if found is None or customer_id not in (None, found.customer_id):
        raise NotFound(
            "price_book_assignment_not_found",
            f"There is no price book assignment {assignment_id}: list the assignments to find its id.",
        )
    return found


def found_account_assignment(
    scope: Scope, account_assignment_id: int, customer_id: int | None = None
) -> AccountAssignment:
    """The account's assignment, in a transaction under way. Raises ``NotFound``."""
    found = find_account_assignment(scope, account_assignment_id)
    if found is None or customer_id not in (None, found.customer_id):
        raise NotFound(
            "price_book_account_assignment_not_found",
            f"There is no price book account assignment {account_assignment_id}: list them to find its id.",
        )
    return found
