"""Azure customers that came since last month began, and that nobody is billed for."""

from collections.abc import Sequence

from rebill.model.assignment import CatalogueAccount
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.store.accounts import unassigned_since
from rebill.store.scope import Scope


def unassigned_newcomers(installation: Installation, caller: Caller, count: int) -> Sequence[CatalogueAccount]:
    """Active customers of the catalogue first seen since last month began and assigned to nobody today: the newest."""
    require(caller, Permission.READ)
    today = today_of(installation.clock())
    since = BillingMonth.of(today).preceding.first_day
    with installation.database.reading() as connection:
        return unassigned_since(Scope.of(connection, caller), today, since, count)
