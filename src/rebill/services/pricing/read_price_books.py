"""Read the partner's price books."""

from rebill.model.errors import NotFound
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.model.price_book import Specification
from rebill.model.price_book_record import PriceBookRecord
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.price_book_records import (
    find_price_book,
    is_assigned_to,
    newest_specification,
    place_of_price_book,
    price_book_page,
)
from rebill.store.scope import Scope


def get_price_book(
    installation: Installation, caller: Caller, book_id: int, customer_id: int | None = None
) -> PriceBookRecord:
    """One book. Raises ``NotFound`` for one that is deleted, another partner's, or not assigned to ``customer_id``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if customer_id is not None and not is_assigned_to(scope, book_id, customer_id):
            raise _unknown_book(book_id)
        return found_price_book(scope, book_id)


def get_specification(installation: Installation, caller: Caller, book_id: int) -> Specification:
    """What a book says in the end, as it was written. Raises ``NotFound``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        return newest_specification(scope, found_price_book(scope, book_id).price_book_id)


def list_price_books(
    installation: Installation, caller: Caller, page: Page, customer_id: int | None = None
) -> Listing[PriceBookRecord]:
    """The books that are not deleted, oldest first; ``customer_id``: those assigned to this customer."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_price_book(scope, after_id))
        return price_book_page(scope, page, customer_id, after)


def found_price_book(scope: Scope, book_id: int, hold: bool = False) -> PriceBookRecord:
    """The book, in a transaction under way; ``hold`` as ``find_price_book`` has it. Raises ``NotFound``."""
    book = find_price_book(scope, book_id, hold)
    if book is None:
        raise _unknown_book(book_id)
    return book


def _unknown_book(book_id: int) -> NotFound:
    return NotFound("price_book_not_found", f"There is no price book {book_id}: list the books to find its id.")
