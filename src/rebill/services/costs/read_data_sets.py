"""Look at the cost that was imported: data sets, in force and replaced."""

from datetime import datetime

from rebill.model.data_set import DataSet
from rebill.model.errors import NotFound
from rebill.model.listing import Listing, Page
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.data_sets import data_set_page, find_data_set
from rebill.store.scope import Scope


def get_data_set(installation: Installation, caller: Caller, data_set_id: int) -> DataSet:
    """One data set, in force or replaced. Raises ``NotFound`` also for another partner's."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        found = find_data_set(Scope.of(connection, caller), data_set_id)
    if found is None:
        raise NotFound("data_set_not_found", f"There is no data set {data_set_id}: list them to find its id.")
    return found


def page_of_data_sets(
    installation: Installation,
    caller: Caller,
    page: Page,
    month: BillingMonth | None = None,
    with_replaced: bool = False,
) -> Listing[DataSet]:
    """Data sets in order of import, of one month where that is given; with replaced ones where they are asked for."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)

        def place_of(after_id: int) -> tuple[datetime, int] | None:
            found = find_data_set(scope, after_id)
            return None if found is None else (found.imported_at, found.data_set_id)

        return data_set_page(scope, page, month, with_replaced, place_after(page, place_of))
