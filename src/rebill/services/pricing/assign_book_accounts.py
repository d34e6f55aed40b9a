"""Say which accounts an assigned price book prices; change and end that."""

from datetime import datetime

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.months import Months
from rebill.model.party import Caller
from rebill.model.price_book_record import AccountAssignment, AccountsOrder, BookAssignment
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.assign_price_book import changeable_from
from rebill.services.pricing.book_assignment_months import taken_accounts
from rebill.services.pricing.end_assignment import end_assignment, held
from rebill.services.pricing.read_book_assignments import found_account_assignment
from rebill.store.customers import hold_customer
from rebill.store.price_book_assignments import (
    account_assignments_of,
    add_account_assignments,
    end_account_assignment,
    find_book_assignment,
)
from rebill.store.price_book_assignments import change_account_assignment as store_change
from rebill.store.price_books import owner_key
from rebill.store.scope import Scope

_UNKNOWN_ASSIGNMENT = "names no price book assignment: list the assignments to find its id"
_ENDED = {"price_book_assignment_id": "ended with months that are issued: assign the book anew"}
_OF_ANOTHER_BOOK = {"price_book_assignment_id": "cannot change: delete this one, and assign the account anew"}
_CODE = "invalid_account_assignment"


def assign_book_accounts(installation: Installation, caller: Caller, order: AccountsOrder) -> list[AccountAssignment]:
    """Let an assigned book price accounts, from the first month on that has no issued statement for the customer.

    All of them or none; an id that is given twice counts once. Raises ``Forbidden``, and ``Invalid`` with every fault.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> list[AccountAssignment]:
        scope = Scope.of(connection, caller)
        made = accounts_within(scope, order, now)
        record_change(
            scope,
            caller,
            Act.ASSIGN_BOOK_ACCOUNTS,
            order.assignment_id,
            now,
            after={"accounts": [one.billing_account_owner_id for one in made], "months": made[0].months},
            customer_id=made[0].customer_id,
        )
        return made

    return installation.database.write(act)


def accounts_within(scope: Scope, order: AccountsOrder, now: datetime) -> list[AccountAssignment]:
    """The same, in a transaction under way."""
    seen = find_book_assignment(scope, order.assignment_id)
    if seen is not None:
        hold_customer(scope, seen.customer_id)
    assignment, months, faults = _checked(scope, order)
    if faults or assignment is None or months is None:
        raise Invalid(_CODE, "Nothing was assigned: correct the fields named here.", faults)
    owner_ids = [order.owner_ids[place] for place in _first_places(order).values()]
    made = add_account_assignments(scope, assignment, owner_ids, months, now)
    by_id = {one.account_assignment_id: one for one in account_assignments_of(scope, assignment.customer_id)}
    return [by_id[one] for one in made]


def book_accounts_faults(installation: Installation, caller: Caller, order: AccountsOrder) -> dict[str, str]:
    """What is wrong with letting a book price these accounts, by field, as the record stands now; nothing is held."""
    require(caller, Permission.CHANGE)
    with installation.database.reading() as connection:
        return _checked(Scope.of(connection, caller), order)[2]


def account_change_faults(
    installation: Installation,
    caller: Caller,
    account_assignment_id: int,
    owner_id: str | None,
    assignment_id: int | None = None,
) -> dict[str, str]:
    """What is wrong with such a change, by field, as the record stands now; nothing is held."""
    require(caller, Permission.CHANGE)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        kept = found_account_assignment(scope, account_assignment_id)
        return _change_faults(scope, kept, owner_id, assignment_id)


def change_account_assignment(
    installation: Installation,
    caller: Caller,
    account_assignment_id: int,
    owner_id: str | None,
    customer_id: int | None = None,
    assignment_id: int | None = None,
) -> AccountAssignment:
    """Let an account's assignment be of another account (``None``: nothing is asked); issued months stay as they are.

    ``assignment_id``: the book's assignment, where the caller names it; it cannot become another. Raises ``Forbidden``,
    ``NotFound``, and ``Invalid`` when that account has a book already.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> AccountAssignment:
        scope = Scope.of(connection, caller)
        kept = held(scope, found_account_assignment, account_assignment_id, customer_id)
        faults = _change_faults(scope, kept, owner_id, assignment_id)
        if faults:
            raise Invalid(_CODE, "Nothing was changed: correct the fields named here.", faults)
        if owner_id is None or owner_id == kept.billing_account_owner_id:
            return kept
        store_change(scope, kept, owner_id, changeable_from(scope, kept.customer_id), now)
        changed = found_account_assignment(scope, account_assignment_id)
        record_change(
            scope,
            caller,
            Act.CHANGE_ACCOUNT_ASSIGNMENT,
            account_assignment_id,
            now,
            before=kept,
            after=changed,
            customer_id=kept.customer_id,
        )
        return changed

    return installation.database.write(act)


def end_book_account_assignment(
    installation: Installation, caller: Caller, account_assignment_id: int, customer_id: int | None = None
) -> None:
    """Let a book no longer price an account; issued months stay as they are.

    Raises ``Forbidden``, and ``NotFound`` also the second time.
    """
    end_assignment(
        installation,
        caller,
        Act.END_ACCOUNT_ASSIGNMENT,
        found_account_assignment,
        end_account_assignment,
        account_assignment_id,
        customer_id,
    )


def _change_faults(
    scope: Scope, kept: AccountAssignment, owner_id: str | None, assignment_id: int | None
) -> dict[str, str]:
    faults = {} if assignment_id in (None, kept.assignment_id) else dict(_OF_ANOTHER_BOOK)
    if owner_id is None or owner_id == kept.billing_account_owner_id:
        return faults
    months = kept.months.part_from(changeable_from(scope, kept.customer_id))
    if months is None:
        return {**_ENDED, **faults}
    fields = {owner_key(owner_id): "billing_account_owner_id"}
    return faults | _taken_faults(scope, kept.customer_id, months, fields, but=kept.account_assignment_id)


def _checked(scope: Scope, order: AccountsOrder) -> tuple[BookAssignment | None, Months | None, dict[str, str]]:
    """The assignment of the book, the months in which it can price accounts, and what is wrong with the order."""
    assignment = find_book_assignment(scope, order.assignment_id)
    if assignment is None:
        return None, None, {"price_book_assignment_id": _UNKNOWN_ASSIGNMENT}
    if order.customer_id not in (None, assignment.customer_id):
        return None, None, {"target_client_api_id": "is not the customer of this assignment"}
    months = assignment.months.part_from(changeable_from(scope, assignment.customer_id))
    if months is None:
        return assignment, None, dict(_ENDED)
    fields = {key: order.fields[place] for key, place in _first_places(order).items()}
    return assignment, months, _taken_faults(scope, assignment.customer_id, months, fields)


def _first_places(order: AccountsOrder) -> dict[str, int]:
    """Where each account stands first in the order, by its key."""
    places: dict[str, int] = {}
    for place, owner_id in enumerate(order.owner_ids):
        places.setdefault(owner_key(owner_id), place)
    return places


def _taken_faults(
    scope: Scope, customer_id: int, months: Months, fields: dict[str, str], but: int | None = None
) -> dict[str, str]:
    """What is wrong with letting a book price these accounts (key to field) in ``months``."""
    standing = [one for one in account_assignments_of(scope, customer_id) if one.account_assignment_id != but]
    return {
        fields[key]: f"has a price book already, by account assignment {by.account_assignment_id}"
        for key, by in taken_accounts(dict.fromkeys(fields, months), standing).items()
    }
