"""What runs and imports left behind, read again long after: every byte against the hash that was recorded of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from rebill.lake.cost_data_sets import MANIFEST as DATA_SET_MANIFEST
from rebill.lake.runs import MANIFEST as RUN_MANIFEST
from rebill.model.data_set import CurrencySum, DataSet, Part, SourceFile
from rebill.model.errors import ProgramError
from rebill.model.months import BillingMonth


def run_manifest(lake_folder: Path, folder: str, sha256: str | None) -> dict[str, Any]:
    """The manifest of a run. Raises ``ProgramError`` where it is gone, no JSON document, or has another hash.

    ``sha256``: of its bytes, as recorded; ``None`` for runs of before it was.
    """
    path = f"{folder}/{RUN_MANIFEST}"
    content = _bytes(lake_folder, path)
    if sha256 is not None:
        require_sha256(path, hashlib.sha256(content).hexdigest(), sha256)
    try:
        found = orjson.loads(content)
    except ValueError as error:
        raise damaged(path, "it is no JSON document") from error
    if not isinstance(found, dict):
        raise damaged(path, "it is no JSON object")
    return found


def recorded_data_set(lake_folder: Path, recorded: Mapping[str, Any], with_parts: bool) -> DataSet:
    """A data set that a run's manifest names, as it was imported, whether it is in force today or was replaced.

    Its own manifest is read, and ``with_parts`` all its parts, whole. Raises ``ProgramError`` for the first that is not
    what it was.
    """
    parts: Sequence[Sequence[Any]] = recorded["parts"]
    path = f"{parts[0][0].rpartition('/')[0]}/{DATA_SET_MANIFEST}"
    content = _bytes(lake_folder, path)
    require_sha256(path, hashlib.sha256(content).hexdigest(), recorded["manifest_sha256"])
    for part, sha256, _ in parts if with_parts else ():
        require_file(lake_folder, part, sha256)
    return _data_set(json.loads(content), recorded["manifest_sha256"])


def require_file(lake_folder: Path, path: str, sha256: str) -> None:
    """Raise ``ProgramError`` unless the file at ``path`` has this hash."""
    try:
        with (lake_folder / path).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror})") from error
    require_sha256(path, found, sha256)


def require_sha256(path: str, found: str, recorded: str) -> None:
    """Raise ``ProgramError`` unless what was found has the hash that was recorded."""
    if found != recorded:
        raise damaged(path, f"its SHA-256 is {found}, recorded is {recorded}")


def damaged(path: str, what: str) -> ProgramError:
    """What to say of a file of the lake that is not what it was."""
    return ProgramError(
        "evidence_damaged", f"{path} is not as it was left: {what}. Restore the lake folder from a backup."
    )


def _bytes(lake_folder: Path, path: str) -> bytes:
    try:
        return (lake_folder / path).read_bytes()
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror})") from error


def _data_set(document: dict[str, Any], manifest_sha256: str) -> DataSet:
    return DataSet(
        data_set_id=document["data_set_id"],
        source_kind=document["source_kind"],
        scope=document["scope"],
        view=document["view"],
        billing_month=BillingMonth.parse(document["billing_month"]),
        layout=document["layout"],
        delivery_sha256=document["delivery_sha256"],
        rows=document["rows"],
        reject_count=document["reject_count"],
        files=tuple(map(SourceFile.recorded, document["files"])),
        parts=tuple(Part(**part) for part in document["parts"]),
        sums=tuple(CurrencySum.of_document(found) for found in document["sums"]),
        manifest_sha256=manifest_sha256,
        imported_at=datetime.fromisoformat(document["imported_at"]),
        overlap_reason=document["overlap_reason"],
    )
