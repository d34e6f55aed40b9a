"""Customers as people look for them: by name."""

from collections.abc import Collection
from dataclasses import dataclass

from rebill.model.counting import counted
from rebill.model.customer import Customer
from rebill.model.errors import Invalid
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed
from rebill.store.customers import customer_names, customers_of_ids, living_customers
from rebill.store.scope import Scope


@dataclass(frozen=True)
class FoundCustomers:
    """A page of the customers whose names hold a text, in order of their names; ``total`` counts all of them."""

    customers: tuple[Customer, ...]
    total: int


def find_customers(
    installation: Installation, caller: Caller, text: str, page_number: int, per_page: int
) -> FoundCustomers:
    """The customers whose names hold ``text``, whatever the case; pages count from 1. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    month = BillingMonth.of(today_of(installation.clock()))
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        names = _named(scope, text)
        start = (page_number - 1) * per_page
        ids = [customer_id for customer_id, _ in names[start : start + per_page]]
        found = {one.customer_id: one for one in customers_of_ids(scope, ids, month)}
    return FoundCustomers(tuple(found[one] for one in ids if one in found), len(names))


def customer_names_in_order(installation: Installation, caller: Caller, text: str = "") -> list[tuple[int, str]]:
    """Ids and names of all customers that are not deleted, in order of their names. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return _named(Scope.of(connection, caller), text)


def names_of(installation: Installation, caller: Caller, customer_ids: Collection[int]) -> dict[int, str]:
    """The names of these customers by id, however many others there are. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return customer_names(Scope.of(connection, caller), customer_ids)


def customer_meant(installation: Installation, caller: Caller, text: str) -> int:
    """The customer that somebody means by an id or a name: the one called so, or the only one whose name holds it.

    Raises ``Forbidden``, and ``Invalid`` where nobody or several are meant.
    """
    wanted = composed(text.strip())
    names = customer_names_in_order(installation, caller)
    if wanted.isascii() and wanted.isdigit() and any(str(customer_id) == wanted for customer_id, _ in names):
        return int(wanted)
    called = [customer_id for customer_id, name in names if name == wanted]
    holding = [customer_id for customer_id, name in names if wanted and wanted.casefold() in name.casefold()]
    for found in (called, holding):
        if len(found) == 1:
            return found[0]
    if not wanted:
        fault = "is required: give a customer's name or id"
    elif holding:
        fault = f"is in {counted(len(holding), 'name')}: write more of the one that you mean"
    else:
        fault = "is no customer's name or id"
    raise Invalid("unknown_customer", "Nothing was done: say which customer is meant.", {"customer": fault})


def _named(scope: Scope, text: str) -> list[tuple[int, str]]:
    wanted = composed(text.strip()).casefold()
    keyed = ((name.casefold(), customer_id, name) for customer_id, name in living_customers(scope))
    return [(customer_id, name) for folded, customer_id, name in sorted(keyed) if wanted in folded]
