"""Whom price books are assigned to: assign, list, show, change, end."""

from dataclasses import replace

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.price_book_shapes import (
    BookAssignmentAnswer,
    BookAssignmentBody,
    BookAssignmentList,
    CustomerNamed,
    NewBookAssignmentBody,
    book_assignment_answer,
)
from rebill.api.price_books import TARGET, wanted_customer
from rebill.api.resource import Resource
from rebill.model.audit import Act
from rebill.model.price_book_record import BookAssignmentOrder
from rebill.services.pricing.assign_price_book import assign_price_book, book_assignment_faults
from rebill.services.pricing.change_book_assignment import (
    book_assignment_change_faults,
    change_book_assignment,
    end_price_book_assignment,
)
from rebill.services.pricing.read_book_assignments import get_book_assignment, list_book_assignments

_ID = "price_book_assignment_id"


def create(call: Call) -> Answer:
    """The book is the customer's from `start_month` to `end_month`, both included: once in a month.

    The customer may be named `target_client_api_id`, `client_api_id` or `customer_id`. Without `start_month` the
    assignment starts with the first month that has no issued statement of the customer.
    """
    assignment = assign_price_book(call.installation, call.caller, _order(call))
    return Answer.json(201, book_assignment_answer(assignment))


def list_all(call: Call) -> Answer:
    """Which customers have which price books.

    The list is narrowed by `target_client_api_id`, or by a body with the customer: the one body of a GET that is
    read.
    """
    customer_id = wanted_customer(call, call.body_as(CustomerNamed).named_customer_id)
    listing = list_book_assignments(call.installation, call.caller, page_of(call.parameters), customer_id)
    elements = [book_assignment_answer(assignment) for assignment in listing.items]
    return list_answer(call, BookAssignmentList(price_book_assignments=elements), listing)


def get(call: Call) -> Answer:
    """One assignment of a price book."""
    assignment = get_book_assignment(call.installation, call.caller, call.ids[_ID], call.filter_customer_id)
    return Answer.json(200, book_assignment_answer(assignment))


def update(call: Call) -> Answer:
    """The book, or the months, become others; the customer cannot. Issued months keep what they had."""
    order = call.body_as(BookAssignmentBody).order()
    changed = change_book_assignment(call.installation, call.caller, call.ids[_ID], order, call.filter_customer_id)
    return Answer.json(200, book_assignment_answer(changed))


def delete(call: Call) -> Answer:
    """The assignment ends, with those of its accounts; issued months keep it."""
    end_price_book_assignment(call.installation, call.caller, call.ids[_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def _order(call: Call) -> BookAssignmentOrder:
    asked = call.body_as(BookAssignmentBody).order()
    return replace(asked, customer_id=call.customer_or_filter(asked.customer_id))


def _change_faults(call: Call) -> dict[str, str]:
    order = call.body_as(BookAssignmentBody).order()
    return book_assignment_change_faults(call.installation, call.caller, call.ids[_ID], order)


def _new_faults(call: Call) -> dict[str, str]:
    return book_assignment_faults(call.installation, call.caller, _order(call))


BOOK_ASSIGNMENTS = Resource(
    "/v1/price_book_assignments",
    _ID,
    BookAssignmentAnswer,
    BookAssignmentList,
    "/price_book_assignments/0/id",
    found=get_book_assignment,
)
ROUTES = (
    BOOK_ASSIGNMENTS.created(
        create,
        "Assign a price book to a customer",
        Act.ASSIGN_PRICE_BOOK,
        NewBookAssignmentBody,
        value_faults=_new_faults,
    ),
    BOOK_ASSIGNMENTS.listed(list_all, "List price book assignments", TARGET, body=CustomerNamed),
    BOOK_ASSIGNMENTS.shown(get, "Show a price book assignment"),
    BOOK_ASSIGNMENTS.changed(
        update,
        "Change a price book assignment",
        Act.CHANGE_BOOK_ASSIGNMENT,
        BookAssignmentBody,
        value_faults=_change_faults,
    ),
    BOOK_ASSIGNMENTS.deleted(delete, "End a price book assignment", Act.END_BOOK_ASSIGNMENT),
)
