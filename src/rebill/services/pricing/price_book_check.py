"""What is wrong with a price book that is to be made or changed."""

from rebill.model.errors import Invalid
from rebill.model.price_book import Specification
from rebill.model.price_book_record import PriceBookOrder
from rebill.price_books.reading import format_of, read_price_book
from rebill.services.acting.plain_text import composed, name_fault
from rebill.store.price_book_records import is_book_name_taken
from rebill.store.scope import Scope


def text_faults(order: PriceBookOrder, is_new: bool) -> dict[str, str]:
    """What is wrong with the name, and with each line of the specification; a new book needs both."""
    faults: dict[str, str] = {}
    if order.book_name is not None or is_new:
        name = order.book_name or ""
        fault = name_fault(name)
        faults |= {} if fault is None else {"book_name": fault}
    if order.specification is None:
        return faults | ({"specification": "is required"} if is_new else {})
    try:
        read_price_book(order.specification, format_of(order.specification))
    except Invalid as invalid:
        faults |= invalid.fields
    return faults


def name_faults(scope: Scope, order: PriceBookOrder, book_id: int | None = None) -> dict[str, str]:
    """Whether another book than ``book_id`` has the name."""
    if order.book_name is None or not is_book_name_taken(scope, composed(order.book_name), but=book_id):
        return {}
    return {"book_name": "is the name of another price book"}


def written(text: str) -> Specification:
    """A text as the specification that it is."""
    return Specification(text, format_of(text))
