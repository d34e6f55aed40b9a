"""Where fetched answers wait until they are stored, so that a sync that was stopped goes on where it was."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

_FRESH_FOR: Final = timedelta(hours=6)
_BEGUN: Final = "begun"


def fresh_spool(folder: Path, now: datetime) -> Path:
    """``folder``, holding what was fetched within the last hours; what is older is removed."""
    mark = folder / _BEGUN
    if not _is_fresh(mark, now):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(now.isoformat(), encoding="utf-8")
    return folder


def _is_fresh(mark: Path, now: datetime) -> bool:
    try:
        begun = datetime.fromisoformat(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return timedelta(0) <= now - begun < _FRESH_FOR
