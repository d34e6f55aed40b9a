"""Keep everything in one file: the record as it stood at one moment, and the lake's files that it names."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from rebill import __version__
from rebill.lake.folders import flush_to_disk, kept_files
from rebill.model.errors import Conflict, Invalid, ProgramError
from rebill.services.acting.installation import Installation
from rebill.services.keeping.backup_archive import LAKE, ArchiveWriter, Contents
from rebill.store.migrations import schema_revision
from rebill.store.whole_record import column_names, rows_of, tables_of_record


@dataclass(frozen=True)
class Backup:
    """A backup that was written: where, how long it is, and what it holds."""

    file: Path
    length_bytes: int
    contents: Contents


def back_up(installation: Installation, file: Path) -> Backup:
    """Write a backup of the whole installation, all partners, to the new file ``file``.

    It may be taken while rebill serves, imports and bills: what it holds is the record of one moment, and every file
    of the lake that this record names (such files never change). Nobody but its owner may read the file. Raises
    ``Conflict`` where ``file`` exists, ``Invalid`` where its folder does not, and ``ProgramError`` when it cannot be
    written; nothing is left of it then.
    """
    if file.exists():
        raise Conflict("backup_exists", f"{file} exists already, and a backup never replaces one: name another file.")
    if not file.parent.is_dir():
        raise Invalid("no_folder", f"There is no folder {file.parent}: make it first, or name another file.")
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    with ExitStack() as stack:
        stack.callback(partial.unlink, missing_ok=True)
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as opened:
                contents = _write(installation, ArchiveWriter(opened))
            flush_to_disk(partial)
            length_bytes = partial.stat().st_size
            # A link, not a renaming: a file that came there meanwhile is not replaced either.
            os.link(partial, file)
            flush_to_disk(file.parent)
        except FileExistsError:
            raise Conflict("backup_exists", f"{file} came to be meanwhile: name another file.") from None
        except FileNotFoundError as error:
            raise Conflict(
                "lake_changed", f"A file went away while it was copied: {error}. Nothing was written; back up again."
            ) from error
        except OSError as error:
            raise ProgramError(
                "backup_failed", f"The backup cannot be written to {file}, and nothing was: {error}. Look at the disk."
            ) from error
    return Backup(file, length_bytes, contents)


def _write(installation: Installation, archive: ArchiveWriter) -> Contents:
    # The record first: the lake's files that it names are there by then, and stay.
    with installation.database.reading() as connection:
        schema = schema_revision(connection)
        for table in tables_of_record():
            archive.add_table(table.name, column_names(table), rows_of(connection, table))
    lake_folder = installation.lake_folder
    for kept in kept_files(lake_folder):
        archive.add_file(f"{LAKE}{kept.relative_to(lake_folder).as_posix()}", kept)
    return archive.finish(installation.clock().astimezone(UTC).isoformat(), __version__, schema)
