"""What stands in the way of finalizing a month, asked without doing anything."""

from dataclasses import dataclass

from rebill.model.closing import Blocker
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.blockers import blockers_of
from rebill.services.billing.finalize_month import month_to_close
from rebill.store.closing import RecordedRun, runs_of_month
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope


@dataclass(frozen=True)
class MonthBlockers:
    """``run``: the month's last run, by which the blockers are told; without one nothing can be told yet."""

    month: BillingMonth
    run: RecordedRun | None
    blockers: tuple[Blocker, ...]


def read_blockers(installation: Installation, caller: Caller, month: BillingMonth) -> MonthBlockers:
    """What would hold ``month`` back as its last run left it; whether that run is stale, finalizing itself finds out.

    Raises ``Forbidden``.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        run = next((one for one in runs_of_month(scope, month) if one.customer_id is None), None)
        if run is None:
            return MonthBlockers(month, None, ())
        data_sets = data_sets_in_force(scope, month)
        closing = month_to_close(installation, scope, month, data_sets, run, installation.clock())
    return MonthBlockers(month, run, blockers_of(closing))
