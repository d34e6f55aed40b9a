"""A month as it is recorded now, against what its last run was computed from."""

from collections.abc import Sequence
from dataclasses import dataclass

from rebill.model.data_set import DataSet
from rebill.model.errors import Conflict
from rebill.model.months import BillingMonth
from rebill.services.acting.installation import Installation
from rebill.services.runs.refund_months import month_inputs
from rebill.services.runs.run_manifest import sha256_of_month
from rebill.store.closing import RecordedRun, runs_of_month
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope


def month_not_run(month: BillingMonth) -> Conflict:
    """What is raised wherever the last run of a month is asked for, and it has none."""
    return Conflict("month_not_run", f"{month} was not run yet: rebill bill run --period {month} does it.")


@dataclass(frozen=True)
class MonthState:
    """``runs``: all of the month, the last one first; ``inputs_sha256``: of what is in force now."""

    month: BillingMonth
    data_sets: tuple[DataSet, ...]
    runs: tuple[RecordedRun, ...]
    inputs_sha256: str

    def last_run(self, customer_id: int | None) -> RecordedRun | None:
        """The last run of the whole month, or of this customer."""
        return last_run_of(self.runs, customer_id)

    def require_run(self, customer_id: int | None) -> RecordedRun:
        """The last run of the whole month, or of this customer, where it is of what is in force now.

        Raises ``Conflict`` where cost, assignments, terms, books or rules changed since, or nothing was run.
        """
        run = self.last_run(customer_id)
        if run is None:
            raise month_not_run(self.month)
        self.require_fresh({run.run_id})
        return run

    @property
    def run_fault(self) -> str:
        """Why the last run of the whole month cannot be closed; ``""`` where it can, or there is nothing to run."""
        if not self.data_sets and not self.runs:
            return ""
        try:
            self.require_run(None)
        except Conflict as conflict:
            return conflict.message
        return ""

    def require_fresh(self, run_ids: set[int]) -> None:
        """Raise ``Conflict`` unless each of these runs was computed from what is in force now."""
        fresh = {run.run_id for run in self.runs if run.inputs_sha256 == self.inputs_sha256}
        if not run_ids <= fresh:
            raise Conflict(
                "run_is_stale",
                f"Cost, assignments, terms, books or rules changed since {self.month} was last run: rebill bill run "
                f"--period {self.month}, look at what it says, then do this again.",
            )


def last_run_of(runs: Sequence[RecordedRun], customer_id: int | None) -> RecordedRun | None:
    """The last of a month's runs (the last one first) that was of the whole month, or of this customer."""
    return next((run for run in runs if run.customer_id in (None, customer_id)), None)


def state_of_month(installation: Installation, scope: Scope, month: BillingMonth) -> MonthState:
    """The month as it is recorded at this moment."""
    data_sets = tuple(data_sets_in_force(scope, month))
    inputs_sha256 = sha256_of_month(month_inputs(installation, scope, month, data_sets), data_sets)
    return MonthState(month, data_sets, tuple(runs_of_month(scope, month)), inputs_sha256)
