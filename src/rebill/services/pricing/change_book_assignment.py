"""Change an assignment of a price book: the book, or its months; or end it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.months import BillingMonth, Months
from rebill.model.party import Caller
from rebill.model.price_book_record import AccountAssignment, BookAssignment, BookAssignmentOrder
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.assign_price_book import UNKNOWN_BOOK, changeable_from
from rebill.services.pricing.book_assignment_months import moved_months, same_book_again, taken_accounts, wanted_months
from rebill.services.pricing.end_assignment import end_assignment, held
from rebill.services.pricing.read_book_assignments import found_book_assignment
from rebill.store.price_book_assignments import (
    account_assignments_of,
    book_assignments_of,
    end_book_assignment,
)
from rebill.store.price_book_assignments import change_book_assignment as store_change
from rebill.store.price_book_records import find_price_book
from rebill.store.scope import Scope


def change_book_assignment(
    installation: Installation,
    caller: Caller,
    assignment_id: int,
    order: BookAssignmentOrder,
    customer_id: int | None = None,
) -> BookAssignment:
    """Change an assignment; issued months stay priced as they were. The customer cannot change.

    ``customer_id``: it must be this customer's. Raises ``Forbidden``, ``NotFound``, and ``Invalid`` with every fault.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> BookAssignment:
        scope = Scope.of(connection, caller)
        kept = held(scope, found_book_assignment, assignment_id, customer_id)
        (first, book_id, months, own), faults = _planned(scope, order, kept, hold=True)
        if faults:
            raise Invalid(
                "invalid_price_book_assignment", "Nothing was changed: correct the fields named here.", faults
            )
        if (book_id, months) == (kept.price_book_id, kept.months):
            return kept
        moved = {one.account_assignment_id: after for one, after in own.items() if after is not None}
        store_change(scope, kept, book_id, months, moved, first, now)
        changed = found_book_assignment(scope, assignment_id)
        record_change(
            scope,
            caller,
            Act.CHANGE_BOOK_ASSIGNMENT,
            assignment_id,
            now,
            before={"assignment": kept, "accounts": {one.account_assignment_id: one.months for one in own}},
            after={"assignment": changed, "accounts": moved},
            customer_id=kept.customer_id,
        )
        return changed

    return installation.database.write(act)


def book_assignment_change_faults(
    installation: Installation, caller: Caller, assignment_id: int, order: BookAssignmentOrder
) -> dict[str, str]:
    """What is wrong with changing an assignment so, by field, as the record stands now; nothing is held."""
    require(caller, Permission.CHANGE)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        return _planned(scope, order, found_book_assignment(scope, assignment_id), hold=False)[1]


def end_price_book_assignment(
    installation: Installation, caller: Caller, assignment_id: int, customer_id: int | None = None
) -> None:
    """End an assignment with those of its accounts; issued months stay priced as they were.

    Raises ``Forbidden``, and ``NotFound`` also the second time.
    """
    end_assignment(
        installation,
        caller,
        Act.END_BOOK_ASSIGNMENT,
        found_book_assignment,
        end_book_assignment,
        assignment_id,
        customer_id,
    )


class _Change(NamedTuple):
    """What an assignment is to become, from the first month on that may change; its accounts with their months."""

    first: BillingMonth | None
    book_id: int
    months: Months
    accounts: Mapping[AccountAssignment, Months | None]


def _planned(
    scope: Scope, order: BookAssignmentOrder, kept: BookAssignment, hold: bool
) -> tuple[_Change, dict[str, str]]:
    first = changeable_from(scope, kept.customer_id)
    months, faults = wanted_months(order, kept.months, first)
    book_id = kept.price_book_id if order.price_book_id is None else order.price_book_id
    accounts = account_assignments_of(scope, kept.customer_id)
    own = {
        one: moved_months(one.months, kept.months, months)
        for one in accounts
        if one.assignment_id == kept.assignment_id
    }
    faults |= _book_faults(scope, order, kept, book_id, months, hold)
    faults |= _account_faults(order, own, [one for one in accounts if one not in own])
    if book_id != kept.price_book_id and months.part_from(first) is None:
        faults["price_book_id"] = "cannot change: all months of this assignment are issued"
    return _Change(first, book_id, months, own), faults


def _book_faults(
    scope: Scope, order: BookAssignmentOrder, kept: BookAssignment, book_id: int, months: Months, hold: bool
) -> dict[str, str]:
    faults = {}
    if order.customer_id not in (None, kept.customer_id):
        faults[order.customer_field] = f"cannot change from {kept.customer_id}: make a new assignment"
    if book_id != kept.price_book_id and find_price_book(scope, book_id, hold) is None:
        faults["price_book_id"] = UNKNOWN_BOOK
    again = same_book_again(book_assignments_of(scope, kept.customer_id), book_id, months, but=kept.assignment_id)
    if again is not None:
        faults["price_book_id"] = f"is assigned to this customer already, by assignment {again.assignment_id}"
    return faults


def _account_faults(
    order: BookAssignmentOrder, own: Mapping[AccountAssignment, Months | None], others: Sequence[AccountAssignment]
) -> dict[str, str]:
    """Whether new months leave an account of the assignment without any, or with two books in one."""
    field = "start_month" if order.start_month is not None or order.always else "end_month"
    for account, months in own.items():
        if months is None:
            return {field: f"leaves no month to account assignment {account.account_assignment_id}: end that first"}
    wanted = {account.account_key: months for account, months in own.items() if months is not None}
    for key, by in sorted(taken_accounts(wanted, others).items()):
        return {field: f"gives account {key} two books in a month: see account assignment {by.account_assignment_id}"}
    return {}
