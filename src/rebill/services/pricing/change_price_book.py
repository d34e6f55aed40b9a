"""Change a price book: its name, what it says, or both."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.model.price_book_record import PriceBookOrder, PriceBookRecord
from rebill.services.acting.as_shown import require_as_shown
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed
from rebill.services.pricing.price_book_check import name_faults, text_faults, written
from rebill.services.pricing.read_price_books import found_price_book, get_price_book
from rebill.store.price_book_records import change_specification, rename_price_book
from rebill.store.scope import Scope


def change_price_book(
    installation: Installation, caller: Caller, book_id: int, order: PriceBookOrder, as_shown: str = ""
) -> PriceBookRecord:
    """Change a book; what it says changes from the first month on that is issued to nobody whom it was assigned to.

    An order that changes nothing leaves no trace. ``as_shown``: the mark of the ``name_and_text`` that the caller saw.
    Raises ``Forbidden``, ``NotFound``, ``ChangedMeanwhile``, and ``Invalid`` with every fault.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()
    # Reading a large specification takes a while: nobody waits for it while the record is held.
    get_price_book(installation, caller, book_id)
    faults = text_faults(order, is_new=False)

    def act(connection: Connection) -> PriceBookRecord:
        scope = Scope.of(connection, caller)
        kept = found_price_book(scope, book_id, hold=True)
        require_as_shown(name_and_text(kept), as_shown)
        found = {**name_faults(scope, order, book_id), **faults}
        if found:
            raise Invalid("invalid_price_book", "The price book was not changed: correct the fields named here.", found)
        if order.book_name is not None and composed(order.book_name) != kept.book_name:
            rename_price_book(scope, book_id, composed(order.book_name), now)
        if order.specification is not None:
            specification = written(order.specification)
            if specification.sha256 != kept.specification_sha256:
                change_specification(scope, book_id, specification, now)
        changed = found_price_book(scope, book_id)
        if changed != kept:
            record_change(scope, caller, Act.CHANGE_PRICE_BOOK, book_id, now, before=kept, after=changed)
        return changed

    return installation.database.write(act)


def name_and_text(book: PriceBookRecord) -> object:
    """What an editor shows and changes of a book, the text by its hash."""
    return book.book_name, book.specification_sha256


def price_book_change_faults(
    installation: Installation, caller: Caller, book_id: int, order: PriceBookOrder
) -> dict[str, str]:
    """What is wrong with an order to change a book, of which some fields could not be read. Raises ``NotFound``."""
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        found_price_book(scope, book_id)
        return {**name_faults(scope, order, book_id), **text_faults(order, is_new=False)}
