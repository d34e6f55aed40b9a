"""Whether a run of a month works at this moment, how far it is, or that it was interrupted."""

from rebill.lake.runs import progress_of_run, run_state
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.run_progress import RunProgress
from rebill.model.run_state import RunState
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.scope import Scope
from rebill.store.statements import recorded_run_ids


def state_of_run(installation: Installation, caller: Caller, month: BillingMonth) -> RunState:
    """How the month's run stands, in whatever process. Raises ``Forbidden``."""
    require(caller, Permission.READ)

    def recorded() -> set[int]:
        with installation.database.reading() as connection:
            return recorded_run_ids(Scope.of(connection, caller), month)

    return run_state(installation.lake_folder, caller.partner_id, month, recorded)


def progress_of(installation: Installation, caller: Caller, month: BillingMonth) -> RunProgress | None:
    """How far the month's run is, in whatever process; ``None`` where nothing is noted of one. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    return progress_of_run(installation.lake_folder, caller.partner_id, month)
