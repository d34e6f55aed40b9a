"""End an assignment of a price book, to a customer or within it: issued months stay priced as they were."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.price_book_record import AccountAssignment, BookAssignment
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.assign_price_book import changeable_from
from rebill.store.customers import hold_customer
from rebill.store.scope import Scope

Kept = TypeVar("Kept", BookAssignment, AccountAssignment)
Find = Callable[[Scope, int, int | None], Kept]
"""Finds an assignment by its id, of this customer if one is named, or raises ``NotFound``."""


def held(scope: Scope, find: Find[Kept], assignment_id: int, customer_id: int | None) -> Kept:
    """The assignment as it is once nobody else can change it: a customer's books change in line."""
    hold_customer(scope, find(scope, assignment_id, customer_id).customer_id)
    return find(scope, assignment_id, customer_id)


def end_assignment(
    installation: Installation,
    caller: Caller,
    act_name: Act,
    find: Find[Kept],
    end: Callable[[Scope, Kept, BillingMonth | None, datetime], None],
    assignment_id: int,
    customer_id: int | None,
) -> None:
    """End it from the first month on that has no issued statement for the customer.

    Raises ``Forbidden``, and ``NotFound`` also the second time.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        kept = held(scope, find, assignment_id, customer_id)
        first = changeable_from(scope, kept.customer_id)
        end(scope, kept, first, now)
        record_change(
            scope,
            caller,
            act_name,
            assignment_id,
            now,
            before={"assignment": kept},
            after={"ended_from": first},
            customer_id=kept.customer_id,
        )

    installation.database.write(act)
