"""The specifications of recorded books, read once for as long as they are asked for."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from rebill.model.errors import Invalid, ProgramError
from rebill.model.price_book import PriceBook, Specification
from rebill.price_books.reading import read_price_book

_KEPT_BOOKS: Final = 32
_books: OrderedDict[tuple[str, str], PriceBook] = OrderedDict()
_lock = Lock()


def recorded_price_book(specification: Specification) -> PriceBook:
    """The book of a specification that was accepted when it was uploaded.

    Raises ``ProgramError`` when it cannot be read any more.
    """
    key = (specification.sha256, specification.written_as.value)
    with _lock:
        if key in _books:
            _books.move_to_end(key)
            return _books[key]
    try:
        book = read_price_book(specification.text, specification.written_as)
    except Invalid as invalid:
        fault = next(iter(invalid.fields.items()))
        raise ProgramError(
            "price_book_unreadable",
            f"A price book that was accepted earlier cannot be read by this version: {': '.join(fault)}. "
            "Upload it again, corrected.",
        ) from invalid
    with _lock:
        _books[key] = book
        while len(_books) > _KEPT_BOOKS:
            _books.popitem(last=False)
    return book
