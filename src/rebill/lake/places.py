"""Where months are computed beside their runs: a partner has a few places, so that no more goes on at once."""

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from rebill.lake.folders import exclusive_lock

PLACES: Final = 2
"""How many works of a kind may be under way for a partner."""


class Work(StrEnum):
    """What is computed beside runs; each kind has places of its own."""

    DRY_RUN = "dry-run"
    PROOF = "proof"
    """Verifying, comparing and trying out, for somebody who waits for it."""


@dataclass(frozen=True)
class Place:
    """A place that is held until it is left, or until the process dies. ``folder`` is empty at first."""

    number: int
    folder: Path
    hold: ExitStack

    def leave(self) -> None:
        """Give the place up; nothing that was written there stays."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.hold.close()


def take_place(lake_folder: Path, partner_id: int, work: Work) -> Place | None:
    """A free place, ``None`` where all are taken. What a killed process left there is swept away."""
    for number in range(1, PLACES + 1):
        with ExitStack() as stack:
            if stack.enter_context(exclusive_lock(_lock(lake_folder, partner_id, work, number))):
                folder = _staging(lake_folder, partner_id) / f"{work}-{number}"
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                return Place(number, folder, stack.pop_all())
    return None


def is_taken(lake_folder: Path, partner_id: int, work: Work, number: int) -> bool:
    """Whether a living process works at this place."""
    with exclusive_lock(_lock(lake_folder, partner_id, work, number)) as held:
        return not held


def _staging(lake_folder: Path, partner_id: int) -> Path:
    return lake_folder / str(partner_id) / "staging"


def _lock(lake_folder: Path, partner_id: int, work: Work, number: int) -> Path:
    return _staging(lake_folder, partner_id) / f"{work}-{number}.lock"
