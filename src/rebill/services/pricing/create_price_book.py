"""Create a price book from its specification: every fault is told at once, by line and rule."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.model.price_book_record import PriceBookOrder, PriceBookRecord
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed
from rebill.services.pricing.price_book_check import name_faults, text_faults, written
from rebill.services.pricing.read_price_books import found_price_book
from rebill.store.price_books import add_price_book
from rebill.store.scope import Scope
from rebill.store.terms import ALWAYS


def create_price_book(installation: Installation, caller: Caller, order: PriceBookOrder) -> PriceBookRecord:
    """Create a book. It prices nothing until it is assigned to a customer, and accounts to it.

    Raises ``Forbidden``, and ``Invalid`` with every fault: ``book_name``, ``specification[line 3]`` ...
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()
    faults = text_faults(order, is_new=True)

    def act(connection: Connection) -> PriceBookRecord:
        scope = Scope.of(connection, caller)
        found = {**name_faults(scope, order), **faults}
        if found or order.book_name is None or order.specification is None:
            raise Invalid("invalid_price_book", "No price book was made: correct the fields named here.", found)
        book_id = add_price_book(scope, composed(order.book_name), written(order.specification), ALWAYS, now)
        made = found_price_book(scope, book_id)
        record_change(scope, caller, Act.CREATE_PRICE_BOOK, book_id, now, after=made)
        return made

    return installation.database.write(act)


def new_price_book_faults(installation: Installation, caller: Caller, order: PriceBookOrder) -> dict[str, str]:
    """What is wrong with an order of a new book, of which some fields could not be read."""
    with installation.database.reading() as connection:
        return {**name_faults(Scope.of(connection, caller), order), **text_faults(order, is_new=True)}
