"""Runs of exports as deliveries: found by their manifests, the newest of each first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rebill.model.data_set import FileFault, refuse_files
from rebill.model.delivery import DeliveryOrigin
from rebill.model.errors import Invalid
from rebill.sources.cost_files import CostFile, refusals
from rebill.sources.exports.manifest import Blob, ExportManifest, is_manifest, read_manifest
from rebill.sources.exports.storage import ExportStorage, missing_blob


@dataclass(frozen=True)
class ExportRun:
    """A run of an export as a delivery: the blobs that its manifest names, and no others."""

    storage: ExportStorage
    manifest: ExportManifest
    greatest_bytes: int

    @property
    def origin(self) -> DeliveryOrigin | None:
        return self.manifest.origin

    def files(self, folder: Path) -> list[CostFile]:
        """Its blobs, each where the manifest says or beside the manifest."""
        blobs = [blob for blob in self.manifest.blobs if blob.row_count != 0]
        found = {blob: self.storage.find(self.manifest.path, blob) for blob in blobs}
        refuse_files([missing_blob(self.manifest.path, blob) for blob, path in found.items() if path is None])
        if not found:
            refuse_files([(self.manifest.path, FileFault.NO_ROWS, "names no blob that holds a row of a charge")])
        names = _names(blobs)
        wanted = [
            (path, CostFile(folder / f"{number:05d}", names[blob], blob.byte_count, blob.row_count))
            for number, (blob, path) in enumerate(found.items())
            if path is not None
        ]
        return _brought(self.storage, wanted, self.greatest_bytes)


@dataclass(frozen=True)
class FilesElsewhere:
    """The cost files below an address that no manifest speaks of."""

    address: str
    storage: ExportStorage
    greatest_bytes: int
    origin: DeliveryOrigin | None = None

    def files(self, folder: Path) -> list[CostFile]:
        """Every one of them, copied."""
        paths = self.storage.cost_files()
        if not paths:
            refuse_files([(self.address, FileFault.NO_COST_FILES, "holds neither a manifest nor a cost file")])
        wanted = [(path, CostFile(folder / f"{number:05d}", path)) for number, path in enumerate(paths)]
        return _brought(self.storage, wanted, self.greatest_bytes)


def _brought(storage: ExportStorage, wanted: Sequence[tuple[str, CostFile]], greatest_bytes: int) -> list[CostFile]:
    """The files of a delivery, together no more than so many bytes of what must be copied."""
    brought: list[CostFile] = []
    faults: list[tuple[str, FileFault, str]] = []
    left = greatest_bytes
    for path, file in wanted:
        with refusals(file, faults):
            brought.append(storage.bring(path, file, left))
            left -= file.path.stat().st_size if file.path.exists() else 0
    refuse_files(faults)
    return brought


def export_runs(storage: ExportStorage, greatest_bytes: int) -> tuple[list[ExportRun], dict[str, Invalid]]:
    """Every run whose manifest lies in ``storage``; and by their paths why manifests cannot be used.

    ``greatest_bytes``: what the files of one run may have together where they must be fetched.
    Raises ``Invalid`` for a storage that cannot be read.
    """
    runs: list[ExportRun] = []
    unusable: dict[str, Invalid] = {}
    for path in storage.manifests():
        content = storage.read(path)
        if not is_manifest(content):
            continue
        try:
            runs.append(ExportRun(storage, read_manifest(content, path), greatest_bytes))
        except Invalid as refusal:
            unusable[path] = refusal
    return runs, unusable


def newest(runs: Sequence[ExportRun]) -> list[ExportRun]:
    """Of runs of the same cost and days only the newest; every one that does not say what it is of. The older first."""
    by_what: dict[object, ExportRun] = {}
    for run in runs:
        what = run.manifest.is_of or run.manifest.path
        if what not in by_what or _version(by_what[what]) < _version(run):
            by_what[what] = run
    return sorted(by_what.values(), key=_version)


def _version(run: ExportRun) -> str:
    return run.origin.version if run.origin else ""


def _names(blobs: Sequence[Blob]) -> dict[Blob, str]:
    """What rejects and lines call each blob: its name alone where that tells them apart."""
    short = [PurePosixPath(blob.name).name for blob in blobs]
    return {blob: name if short.count(name) == 1 else blob.name for blob, name in zip(blobs, short, strict=True)}
