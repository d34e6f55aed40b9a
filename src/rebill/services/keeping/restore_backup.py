"""Bring a backup back into an empty installation, whichever kind of database it was taken from."""

import shutil
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table

from rebill.lake.folders import publish
from rebill.model.counting import counted
from rebill.model.errors import Conflict, Invalid
from rebill.services.acting.installation import Installation
from rebill.services.keeping.backup_archive import LAKE, RECORD, ArchiveReader, Contents, table_member
from rebill.store.document_deliveries import stop_deliveries
from rebill.store.migrations import schema_revision, upgrade
from rebill.store.whole_record import column_names, fill, filling, is_empty, tables_of_record

_STAGING = "lake.restoring"


def restore_backup(installation: Installation, file: Path) -> Contents:
    """Fill the empty ``installation`` with what ``file`` holds, whole or not at all; what it held.

    Ids, numbers, keys (their hashes), issued documents and the audit trail come back as they were. Raises
    ``Conflict`` where the installation holds a partner or its lake a file, and ``Invalid`` for a file that is not a
    whole backup, or of another version's schema.
    """
    archive = ArchiveReader(file)
    staging = installation.settings.home / _STAGING
    try:
        upgrade(installation.database)
        with installation.database.reading() as connection:
            _require_fitting(connection, archive.contents)
        _require_empty_lake(installation.lake_folder)
        shutil.rmtree(staging, ignore_errors=True)
        _unpack_lake(archive, staging)
        with installation.database.writing() as connection:
            _fill_record(connection, archive)
            # What waited when it was backed up may have been delivered since: only a person can know.
            stop_deliveries(connection)
            if staging.exists():
                # Only locks can lie there: the emptiness was looked at above.
                shutil.rmtree(installation.lake_folder, ignore_errors=True)
                publish(staging, installation.lake_folder)
    finally:
        archive.close()
        shutil.rmtree(staging, ignore_errors=True)
    return archive.contents


def _require_fitting(connection: Connection, contents: Contents) -> None:
    _require_empty_record(connection)
    here = schema_revision(connection)
    if contents.schema != here:
        raise Invalid(
            "backup_of_another_version",
            f"The backup was made by rebill {contents.rebill_version} with the schema {contents.schema}; this one has "
            f"{here}. Restore it with rebill {contents.rebill_version}, then upgrade with `rebill init`.",
        )
    wanted = {table_member(table.name): tuple(column_names(table)) for table in tables_of_record()}
    found = {name: one.columns for name, one in contents.members.items() if name.startswith(RECORD)}
    if wanted != found:
        raise Invalid("backup_unreadable", "The backup does not hold the tables that its schema has: it is not whole.")


def _require_empty_record(connection: Connection) -> None:
    if not is_empty(connection):
        raise Conflict(
            "not_empty",
            "The database holds a partner already: restore into an empty one (REBILL_HOME, REBILL_DATABASE_URL).",
        )


def _require_empty_lake(lake_folder: Path) -> None:
    if any(path.is_file() and path.suffix != ".lock" for path in lake_folder.rglob("*")):
        raise Conflict(
            "not_empty", f"The lake in {lake_folder} holds files: restore into another REBILL_HOME, or move them away."
        )


def _unpack_lake(archive: ArchiveReader, staging: Path) -> None:
    for name in archive.contents.members:
        if name.startswith(LAKE):
            archive.unpack(name, staging / name.removeprefix(LAKE))


def _fill_record(connection: Connection, archive: ArchiveReader) -> None:
    _require_empty_record(connection)
    with filling(connection):
        for table in tables_of_record():
            _fill_table(connection, archive, table)


def _fill_table(connection: Connection, archive: ArchiveReader, table: Table) -> None:
    name = table_member(table.name)
    try:
        with closing(archive.rows(name)) as rows:
            count = fill(connection, table, rows)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(
            "backup_unreadable", f"{name} has a value that cannot be: {error}. The file is not whole."
        ) from None
    if count != archive.contents.members[name].rows:
        raise Invalid(
            "backup_unreadable", f"{name} has {counted(count, 'row')}, not as many as its table of contents says."
        )
