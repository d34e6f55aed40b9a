"""Files written below a folder of this machine, or below an address; each whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rebill.storage.address import file_system, is_address, is_azure, told

_BLOCK = 1024**2


class WritingFault(Exception):
    """A place does not take a file; what is said holds no secret. ``is_of_place``: it would take no other either."""

    def __init__(self, sentence: str, is_of_place: bool) -> None:
        super().__init__(sentence)
        self.is_of_place = is_of_place


def write_files(place: str, folder: str, files: Mapping[str, Path], connection_string_file: Path | None = None) -> None:
    """Write files into a folder below a place: name → what to copy. One of the same name is replaced in one step.

    Raises ``WritingFault``; what was written before stays.
    """
    try:
        if is_address(place):
            _write_remote(place, folder, files, connection_string_file)
        else:
            _write_local(Path(place).expanduser() / folder, files)
    except Exception as error:  # noqa: BLE001 - each kind of storage raises errors of its own
        raise WritingFault(f"{folder} cannot be written to ({told(error)})", _is_of_place(error)) from None


def _write_local(folder: Path, files: Mapping[str, Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        handle, beside = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream, source.open("rb") as content:
                while block := content.read(_BLOCK):
                    stream.write(block)
            Path(beside).chmod(0o644)
            Path(beside).replace(folder / name)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


def _write_remote(address: str, folder: str, files: Mapping[str, Path], connection_string_file: Path | None) -> None:
    system, root = file_system(address, connection_string_file)
    # Who delivers tries again by itself; Azure's own client would have it wait for minutes.
    options: dict[str, Any] = {"retry_total": 0} if is_azure(address) else {}
    for name, source in files.items():
        system.put_file(str(source), str(PurePosixPath(root) / folder / name), **options)


def _is_of_place(error: Exception) -> bool:
    """Whether the place itself is at fault: nobody answers there, or it does not let rebill in."""
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    if isinstance(error, ClientAuthenticationError | ServiceRequestError):
        return True
    return getattr(error, "status_code", None) in (401, 403)
