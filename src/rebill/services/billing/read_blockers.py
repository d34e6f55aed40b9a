"""What stands in the way of finalizing a month, asked without doing anything."""

from dataclasses import dataclass

from rebill.model.closing import Blocker
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.blockers import blockers_of
from rebill.services.billing.finalize_month import earlier_months_first, month_to_close
from rebill.services.runs.month_state import state_of_month
from rebill.store.closing import RecordedRun, first_month_to_issue_before, runs_of_month
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope


@dataclass(frozen=True)
class MonthBlockers:
    """``run``: the month's last run, by which the blockers are told; without one nothing can be told yet."""

    month: BillingMonth
    run: RecordedRun | None
    blockers: tuple[Blocker, ...]


def read_refusals(installation: Installation, caller: Caller, month: BillingMonth) -> tuple[str, ...]:
    """Why finalizing ``month`` would be refused, whatever reason is given: its run is stale, or earlier months wait.

    Raises ``Forbidden``.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        stale = state_of_month(installation, scope, month).run_fault
        earlier = first_month_to_issue_before(scope, month)
    waits = "" if earlier is None else earlier_months_first(month, earlier)
    return tuple(sentence for sentence in (stale, waits) if sentence)


def read_blockers(installation: Installation, caller: Caller, month: BillingMonth) -> MonthBlockers:
    """What would hold ``month`` back as its last run left it; whether that run is stale, ``read_refusals`` tells.

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
