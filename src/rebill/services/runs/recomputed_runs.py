"""What runs come to when they are computed again from what they recorded; runs of the same inputs once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rebill.lake.evidence import damaged, require_file, require_sha256, run_manifest
from rebill.lake.runs import MANIFEST
from rebill.model.engine_name import EngineName
from rebill.model.errors import ProgramError
from rebill.model.rating import RatedMonth
from rebill.model.statement import Statement
from rebill.services.acting.installation import Installation
from rebill.services.runs.draw_up import draw_up
from rebill.services.runs.recompute import recomputed
from rebill.services.runs.recorded_run import RunInputs, data_sets_of_run, run_inputs
from rebill.services.runs.run_manifest import sha256_of_inputs, sha256_of_outcome
from rebill.store.closing import RecordedRun

CustomerCurrency = tuple[int, str]
_ALWAYS_TOLD: Final = {"currency", "imported", "billed", "billing_disabled", "unassigned", "difference"}
"""What the balance of every run tells, whatever the version of rebill that made it."""


@dataclass(frozen=True)
class RecomputedRun:
    """A month computed again: what it was computed from, what came out, every customer's statement by currency."""

    run: RunInputs
    rated: RatedMonth
    statements: Mapping[CustomerCurrency, Statement]
    outcome_sha256: str


class RecomputedRuns:
    """Recomputes runs in ``folder``, each set of inputs once, and checks what each run left against the outcome.

    ``engine``: where, if not where the settings say.
    """

    def __init__(self, installation: Installation, folder: Path, engine: EngineName | None = None) -> None:
        self._installation = installation
        self._folder = folder
        self._engine = engine
        self._known: dict[str, RecomputedRun | ProgramError] = {}
        self._checked: set[int] = set()

    def of(self, run: RecordedRun) -> RecomputedRun:
        """The run computed again.

        Raises ``ProgramError`` where its manifest, a data set or a part is not what it was, or where the outcome is
        not what the run left of it.
        """
        if run.inputs_sha256 not in self._known:
            try:
                self._known[run.inputs_sha256] = self._recompute(run)
            except ProgramError as error:
                self._known[run.inputs_sha256] = error
        found = self._known[run.inputs_sha256]
        if isinstance(found, ProgramError):
            raise found
        if run.run_id not in self._checked:
            self._require_outcome(run, found)
            self._checked.add(run.run_id)
        return found

    def _recompute(self, run: RecordedRun) -> RecomputedRun:
        recorded = run_inputs(self._installation, run)
        data_sets = data_sets_of_run(self._installation, recorded, with_parts=True)
        folder = self._folder / str(run.run_id)
        rated = recomputed(self._installation, recorded.inputs, data_sets, folder, engine_name=self._engine)
        statements = draw_up(rated, run.month, recorded.minor_digits)
        return RecomputedRun(
            recorded,
            rated,
            {(statement.customer_id, statement.currency): statement for statement in statements},
            sha256_of_outcome(statements, run.inputs_sha256, recorded.minor_digits),
        )

    def _require_outcome(self, run: RecordedRun, found: RecomputedRun) -> None:
        path = f"{run.folder}/{MANIFEST}"
        manifest = run_manifest(self._installation.lake_folder, run.folder, run.manifest_file_sha256)
        require_sha256(path, sha256_of_inputs(manifest.get("inputs", {})), run.inputs_sha256)
        for name, sha256 in manifest.get("files", {}).items():
            require_file(self._installation.lake_folder, f"{run.folder}/{name}", sha256)
        balance = [balance.as_text() for balance in found.rated.balance]
        attention = {kind.value: count for kind, count in found.rated.attention}
        expected = {
            "inputs_sha256": run.inputs_sha256,
            "line_count": found.rated.line_count,
            "attention": attention,
            "balance": balance,
            "statements": len(found.statements),
            "outcome_sha256": found.outcome_sha256,
        }
        manifest = {**manifest, "balance": _as_now(manifest.get("balance"), balance)}
        for name, value in expected.items():
            if manifest.get(name) != value:
                raise damaged(path, f"{name} is {manifest.get(name)}, recomputed {value}")
        recorded = {
            "outcome_sha256": (run.outcome_sha256, found.outcome_sha256),
            "balance": (_as_now(list(run.balance), balance), balance),
            "attention": (run.attention, attention),
        }
        for name, (stored, value) in recorded.items():
            if stored != value:
                raise ProgramError(
                    "record_damaged",
                    f"The record of run {run.run_id} is not as it was left: {name} is {stored}, recomputed {value}. "
                    "Restore the record from a backup.",
                )


def _as_now(recorded: Any, recomputed: Sequence[Mapping[str, str]]) -> Any:
    """A recorded balance with the amounts that its version of rebill did not tell yet, if it tells what it must."""
    if not isinstance(recorded, list) or len(recorded) != len(recomputed):
        return recorded
    return [
        {**told, **found} if isinstance(found, dict) and found.keys() >= _ALWAYS_TOLD else found
        for found, told in zip(recorded, recomputed, strict=True)
    ]
