"""Bring a backup back into an empty installation, whichever kind of database it was taken from."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table

from rebill.lake.folders import publish
from rebill.model.counting import counted
from rebill.model.errors import Conflict, Invalid
from rebill.services.acting.installation import Installation
from rebill.services.keeping.backup_archive import LAKE, RECORD, ArchiveReader, Contents, table_member
from rebill.store.database import Database
from rebill.store.document_deliveries import stop_deliveries
from rebill.store.migrations import schema_revision, upgrade, upgrade_within
from rebill.store.schema import known_revisions
from rebill.store.whole_record import column_names, fill, filling, is_empty, tables_there

_STAGING = "lake.restoring"


def restore_backup(installation: Installation, file: Path) -> Contents:
    """Fill the empty ``installation`` with what ``file`` holds, whole or not at all; what it held.

    Ids, numbers, keys (their hashes), issued documents and the audit trail come back as they were. A record of an
    older schema is filled as it was then, and brought up to date in the same transaction. Raises ``Conflict`` where
    the installation holds a partner or its lake a file, and ``Invalid`` for a file that is not a whole backup, or of
    a newer version's schema.
    """
    archive = ArchiveReader(file)
    staging = installation.settings.home / _STAGING
    try:
        _make_tables(installation.database, archive.contents)
        with installation.database.reading() as connection:
            tables = _fitting_tables(connection, archive.contents)
        _require_empty_lake(installation.lake_folder)
        shutil.rmtree(staging, ignore_errors=True)
        _unpack_lake(archive, staging)
        with installation.database.writing() as connection:
            _fill_record(connection, archive, tables)
            upgrade_within(connection)
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


def _make_tables(database: Database, contents: Contents) -> None:
    if contents.schema not in known_revisions():
        raise Invalid(
            "backup_of_another_version",
            f"The backup was made by rebill {contents.rebill_version} with the schema {contents.schema}, which this "
            f"one does not know: its own is {known_revisions()[-1]}. Restore it with the version that made it, or a "
            "newer one.",
        )
    upgrade(database, contents.schema)


def _fitting_tables(connection: Connection, contents: Contents) -> tuple[Table, ...]:
    """The tables to fill, which must be those of the backup."""
    _require_empty_record(connection)
    here = schema_revision(connection)
    if contents.schema != here:
        raise Conflict(
            "not_empty",
            f"The database has the schema {here} already, and the backup is of {contents.schema}: restore it into a "
            "database in which nothing was made yet (REBILL_HOME, REBILL_DATABASE_URL).",
        )
    tables = tables_there(connection)
    wanted = {table_member(table.name): sorted(column_names(table)) for table in tables}
    found = {name: sorted(one.columns) for name, one in contents.members.items() if name.startswith(RECORD)}
    if wanted != found:
        raise Invalid("backup_unreadable", "The backup does not hold the tables that its schema has: it is not whole.")
    return tables


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


def _fill_record(connection: Connection, archive: ArchiveReader, tables: Sequence[Table]) -> None:
    _require_empty_record(connection)
    with filling(connection, tables):
        for table in tables:
            _fill_table(connection, archive, table)


def _fill_table(connection: Connection, archive: ArchiveReader, table: Table) -> None:
    name = table_member(table.name)
    try:
        with closing(archive.rows(name)) as rows:
            count = fill(connection, table, archive.contents.members[name].columns, rows)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(
            "backup_unreadable", f"{name} has a value that cannot be: {error}. The file is not whole."
        ) from None
    if count != archive.contents.members[name].rows:
        raise Invalid(
            "backup_unreadable", f"{name} has {counted(count, 'row')}, not as many as its table of contents says."
        )
