"""Files written to a folder of this machine, or to one at an address of a storage account; whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from rebill.services.acting.installation import Installation
from rebill.services.delivering.faults import DeliveryFault
from rebill.sources.exports.storage import file_system, is_address


def write_files(installation: Installation, folder: str, files: Mapping[str, Path]) -> None:
    """Write files under a customer's folder below the one of the settings: name → what to copy.

    Raises ``DeliveryFault`` where the place does not take them.
    """
    place = installation.settings.delivery.folder
    try:
        if is_address(place):
            _write_remote(installation, place, folder, files)
        else:
            _write_local(Path(place).expanduser() / folder, files)
    except Exception as error:  # noqa: BLE001 - each kind of storage raises errors of its own
        # Their texts may hold signed links, so only their names are told.
        raise DeliveryFault(f"{folder} cannot be written to ({type(error).__name__})") from None


def _write_local(folder: Path, files: Mapping[str, Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        handle, beside = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream, source.open("rb") as content:
                while block := content.read(1024**2):
                    stream.write(block)
            Path(beside).chmod(0o644)
            Path(beside).replace(folder / name)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


def _write_remote(installation: Installation, address: str, folder: str, files: Mapping[str, Path]) -> None:
    system, root = file_system(address, installation.settings.storage_connection_string_file)
    for name, source in files.items():
        system.put_file(str(source), str(PurePosixPath(root) / folder / name))
