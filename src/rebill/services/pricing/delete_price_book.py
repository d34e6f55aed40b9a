"""Delete a price book that is assigned to nobody."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.read_price_books import found_price_book
from rebill.store.price_book_assignments import is_assigned
from rebill.store.price_book_records import mark_book_deleted
from rebill.store.scope import Scope


def delete_price_book(installation: Installation, caller: Caller, book_id: int) -> None:
    """Delete a book and free its name; issued months that it priced stay priced by it.

    Raises ``Forbidden``, ``NotFound`` also the second time, and ``Invalid`` while it is assigned to a customer.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        kept = found_price_book(scope, book_id, hold=True)
        if is_assigned(scope, book_id):
            raise Invalid("price_book_in_use", "The price book is assigned to customers: end its assignments first.")
        mark_book_deleted(scope, book_id, now)
        record_change(scope, caller, Act.DELETE_PRICE_BOOK, book_id, now, before=kept)

    installation.database.write(act)
