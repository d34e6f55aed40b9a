"""Which months a run is due for where nobody names one."""

from collections import defaultdict

from rebill.lake.evidence import run_manifest
from rebill.model.errors import Conflict, ProgramError
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.closing import RecordedRun, last_whole_runs
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope


def months_due(installation: Installation, caller: Caller) -> list[BillingMonth]:
    """The months whose cost is not that of their last run, the oldest first; where all is, the newest with cost.

    Raises ``Conflict`` where there is no cost at all.
    """
    require(caller, Permission.READ)
    in_force: dict[BillingMonth, set[int]] = defaultdict(set)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        for one in data_sets_in_force(scope):
            in_force[one.billing_month].add(one.data_set_id)
        last_runs = last_whole_runs(scope)
    if not in_force:
        raise Conflict("no_cost", "There is no cost to bill yet: rebill costs import FILE… brings it, or a sync.")
    # By what was billed, not by moments: an import that began before a run may be stored after it.
    billed = {month: _cost_of(installation, run) for month, run in last_runs.items()}
    due = {month for month in {*in_force, *billed} if billed.get(month) != in_force.get(month, set())}
    return sorted(due or {max(in_force)})


def _cost_of(installation: Installation, run: RecordedRun) -> set[int] | None:
    """The data sets that a run billed; ``None`` where its manifest does not tell any more."""
    try:
        manifest = run_manifest(installation.lake_folder, run.folder, run.manifest_file_sha256)
    except ProgramError:
        return None
    return {found["data_set_id"] for found in manifest["inputs"]["data_sets"]}
