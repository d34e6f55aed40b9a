"""The manifest of a run of a Cost Management export: what it is of, and which blobs hold it.

Nothing is told from paths: their order differs between versions of the service, and manifests say it all. Manifests
of version 2021-01-01 name blobs and counts only; what they are of must be said by whoever imports them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Final

from rebill.model.data_set import (
    SOURCE_KIND_EXPORT,
    VIEW_ACTUAL,
    VIEW_AMORTIZED,
    VIEW_FOCUS,
    FileFault,
    refuse_files,
)
from rebill.model.delivery import CoveredDays, DeliveryOrigin
from rebill.model.identifiers import fold

MANIFEST_NAME: Final = "manifest.json"
GREATEST_MANIFEST_BYTES: Final = 8 * 2**20
GREATEST_BLOB_COUNT: Final = 10_000
VIEW_OF_TYPE: Final[Mapping[str, str]] = {
    "focuscost": VIEW_FOCUS,
    "actualcost": VIEW_ACTUAL,
    "usage": VIEW_ACTUAL,
    "amortizedcost": VIEW_AMORTIZED,
}
"""An export's type, in lower case → what its data sets hold; other types hold no cost."""
_EXPORT: Final = "/providers/microsoft.costmanagement/exports/"
_MOMENT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|\+00:00)?")
_GREATEST_SCOPE_LENGTH: Final = 1000


@dataclass(frozen=True)
class Blob:
    """A file of a run: its path in the container, and what the manifest says that it holds."""

    name: str
    byte_count: int | None
    row_count: int | None


@dataclass(frozen=True)
class ExportManifest:
    """A run of an export. ``path``: where the manifest lies. ``kind``: the export's type as written, ``""``: not told.

    ``origin``: what the run is of, ``None`` where the manifest does not say.
    """

    path: str
    kind: str
    origin: DeliveryOrigin | None
    blobs: tuple[Blob, ...]

    @property
    def holds_cost(self) -> bool:
        """Whether it is of cost, and not of prices, reservations or recommendations."""
        return not self.kind or fold(self.kind) in VIEW_OF_TYPE

    @property
    def has_no_row(self) -> bool:
        """Whether it says that none of its blobs holds a row: nothing was charged, or not yet."""
        return all(blob.row_count == 0 for blob in self.blobs)

    @property
    def is_of(self) -> tuple[str, str | None, CoveredDays | None] | None:
        """What a newer run of must have in common with this one to stand for it."""
        return (self.origin.scope, self.origin.view, self.origin.covered) if self.origin else None


class _Faulty(Exception):
    """A manifest that cannot be used, and why."""


def is_manifest(content: bytes) -> bool:
    """Whether this is a manifest of an export at all; other tools name files like that too."""
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and "blobs" in read and "manifestVersion" in read


def read_manifest(content: bytes, path: str) -> ExportManifest:
    """The manifest at ``path``. Raises ``Invalid`` with what is wrong with it."""
    try:
        return _manifest(content, path)
    except _Faulty as faulty:
        refuse_files(
            [(path, FileFault.INVALID_MANIFEST, f"is no manifest of an export: {faulty}; run the export again")]
        )
        raise AssertionError("one fault is refused") from faulty


def _manifest(content: bytes, path: str) -> ExportManifest:
    if len(content) > GREATEST_MANIFEST_BYTES:
        raise _Faulty(f"it is larger than {GREATEST_MANIFEST_BYTES // 2**20} MiB")
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        raise _Faulty("it is no JSON document, or cut off") from None
    if not isinstance(read, dict):
        raise _Faulty("it is no JSON object")
    blobs = _blobs(read)
    config = _section(read, "exportConfig")
    kind = _text(config, "type")
    return ExportManifest(path, kind, _origin(config, _section(read, "runInfo"), kind), blobs)


def _section(read: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = read.get(name)
    if found is not None and not isinstance(found, dict):
        raise _Faulty(f"{name} is no JSON object")
    return found or {}


def _text(section: Mapping[str, Any], name: str) -> str:
    found = section.get(name)
    if found is not None and not isinstance(found, str):
        raise _Faulty(f"{name} is no text")
    return (found or "").strip()


def _blobs(read: Mapping[str, Any]) -> tuple[Blob, ...]:
    listed = read.get("blobs")
    if not isinstance(listed, list) or not all(isinstance(blob, dict) for blob in listed):
        raise _Faulty("blobs is no list of JSON objects")
    if len(listed) > GREATEST_BLOB_COUNT:
        raise _Faulty(f"it names more than {GREATEST_BLOB_COUNT} blobs")
    blobs = tuple(_blob(blob) for blob in listed)
    if len({blob.name for blob in blobs}) != len(blobs):
        raise _Faulty("it names a blob twice")
    _require_sum("blobCount", _count(read, "blobCount"), [1] * len(blobs))
    _require_sum("byteCount", _count(read, "byteCount"), [blob.byte_count for blob in blobs])
    _require_sum("dataRowCount", _count(read, "dataRowCount"), [blob.row_count for blob in blobs])
    return blobs


def _blob(listed: Mapping[str, Any]) -> Blob:
    name = _text(listed, "blobName")
    parts = PurePosixPath(name).parts
    # A name leads nowhere but into the container.
    if not name or name.startswith("/") or ".." in parts or "\\" in name or not name.isprintable():
        raise _Faulty(f"{name[:80]!r} is no name of a blob")
    return Blob(name, _count(listed, "byteCount"), _count(listed, "dataRowCount"))


def _count(section: Mapping[str, Any], name: str) -> int | None:
    found = section.get(name)
    if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 0):
        raise _Faulty(f"{name} is no count")
    return found


def _require_sum(name: str, total: int | None, parts: Sequence[int | None]) -> None:
    counts = [part for part in parts if part is not None]
    if total is not None and len(counts) == len(parts) and sum(counts) != total:
        raise _Faulty(f"its {name} is {total}, but its blobs add up to {sum(counts)}")


def _origin(config: Mapping[str, Any], run: Mapping[str, Any], kind: str) -> DeliveryOrigin | None:
    resource, submitted = _text(config, "resourceId"), _text(run, "submittedTime")
    if not resource or not submitted:
        return None
    return DeliveryOrigin(
        source_kind=SOURCE_KIND_EXPORT,
        scope=_scope(resource),
        version=f"{_instant(submitted)} {fold(_text(run, 'runId'))}".strip(),
        covered=_covered(_text(run, "startDate"), _text(run, "endDate")),
        view=VIEW_OF_TYPE.get(fold(kind)),
    )


def _scope(resource: str) -> str:
    """What the export is of: a billing account, profile, customer, subscription … Two exports of it are of one cost."""
    folded = fold(resource)
    scope = "/" + folded.partition(_EXPORT)[0].strip("/")
    if _EXPORT not in folded or not scope.isprintable() or not 1 < len(scope) <= _GREATEST_SCOPE_LENGTH:
        raise _Faulty(f"its resourceId {resource[:80]!r} is none of an export")
    return scope


def _instant(text: str) -> str:
    """A moment in UTC as text that sorts by time: seconds with nine decimals."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise _Faulty(f"{text[:40]!r} is no moment in UTC")
    return f"{_day(found[1]).isoformat()}T{found[2]}.{(found[3] or ''):0<9}Z"


def _covered(start: str, end: str) -> CoveredDays | None:
    if not start or not end:
        return None
    covered = CoveredDays(_day(start[:10]), _day(end[:10]))
    if covered.last < covered.first:
        raise _Faulty(f"it ends on {covered.last}, before it starts on {covered.first}")
    return covered


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Faulty(f"{text!r} is no day") from None
