"""Assign a price book to a customer and say which accounts it prices, in one act."""

from collections.abc import Sequence

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.model.price_book_record import AccountAssignment, AccountsOrder, BookAssignment, BookAssignmentOrder
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.assign_book_accounts import accounts_within
from rebill.services.pricing.assign_price_book import assign_within
from rebill.store.scope import Scope


def assign_book_with_accounts(
    installation: Installation, caller: Caller, order: BookAssignmentOrder, owner_ids: Sequence[str]
) -> tuple[BookAssignment, list[AccountAssignment]]:
    """Both assignments or neither. Raises as ``assign_price_book`` and ``assign_book_accounts`` do."""
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> tuple[BookAssignment, list[AccountAssignment]]:
        scope = Scope.of(connection, caller)
        assignment = assign_within(scope, order, now)
        accounts = AccountsOrder(assignment.assignment_id, tuple(owner_ids), tuple(owner_ids))
        priced = accounts_within(scope, accounts, now)
        record_change(
            scope,
            caller,
            Act.ASSIGN_PRICE_BOOK,
            assignment.assignment_id,
            now,
            after={"assignment": assignment, "accounts": [one.billing_account_owner_id for one in priced]},
            customer_id=assignment.customer_id,
        )
        return assignment, priced

    return installation.database.write(act)
