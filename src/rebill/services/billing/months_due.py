"""Which months a run is due for where nobody names one."""

from rebill.model.errors import Conflict
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.closing import last_run_at
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope


def months_due(installation: Installation, caller: Caller) -> list[BillingMonth]:
    """The months with cost that came after their last run, the oldest first; where none has, the newest with cost.

    Raises ``Conflict`` where there is no cost at all.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        in_force, run_at = data_sets_in_force(scope), last_run_at(scope)
    months = {one.billing_month for one in in_force}
    if not months:
        raise Conflict("no_cost", "There is no cost to bill yet: rebill costs import FILE… brings it, or a sync.")
    due = {
        one.billing_month
        for one in in_force
        if one.billing_month not in run_at or one.imported_at > run_at[one.billing_month]
    }
    return sorted(due or {max(months)})
