"""Where a run leaves what it made: ``<partner>/runs/<month>/<run id>`` with rated lines and manifest."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rebill.lake.folders import exclusive_lock, publish
from rebill.model.bill_run import RUN_RUNNING
from rebill.model.errors import Conflict, ProgramError
from rebill.model.months import BillingMonth
from rebill.model.run_progress import RunProgress, RunStep
from rebill.model.run_state import RunState

MANIFEST = "manifest.json"
SCRATCH = "scratch"
_PROGRESS = "progress.json"
_NOTED_EVERY_SECONDS = 0.5


def run_folder(partner_id: int, month: BillingMonth, run_id: int) -> str:
    """The folder of a run, relative to the lake."""
    return f"{partner_id}/runs/{month}/{run_id}"


@dataclass(frozen=True)
class Workplace:
    """An empty folder to work in; ``was_interrupted``: the run that had it before was killed at its work."""

    folder: Path
    was_interrupted: bool


@contextmanager
def only_run(lake_folder: Path, partner_id: int, month: BillingMonth) -> Iterator[Workplace]:
    """Be the only run of this partner and month.

    What a killed run left there is swept away first. Raises ``Conflict`` while another run works.
    """
    staging = lake_folder / str(partner_id) / "staging"
    with exclusive_lock(staging / f"run-{month}.lock") as held:
        if not held:
            raise Conflict(RUN_RUNNING, f"A run of {month} is under way; start again when it has ended.")
        folder = staging / f"run-{month}"
        was_interrupted = folder.exists()
        shutil.rmtree(folder, ignore_errors=True)
        (folder / SCRATCH).mkdir(parents=True)
        try:
            yield Workplace(folder, was_interrupted)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def disk_faults_said() -> Iterator[None]:
    """Raises ``ProgramError`` when the disk does not take what a run writes in the block."""
    try:
        yield
    except OSError as error:
        raise ProgramError(
            "lake_failed",
            f"The run cannot be written and nothing was stored: {error}. Look at the free disk space and at the "
            "lake's folder, then run again.",
        ) from error


def run_state(
    lake_folder: Path, partner_id: int, month: BillingMonth, recorded: Callable[[], Collection[int]]
) -> RunState:
    """Whether a run of this partner and month works now, in whatever process, or was killed at its work.

    ``recorded`` reads which runs of the month the record knows.
    """
    staging = lake_folder / str(partner_id) / "staging"

    def has_left_something() -> bool:
        is_at_work = (staging / f"run-{month}").exists()
        return is_at_work or bool(_unrecorded(lake_folder, partner_id, month, recorded()))

    # Only where a run left something its lock is tried: a run that begins must not find it held.
    if not has_left_something():
        return RunState.NONE
    with exclusive_lock(staging / f"run-{month}.lock") as held:
        if not held:
            return RunState.WORKING
        # The run may have ended well since the first look.
        return RunState.INTERRUPTED if has_left_something() else RunState.NONE


class ProgressNotes:
    """Notes how far a run is, in its working folder, where every process can read it; gone with that folder."""

    def __init__(self, working_folder: Path) -> None:
        self._file = working_folder / SCRATCH / _PROGRESS
        self._step: RunStep | None = None
        self._noted_at = 0.0

    def __call__(self, progress: RunProgress) -> None:
        """Note it: each step as it begins, and what is done of it now and then."""
        now = time.monotonic()
        if progress.step is self._step and now - self._noted_at < _NOTED_EVERY_SECONDS:
            return
        self._step, self._noted_at = progress.step, now
        written = self._file.with_suffix(".new")
        written.write_text(json.dumps([progress.step, progress.done, progress.total]), encoding="utf-8")
        # Whoever reads meanwhile finds the note before, whole.
        written.replace(self._file)


def progress_of_run(lake_folder: Path, partner_id: int, month: BillingMonth) -> RunProgress | None:
    """How far the run is that works at this month; ``None`` where none does, or it has noted nothing yet."""
    file = lake_folder / str(partner_id) / "staging" / f"run-{month}" / SCRATCH / _PROGRESS
    try:
        step, done, total = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return RunProgress(RunStep(step), done, total)


def sweep_runs(lake_folder: Path, partner_id: int, month: BillingMonth, recorded: Collection[int]) -> bool:
    """Remove what killed runs of the month left: folders the record does not know; whether there were any.

    For ``only_run``'s holder.
    """
    left = _unrecorded(lake_folder, partner_id, month, recorded)
    for folder in left:
        shutil.rmtree(folder)
    return bool(left)


def _unrecorded(lake_folder: Path, partner_id: int, month: BillingMonth, recorded: Collection[int]) -> list[Path]:
    """The folders of runs that were killed between writing them and recording them."""
    folders = (lake_folder / str(partner_id) / "runs" / str(month)).glob("[0-9]*")
    return [folder for folder in folders if int(folder.name) not in recorded]


def sha256_of_files(folder: Path) -> dict[str, str]:
    """The hash of every file of the tables that a run wrote into its folder, by its name there."""
    found = {}
    for file in (file for table in sorted(folder.glob("*.parquet")) for file in files_of_table(table)):
        with file.open("rb") as stream:
            found[file.relative_to(folder).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def files_of_table(table: Path) -> list[Path]:
    """The files of a table that a run left: one, or those of a folder of that name, in order; none where it is gone."""
    if table.is_dir():
        return sorted(table.iterdir())
    return [table] if table.is_file() else []


def keep_run(lake_folder: Path, working_folder: Path, relative_folder: str) -> None:
    """Move a finished run from its working folder to its place in the lake."""
    shutil.rmtree(working_folder / SCRATCH, ignore_errors=True)
    publish(working_folder, lake_folder / relative_folder)
