"""Where an import works: one importer per partner, a staging folder of its own, and what a killed one left."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rebill.lake.folders import exclusive_lock, flush_to_disk
from rebill.model.data_set import FileFault
from rebill.model.errors import Conflict

PENDING: Final = "pending"
"""A file in a data set's folder until the record knows the data set."""
_STAGING: Final = "staging"
_FETCHED: Final = "fetched"
_LOCK: Final = "import.lock"


@dataclass(frozen=True)
class Workshop:
    """A partner's place in the lake while one import holds it.

    ``lake_folder``: what part paths are relative to. ``costs``: the partner's data sets, by month.
    ``staging``: this import's own folder, gone when it ends.
    """

    lake_folder: Path
    costs: Path
    staging: Path

    def fetched(self) -> Path:
        """A folder for files that a delivery brings from elsewhere, gone with the import."""
        folder = self.staging / _FETCHED
        folder.mkdir()
        return folder

    def pending_data_sets(self) -> dict[int, Path]:
        """Data sets in the lake of which the record may know nothing: id → folder."""
        return {int(mark.parent.name): mark.parent for mark in self.costs.glob(f"[0-9]*-[0-9]*/[0-9]*/{PENDING}")}

    def sweep(self, recorded: Collection[int]) -> None:
        """Settle what killed imports left: a data set that is ``recorded`` stays, any other is removed."""
        for data_set_id, folder in self.pending_data_sets().items():
            if data_set_id in recorded:
                confirm(folder)
            else:
                shutil.rmtree(folder)
                flush_to_disk(folder.parent)


@contextmanager
def workshop(lake_folder: Path, partner_id: int) -> Iterator[Workshop]:
    """Hold the partner's part of the lake for one import.

    Raises ``Conflict`` when another import holds it. The hold ends with the process, however that ends.
    """
    costs = costs_folder(lake_folder, partner_id)
    with exclusive_lock(costs / _LOCK) as held:
        if not held:
            raise Conflict(
                FileFault.IMPORT_RUNNING, "Another import of this partner is running; try again when it has finished."
            )
        staging = costs / _STAGING
        # Whoever left it is dead: its hold is ours now.
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            yield Workshop(lake_folder, costs, staging)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def costs_folder(lake_folder: Path, partner_id: int) -> Path:
    """Where the partner's cost data sets lie."""
    return lake_folder / str(partner_id) / "costs"


def confirm(folder: Path) -> None:
    """Note in the lake that the record knows the data set in ``folder``."""
    (folder / PENDING).unlink(missing_ok=True)
    flush_to_disk(folder)
