"""Price books: create, list, show, change, delete; the specification as it was written."""

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.price_book_shapes import (
    NearMissesAnswer,
    NewPriceBookAnswer,
    NewPriceBookBody,
    PriceBookAnswer,
    PriceBookBody,
    PriceBookList,
    SpecificationAnswer,
    near_misses_answer,
    price_book_answer,
)
from rebill.api.query import Parameter, identifier
from rebill.api.resource import Resource
from rebill.api.route import Route
from rebill.api.shapes import require_shape
from rebill.model.audit import Act
from rebill.model.price_book_record import PriceBookRecord
from rebill.services.pricing.change_price_book import change_price_book, price_book_change_faults
from rebill.services.pricing.create_price_book import create_price_book, new_price_book_faults
from rebill.services.pricing.delete_price_book import delete_price_book
from rebill.services.pricing.read_price_books import get_price_book, get_specification, list_price_books
from rebill.services.trials.near_misses import near_misses_of_book

GREATEST_BOOK_BYTES = 32 * 1024**2
TARGET: Parameter = identifier("target_client_api_id", "Only what is of this customer.")
_BOOK_ID = "price_book_id"


def create(call: Call) -> Answer:
    """A price book from its specification, in XML or YAML, which is kept byte for byte.

    Every fault of the specification is told at once, by line and rule. A book prices nothing until it is assigned
    to a customer, and accounts of that customer to it. The body may have 32 MiB.
    """
    book = create_price_book(call.installation, call.caller, call.body_as(PriceBookBody).order())
    return Answer.json(201, NewPriceBookAnswer(price_book=price_book_answer(book)))


def list_all(call: Call) -> Answer:
    """The partner's price books, as a bare array; `target_client_api_id` keeps it to those assigned to a customer."""
    listing = list_price_books(call.installation, call.caller, page_of(call.parameters), wanted_customer(call))
    return list_answer(call, PriceBookList([price_book_answer(book) for book in listing.items]), listing)


def get(call: Call) -> Answer:
    """One price book without its specification."""
    return Answer.json(200, price_book_answer(_book(call)))


def specification(call: Call) -> Answer:
    """What the price book says, byte for byte as it was sent."""
    found = get_specification(call.installation, call.caller, _book(call).price_book_id)
    return Answer.json(200, SpecificationAnswer(specification=found.text))


def near_misses(call: Call) -> Answer:
    """Names that the book asks for and no line of the last imported month has, but for the case of their letters.

    The book prices all the same: such a rule matches nothing. `rates_passed_over`: its fixed rates that do not price
    lines which their rules are for, because these have another currency, another unit or no quantity, or name a
    commitment. `month` is `null` while no cost is imported. Where the
    lines cannot be read now, `fault` says why.
    """
    found = near_misses_of_book(call.installation, call.caller, _book(call).price_book_id)
    return Answer.json(200, near_misses_answer(found))


def update(call: Call) -> Answer:
    """What is given changes: the name, the specification, or both.

    A changed specification holds from the first month on that is issued to none of the customers whom the book is
    or was assigned to.
    """
    order = call.body_as(PriceBookBody).order()
    book = change_price_book(call.installation, call.caller, call.ids[_BOOK_ID], order)
    return Answer.json(200, price_book_answer(book))


def delete(call: Call) -> Answer:
    """The book is gone; while it is assigned to a customer it cannot be deleted (422)."""
    delete_price_book(call.installation, call.caller, call.ids[_BOOK_ID])
    return Answer.deleted(call.accept)


def _book(call: Call) -> PriceBookRecord:
    """The book of the path; one that is assigned to the customer that the caller narrows down to, if it does."""
    return get_price_book(call.installation, call.caller, call.ids[_BOOK_ID], call.filter_customer_id)


def wanted_customer(call: Call, of_body: int | None = None) -> int | None:
    """The customer that a list is narrowed to: by either parameter or by a body, which must agree."""
    given = (call.filter_customer_id, call.parameters.number(TARGET.name), of_body)
    named = [customer_id for customer_id in given if customer_id is not None]
    if len(set(named)) > 1:
        require_shape({TARGET.name: "differs from the customer that the call names elsewhere: send one of them"})
    return next(iter(named), None)


def _new_faults(call: Call) -> dict[str, str]:
    return new_price_book_faults(call.installation, call.caller, call.body_as(PriceBookBody).order())


def _change_faults(call: Call) -> dict[str, str]:
    order = call.body_as(PriceBookBody).order()
    return price_book_change_faults(call.installation, call.caller, call.ids[_BOOK_ID], order)


BOOKS = Resource("/v1/price_books", _BOOK_ID, PriceBookAnswer, PriceBookList, "/0/id", found=get_price_book)
ROUTES = (
    BOOKS.created(
        create,
        "Create a price book",
        Act.CREATE_PRICE_BOOK,
        NewPriceBookBody,
        "/price_book/id",
        answers={201: NewPriceBookAnswer},
        greatest_body_bytes=GREATEST_BOOK_BYTES,
        value_faults=_new_faults,
    ),
    BOOKS.listed(list_all, "List price books", TARGET),
    BOOKS.shown(get, "Show a price book"),
    Route(
        "GET",
        f"{BOOKS.one}/specification",
        BOOKS.reads,
        specification,
        "Show what a price book says",
        {200: SpecificationAnswer},
    ),
    Route(
        "GET",
        f"{BOOKS.one}/near_misses",
        BOOKS.reads,
        near_misses,
        "Show names in a price book that no line has",
        {200: NearMissesAnswer},
    ),
    BOOKS.changed(
        update,
        "Change a price book",
        Act.CHANGE_PRICE_BOOK,
        PriceBookBody,
        greatest_body_bytes=GREATEST_BOOK_BYTES,
        value_faults=_change_faults,
        of_whole_partner=True,
    ),
    BOOKS.deleted(delete, "Delete a price book", Act.DELETE_PRICE_BOOK, of_whole_partner=True),
)
