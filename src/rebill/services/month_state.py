"""A month as it is recorded now, against what its last run was computed from."""

from dataclasses import dataclass

from rebill.model.data_set import DataSet
from rebill.model.errors import Conflict
from rebill.model.months import BillingMonth
from rebill.services.price_book_text import recorded_price_book
from rebill.services.run_manifest import manifest_inputs, sha256_of_inputs
from rebill.store.closing import RecordedRun, runs_of_month
from rebill.store.data_sets import data_sets_in_force
from rebill.store.rating_inputs import rating_inputs
from rebill.store.scope import Scope


@dataclass(frozen=True)
class MonthState:
    """``runs``: those computed from exactly what is in force now, the last one first."""

    month: BillingMonth
    data_sets: tuple[DataSet, ...]
    runs: tuple[RecordedRun, ...]
    was_run: bool

    def require_run(self, customer_id: int | None) -> RecordedRun:
        """The last run of what is in force now, of the whole month or of this customer.

        Raises ``Conflict`` where cost, assignments, terms, books or rules changed since, or nothing was run.
        """
        covering = [run for run in self.runs if run.customer_id in (None, customer_id)]
        if covering:
            return covering[0]
        again = f"rebill bill run --period {self.month}"
        if not self.was_run:
            raise Conflict("month_not_run", f"{self.month} was not run yet: {again}.")
        raise Conflict(
            "run_is_stale",
            f"Cost, assignments, terms, books or rules changed since {self.month} was last run: {again}, look at what "
            "it says, then do this again.",
        )

    def require_fresh(self, run_ids: set[int]) -> None:
        """Raise ``Conflict`` unless each of these runs was computed from what is in force now."""
        if not run_ids <= {run.run_id for run in self.runs}:
            MonthState(self.month, self.data_sets, (), was_run=True).require_run(None)


def state_of_month(scope: Scope, month: BillingMonth) -> MonthState:
    """The month as it is recorded at this moment."""
    data_sets = tuple(data_sets_in_force(scope, month))
    present = sha256_of_inputs(manifest_inputs(rating_inputs(scope, month, recorded_price_book), data_sets))
    runs = runs_of_month(scope, month)
    return MonthState(month, data_sets, tuple(run for run in runs if run.inputs_sha256 == present), bool(runs))
