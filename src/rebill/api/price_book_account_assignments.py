"""Which accounts assigned price books price: assign, list, show, change, end."""

from dataclasses import replace

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.price_book_shapes import (
    AccountAssignmentAnswer,
    AccountAssignmentBody,
    AccountAssignmentList,
    NewAccountAssignmentBody,
    account_assignment_answer,
)
from rebill.api.price_books import TARGET, wanted_customer
from rebill.api.resource import Resource
from rebill.api.shapes import require_shape
from rebill.model.audit import Act
from rebill.model.price_book import ALL_ACCOUNTS
from rebill.model.price_book_record import AccountsOrder
from rebill.services.pricing.assign_book_accounts import (
    account_change_faults,
    assign_book_accounts,
    book_accounts_faults,
    change_account_assignment,
    end_book_account_assignment,
)
from rebill.services.pricing.read_book_assignments import get_account_assignment, list_account_assignments

_ID = "price_book_account_assignment_id"


def create(call: Call) -> Answer:
    """The assigned book prices these accounts of the customer, or `ALL` of them; a named account goes before `ALL`.

    All accounts of the request, or none. The answer to `ALL` is bare; any other stands under
    `price_book_account_assignments`.
    """
    require_shape(call.body_as(AccountAssignmentBody).missing(is_new=True))
    made = assign_book_accounts(call.installation, call.caller, _order(call))
    elements = [account_assignment_answer(account) for account in made]
    if [element.billing_account_owner_id for element in elements] == [ALL_ACCOUNTS]:
        return Answer.json(201, elements[0])
    return Answer.json(201, AccountAssignmentList(price_book_account_assignments=elements))


def list_all(call: Call) -> Answer:
    """Which accounts are priced by which assigned books; `target_client_api_id` keeps the list to a customer."""
    customer_id = wanted_customer(call)
    listing = list_account_assignments(call.installation, call.caller, page_of(call.parameters), customer_id)
    elements = [account_assignment_answer(account) for account in listing.items]
    return list_answer(call, AccountAssignmentList(price_book_account_assignments=elements), listing)


def get(call: Call) -> Answer:
    """One account that an assigned book prices."""
    account = get_account_assignment(call.installation, call.caller, call.ids[_ID], call.filter_customer_id)
    return Answer.json(200, account_assignment_answer(account))


def update(call: Call) -> Answer:
    """The assigned book prices another account instead. One account is taken here."""
    body = call.body_as(AccountAssignmentBody)
    if len(body.owner_ids) > 1:
        require_shape(_change_faults(call))
    owner_id = next(iter(body.owner_ids), None)
    changed = change_account_assignment(
        call.installation, call.caller, call.ids[_ID], owner_id, call.filter_customer_id, body.price_book_assignment_id
    )
    return Answer.json(200, account_assignment_answer(changed))


def delete(call: Call) -> Answer:
    """The book prices the account no more, from the first month on that has no issued statement of the customer."""
    end_book_account_assignment(call.installation, call.caller, call.ids[_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def _order(call: Call) -> AccountsOrder:
    asked = call.body_as(AccountAssignmentBody).order()
    return replace(asked, customer_id=call.customer_or_filter(asked.customer_id))


def _new_faults(call: Call) -> dict[str, str]:
    of_values = book_accounts_faults(call.installation, call.caller, _order(call))
    return {**of_values, **call.body_as(AccountAssignmentBody).missing(is_new=True)}


def _change_faults(call: Call) -> dict[str, str]:
    body = call.body_as(AccountAssignmentBody)
    owner_id = next(iter(body.owner_ids), None)
    of_values = account_change_faults(
        call.installation, call.caller, call.ids[_ID], owner_id, body.price_book_assignment_id
    )
    return {**of_values, **body.missing(is_new=False)}


BOOK_ACCOUNTS = Resource(
    "/v1/price_book_account_assignments",
    _ID,
    AccountAssignmentAnswer,
    AccountAssignmentList,
    "/price_book_account_assignments/0/id",
    found=get_account_assignment,
)
ROUTES = (
    BOOK_ACCOUNTS.created(
        create,
        "Let an assigned price book price accounts",
        Act.ASSIGN_BOOK_ACCOUNTS,
        NewAccountAssignmentBody,
        answers={201: (AccountAssignmentList, AccountAssignmentAnswer)},
        value_faults=_new_faults,
    ),
    BOOK_ACCOUNTS.listed(list_all, "List price book account assignments", TARGET),
    BOOK_ACCOUNTS.shown(get, "Show a price book account assignment"),
    BOOK_ACCOUNTS.changed(
        update,
        "Change a price book account assignment",
        Act.CHANGE_ACCOUNT_ASSIGNMENT,
        AccountAssignmentBody,
        value_faults=_change_faults,
    ),
    BOOK_ACCOUNTS.deleted(delete, "End a price book account assignment", Act.END_ACCOUNT_ASSIGNMENT),
)
