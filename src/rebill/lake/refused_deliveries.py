"""Rows of refused deliveries that could not be read, kept for a while to mend them by; no part of the record."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

KEPT: Final = 10
"""Of how many refused deliveries a partner's rows are kept; the oldest go first."""
_NUMBER_BITS: Final = 53


def keep_refused(lake_folder: Path, partner_id: int, reject_files: Sequence[Path]) -> int:
    """Keep these files aside, and answer the number that they are found by, which nobody can guess."""
    place = _place(lake_folder, partner_id)
    number = secrets.randbits(_NUMBER_BITS)
    folder = place / str(number)
    folder.mkdir(parents=True)
    for position, file in enumerate(reject_files):
        shutil.copyfile(file, folder / f"{position:06d}.parquet")
    oldest_first = sorted(place.iterdir(), key=lambda one: one.stat().st_mtime_ns)
    for old in oldest_first[:-KEPT]:
        shutil.rmtree(old)
    return number


def refused_files(lake_folder: Path, partner_id: int, number: int) -> list[Path]:
    """The files that were kept under ``number``, in their order; none where there are none, or none any more."""
    return sorted((_place(lake_folder, partner_id) / str(number)).glob("*.parquet"))


def _place(lake_folder: Path, partner_id: int) -> Path:
    return lake_folder / str(partner_id) / "staging" / "refused"
