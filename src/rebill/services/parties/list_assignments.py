"""Which accounts are assigned to whom."""

from datetime import date

from rebill.model.assignment import Assignment
from rebill.model.errors import Invalid
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.assignment_act import known_customer_name
from rebill.services.parties.read_customers import place_after
from rebill.store.assignments import assignment_page, identifiers_in_force, place_of_assignment
from rebill.store.scope import Scope


def list_assignments(
    installation: Installation,
    caller: Caller,
    kind: AccountKind,
    customer_id: int | None,
    page: Page,
    as_of: date | None = None,
    history: bool = False,
) -> Listing[Assignment]:
    """Assignments in order of creation: those in force on ``as_of`` (default today), of one customer or of all.

    ``history``: past and future ones too, whatever the day; what was withdrawn counts as never made. A customer's
    key sees its own. Raises ``NotFound`` for a customer the caller cannot see, ``Invalid`` for both
    ``as_of`` and ``history``, and for a page behind an assignment that there is not.
    """
    require(caller, Permission.READ_OWN)
    day = as_of or today_of(installation.clock())
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if customer_id is not None:
            known_customer_name(scope, customer_id)
        if history and as_of is not None:
            fields = {"as_of": "tells one day, history all of them: give only one of the two"}
            raise Invalid("invalid_list", "Give as_of or history, not both.", fields)
        after = place_after(page, lambda after_id: place_of_assignment(scope, after_id))
        return assignment_page(scope, kind, customer_id, page, None if history else day, after)


def assigned_identifiers(installation: Installation, caller: Caller, kind: AccountKind, customer_id: int) -> list[str]:
    """The ids of all accounts assigned to a customer today, in order of creation of their assignments."""
    require(caller, Permission.READ_OWN)
    day = today_of(installation.clock())
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        known_customer_name(scope, customer_id)
        return list(identifiers_in_force(scope, kind, customer_id, day))
