"""Where exports are delivered to: a folder of this machine, or one at an address such as ``az://container/folder``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

from rebill.model.data_set import FileFault, refuse_files
from rebill.model.errors import Invalid, Refusal
from rebill.sources.cost_files import COST_FILE_ENDINGS, CostFile, FileRefused, refusals, require_bytes
from rebill.sources.exports.manifest import GREATEST_MANIFEST_BYTES, MANIFEST_NAME, Blob
from rebill.storage.address import address_fault, file_system, is_address, is_azure, shown_address, told
from rebill.storage.patience import NoAnswer, answered

_TOO_LARGE: Final = (
    "would make the delivery larger than REBILL_MICROSOFT_GREATEST_DELIVERY_MEGABYTES allows; where so much is meant, "
    "allow it, or copy the folder here and import that"
)


class ExportStorage(Protocol):
    """A folder that exports are delivered to, or a single file.

    ``manifests``: the paths of every manifest in it, sorted. ``cost_files``: those of the files that would be cost by
    their names. ``read``: the bytes of a manifest. ``find``: the path of a blob that a manifest names. ``bring``: a
    file where it can be read, copied into ``folder`` if it lies elsewhere, where it has no more than ``left`` bytes;
    raises ``FileRefused`` where it sees that the file has not as many bytes as it should.
    """

    def manifests(self) -> list[str]: ...

    def cost_files(self) -> list[str]: ...

    def read(self, path: str) -> bytes: ...

    def find(self, manifest: str, blob: Blob) -> str | None: ...

    def bring(self, path: str, file: CostFile, left: int) -> CostFile: ...


def storage_at(address: str, connection_string_file: Path | None = None) -> ExportStorage:
    """The storage at a path or an address.

    ``connection_string_file`` holds the secret of a storage account of Azure's, where the environment does not.
    Raises ``Invalid`` for an address that cannot be read, or that bears a secret.
    """
    if fault := address_fault(address):
        raise Invalid(FileFault.STORAGE_REFUSED, f"{shown_address(address)}: {fault}")
    if not is_address(address):
        return FolderStorage(Path(address))
    return _remote(address, connection_string_file)


@dataclass(frozen=True)
class FolderStorage:
    """A folder of this machine, or a manifest in one. Nothing is copied."""

    path: Path

    def manifests(self) -> list[str]:
        found = self.path.rglob(MANIFEST_NAME) if self.path.is_dir() else [self.path]
        return sorted(str(file) for file in found if file.name == MANIFEST_NAME and file.is_file())

    def cost_files(self) -> list[str]:
        found = self.path.rglob("*") if self.path.is_dir() else [self.path]
        return sorted(str(file) for file in found if is_cost_file(file.name) and file.is_file())

    def read(self, path: str) -> bytes:
        faults: list[tuple[str, FileFault, str]] = []
        content = b""
        with refusals(CostFile(Path(path), path), faults), Path(path).open("rb") as stream:
            content = stream.read(GREATEST_MANIFEST_BYTES + 1)
        refuse_files(faults)
        return content

    def find(self, manifest: str, blob: Blob) -> str | None:
        beside = Path(manifest).parent
        top = self.path if self.path.is_dir() else beside
        folders = [beside, *(folder for folder in beside.parents if folder.is_relative_to(top))]
        candidates = [*(folder / blob.name for folder in folders), beside / PurePosixPath(blob.name).name]
        return next((str(file) for file in candidates if file.is_file()), None)

    def bring(self, path: str, file: CostFile, left: int) -> CostFile:
        return CostFile(Path(path).absolute(), file.name, file.expected_bytes, file.expected_rows)


class RemoteStorage:
    """What fsspec reads: files are copied before they are read."""

    def __init__(self, address: str, system: Any, root: str) -> None:
        self._address = address
        self._system = system
        self._root = root.rstrip("/")

    def manifests(self) -> list[str]:
        return [path for path in self._listed() if PurePosixPath(path).name == MANIFEST_NAME]

    def cost_files(self) -> list[str]:
        return [path for path in self._listed() if is_cost_file(path)]

    def _listed(self) -> Sequence[str]:
        with _faults_said(self._address):
            # To list a great folder takes its time; whether anybody is there shows soon.
            answered(lambda: self._system.exists(self._root))
            return sorted(self._system.find(self._root))

    def read(self, path: str) -> bytes:
        with _faults_said(path):
            return bytes(answered(lambda: self._system.cat_file(path, start=0, end=GREATEST_MANIFEST_BYTES + 1)))

    def find(self, manifest: str, blob: Blob) -> str | None:
        beside = PurePosixPath(manifest).parent
        # The container first: that is what manifests mean. Copies elsewhere keep the tree, or the file beside.
        folders = [folder for folder in (*reversed(beside.parents), beside) if str(folder) not in (".", "/")]
        candidates = [*(str(folder / blob.name) for folder in folders), str(beside / PurePosixPath(blob.name).name)]
        with _faults_said(manifest):
            return next((path for path in candidates if answered(partial(self._system.exists, path))), None)

    def bring(self, path: str, file: CostFile, left: int) -> CostFile:
        with _faults_said(path):
            size = int(answered(lambda: self._system.size(path)))
            # What is not as long as it should be is never fetched.
            require_bytes(file, size)
            if size > left:
                refuse_files([(path, FileFault.DELIVERY_TOO_LARGE, _TOO_LARGE)])
            self._system.get_file(path, str(file.path))
        return CostFile(file.path, file.name, file.expected_bytes, file.expected_rows)


def is_cost_file(name: str) -> bool:
    """Whether a file of this name would be taken for cost."""
    return name.lower().endswith(COST_FILE_ENDINGS)


def missing_blob(manifest: str, blob: Blob) -> tuple[str, FileFault, str]:
    """What to say of a blob that a manifest names and that is not there."""
    sentence = f"names {blob.name}, which is not there: copy the whole folder of the run, or run the export again"
    return (manifest, FileFault.BLOB_MISSING, sentence)


def _remote(address: str, connection_string_file: Path | None) -> RemoteStorage:
    with _faults_said(address):
        return RemoteStorage(address, *file_system(address, connection_string_file))


def _remedy(address: str, error: Exception) -> str:
    """What to do about it, by the kind of the error alone: its text may hold a secret."""
    if isinstance(error, ImportError):
        return f"install the package that fsspec needs for {address.partition('://')[0]}:// beside rebill"
    if isinstance(error, ValueError) and is_azure(address):
        return "say in the environment which account is meant, and who reads it: AZURE_STORAGE_ACCOUNT_NAME and others"
    return "check the address and the rights on it"


@contextmanager
def _faults_said(address: str) -> Iterator[None]:
    try:
        yield
    except (Refusal, FileRefused):
        raise
    except NoAnswer as silent:
        sentence = f"gave {silent}: nobody is there, or the network does not lead there; check the address"
        refuse_files([(address, FileFault.STORAGE_REFUSED, sentence)])
    except Exception as error:  # noqa: BLE001 - each kind of storage raises errors of its own
        sentence = f"cannot be read ({told(error)}); {_remedy(address, error)}"
        refuse_files([(address, FileFault.STORAGE_REFUSED, sentence)])
