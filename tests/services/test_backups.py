"""A backup brings everything back, on either database; what is not a whole backup brings back nothing."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rebill.lake.cost_data_sets import verify
from rebill.lake.folders import kept_files
from rebill.lake.session import engine_session
from rebill.model.errors import Conflict, Invalid
from rebill.model.terms import Basis
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.keeping.back_up import back_up
from rebill.services.keeping.backup_archive import CONTENTS
from rebill.services.keeping.initialise import create_partner
from rebill.services.keeping.restore_backup import restore_backup
from rebill.settings import Settings
from rebill.store.database import Database
from rebill.store.migrations import upgrade
from rebill.store.whole_record import rows_of, tables_of_record
from tests.beginnings import Beginnings
from tests.conftest import SettableClock
from tests.postgresql_databases import PostgresqlDatabases
from tests.services.accountant import OCTOBER, Accountant, begun, cost
from tests.services.months import SEPTEMBER

OLDER_BACKUP = Path(__file__).parents[1] / "cli" / "upgrades" / "backup-2026-11-25.zip"
Contents = dict[str, Any]
from_sqlite = pytest.mark.parametrize("store", ["sqlite"])
"""For what does not depend on the database that the backup was taken from."""


@pytest.fixture
def accountant(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Accountant:
    """Two partners; of the first an issued month with a correction, and a month that is only estimated."""
    return begun(beginnings, installation, tmp_path, "an issued month with a correction", _accountant_begins)


def _accountant_begins(accountant: Accountant) -> None:
    create_partner(accountant.installation, "Second Partner")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10.000000000005"))
    accountant.subscriptions(accountant.customer("Café Ω", basis=Basis.LIST), "s-1")
    accountant.run()
    accountant.finalize()
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "12.5"))
    accountant.run()
    accountant.correct()
    accountant.deliver(OCTOBER, cost(OCTOBER, "-3.25"), scope="october")
    accountant.run(OCTOBER)


@pytest.fixture(params=("sqlite", "postgresql"))
def empty(
    request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock, postgresql_databases: PostgresqlDatabases
) -> Iterator[Installation]:
    """An installation where nothing was ever done, on either database, in a home of its own."""
    url = f"sqlite:///{tmp_path / 'elsewhere' / 'rebill.sqlite3'}"
    address = None
    if request.param == "postgresql":
        address = postgresql_databases.create()
        url = address.render_as_string(hide_password=False)
    database = Database(url)
    yield Installation(Settings(home=tmp_path / "elsewhere", database_url=url), database, clock)
    database.close()
    if address is not None:
        postgresql_databases.drop(address)


def record(installation: Installation) -> dict[str, list[Any]]:
    """Every row of every table."""
    with installation.database.reading() as connection:
        return {table.name: _unscaled(rows_of(connection, table)) for table in tables_of_record()}


def _unscaled(rows: Any) -> list[Any]:
    # PostgreSQL shows twelve decimals where SQLite shows those that were written: the same numbers.
    return [
        [value.rstrip("0").rstrip(".") if isinstance(value, str) and "." in value else value for value in row]
        for row in rows
    ]


def lake(installation: Installation) -> dict[str, bytes]:
    folder = installation.lake_folder
    return {str(file.relative_to(folder)): file.read_bytes() for file in kept_files(folder)}


def test_everything_comes_back_on_either_database(accountant: Accountant, empty: Installation, tmp_path: Path) -> None:
    backup = back_up(accountant.installation, tmp_path / "backup.zip")
    restore_backup(empty, backup.file)
    assert record(empty) == record(accountant.installation)
    assert lake(empty) == lake(accountant.installation)
    assert len(lake(empty)) > 5


def test_work_goes_on_where_it_was_restored(accountant: Accountant, empty: Installation, tmp_path: Path) -> None:
    restore_backup(empty, back_up(accountant.installation, tmp_path / "backup.zip").file)
    again = Accountant(empty, accountant.caller, tmp_path)
    again.deliver(OCTOBER, cost(OCTOBER, "7", "s-9"), scope="of the new one")
    again.subscriptions(again.customer("New", basis=Basis.BILLED), "s-9")
    run = again.run(OCTOBER)
    assert len(run.statements) == 2
    again.finalize(OCTOBER, override="Tried after restoring")
    with engine_session("200MB") as connection:
        for data_set in list_data_sets(empty, accountant.caller):
            verify(connection, empty.lake_folder, data_set)


@from_sqlite
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE statements SET total_minor_units = 1 WHERE status = 'Final'",
        "DELETE FROM statement_lines",
        "DELETE FROM audit_entries",
        "UPDATE audit_entries SET act = 'nothing'",
    ],
)
def test_what_is_issued_or_audited_is_held_as_before(
    accountant: Accountant, empty: Installation, tmp_path: Path, change: str
) -> None:
    restore_backup(empty, back_up(accountant.installation, tmp_path / "backup.zip").file)
    with pytest.raises(DBAPIError), empty.database.writing() as connection:
        connection.execute(text(change))


def test_a_backup_never_replaces_a_file_and_is_for_its_owner_only(accountant: Accountant, tmp_path: Path) -> None:
    file = back_up(accountant.installation, tmp_path / "backup.zip").file
    assert file.stat().st_mode & 0o077 == 0
    before = file.read_bytes()
    with pytest.raises(Conflict, match="name another file"):
        back_up(accountant.installation, file)
    assert file.read_bytes() == before
    with pytest.raises(Invalid, match="no folder"):
        back_up(accountant.installation, tmp_path / "nowhere" / "backup.zip")


def test_a_disk_that_does_not_take_it_leaves_nothing(accountant: Accountant, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    code = (
        "import resource, sys; from pathlib import Path; from rebill.wiring import open_installation\n"
        "from rebill.services.keeping.back_up import back_up; from rebill.model.errors import ProgramError\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: back_up(open_installation(), Path(sys.argv[1]))\n"
        "except ProgramError as error: print(error.code)"
    )
    settings = accountant.installation.settings
    environment = {**os.environ, "REBILL_HOME": str(settings.home), "REBILL_DATABASE_URL": settings.database_url}
    # The record is open, as beside a server: the file that SQLite else lays beside it is larger than the limit.
    assert record(accountant.installation)
    ended = subprocess.run(
        [sys.executable, "-c", code, str(full / "backup.zip")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout.strip(), list(full.iterdir())) == ("backup_failed", []), ended.stderr


@from_sqlite
def test_only_an_empty_installation_is_filled(accountant: Accountant, empty: Installation, tmp_path: Path) -> None:
    file = back_up(accountant.installation, tmp_path / "backup.zip").file
    before = record(accountant.installation)
    with pytest.raises(Conflict, match="holds a partner already"):
        restore_backup(accountant.installation, file)
    assert record(accountant.installation) == before
    stray = empty.lake_folder / "5" / "costs" / "part.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"somebody's")
    with pytest.raises(Conflict, match="holds files"):
        restore_backup(empty, file)
    assert stray.read_bytes() == b"somebody's"


def rewritten(file: Path, change: Callable[[str, bytes], bytes], rename: Callable[[str], str] = str) -> Path:
    """A copy of an archive whose members are changed one by one, as somebody might who wants to fool us."""
    target = file.with_name("rewritten.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(rename(name), change(name, old.read(name)))
    return target


def a_changed_byte(name: str, content: bytes) -> bytes:
    return content[:-2] + bytes([content[-2] ^ 1]) + content[-1:] if name.endswith(".parquet") else content


def a_row_less(name: str, content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[1:]) if name == "record/customers.jsonl" else content


def a_longer_member(name: str, content: bytes) -> bytes:
    return content + b"[]\n" if name == "record/partners.jsonl" else content


def another_path(name: str, content: bytes) -> bytes:
    return content.replace(b'"lake/', b'"lake/../../', 1) if name == CONTENTS else content


def a_table_less(name: str, content: bytes) -> bytes:
    if name != CONTENTS:
        return content
    document: Contents = json.loads(content)
    del document["members"]["record/voids.jsonl"]
    return json.dumps(document).encode()


def no_contents(name: str, content: bytes) -> bytes:
    return b"{}" if name == CONTENTS else content


@from_sqlite
@pytest.mark.parametrize(
    "change", [a_changed_byte, a_row_less, a_longer_member, another_path, a_table_less, no_contents]
)
def test_what_was_tampered_with_brings_back_nothing(
    accountant: Accountant, empty: Installation, tmp_path: Path, change: Callable[[str, bytes], bytes]
) -> None:
    file = rewritten(back_up(accountant.installation, tmp_path / "backup.zip").file, change)
    assert_refused(empty, file)


@from_sqlite
def test_what_was_cut_short_brings_back_nothing(accountant: Accountant, empty: Installation, tmp_path: Path) -> None:
    file = back_up(accountant.installation, tmp_path / "backup.zip").file
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert_refused(empty, cut)


def an_unknown_compression(archive: bytearray, member: bytes) -> None:
    for header, field in both_headers(archive, member):
        archive[header + field + 2 : header + field + 4] = (97).to_bytes(2, "little")


def an_encrypted_member(archive: bytearray, member: bytes) -> None:
    for header, field in both_headers(archive, member):
        archive[header + field] |= 1


def a_strongly_encrypted_member(archive: bytearray, member: bytes) -> None:
    for header, field in both_headers(archive, member):
        archive[header + field] |= 0x41


def a_garbled_stream(archive: bytearray, member: bytes) -> None:
    """A block of a kind that deflate does not have."""
    start = archive.index(member) + len(member)
    extra_bytes = int.from_bytes(archive[start - len(member) - 2 : start - len(member)], "little")
    archive[start + extra_bytes] = 0b111


def both_headers(archive: bytearray, member: bytes) -> list[tuple[int, int]]:
    """Where the member's own header and the one in the directory begin, and where their flags stand in them."""
    return [(archive.index(member) - 30, 6), (archive.rindex(member) - 46, 8)]


@from_sqlite
@pytest.mark.parametrize(
    "change", [an_unknown_compression, an_encrypted_member, a_strongly_encrypted_member, a_garbled_stream]
)
@pytest.mark.parametrize("member", [b"record/customers.jsonl", CONTENTS.encode()])
def test_what_was_packed_as_no_backup_is_brings_back_nothing(
    accountant: Accountant,
    empty: Installation,
    tmp_path: Path,
    change: Callable[[bytearray, bytes], None],
    member: bytes,
) -> None:
    file = back_up(accountant.installation, tmp_path / "backup.zip").file
    archive = bytearray(file.read_bytes())
    change(archive, member)
    packed = tmp_path / "packed.zip"
    packed.write_bytes(archive)
    assert_refused(empty, packed)


@from_sqlite
def test_a_row_that_no_column_can_have_brings_back_nothing(
    accountant: Accountant, empty: Installation, tmp_path: Path
) -> None:
    """Hashes and counts are right here: whoever made this file had the whole of it in hand."""
    file = back_up(accountant.installation, tmp_path / "backup.zip").file
    with zipfile.ZipFile(file) as old:
        contents: Contents = json.loads(old.read(CONTENTS))
        rows = old.read("record/customers.jsonl").replace(b"2024-10-15T12:00:00+00:00", b"2024-99-15T12:00:00+00:00")
    contents["members"]["record/customers.jsonl"]["sha256"] = hashlib.sha256(rows).hexdigest()
    replaced = {CONTENTS: json.dumps(contents).encode(), "record/customers.jsonl": rows}
    assert_refused(empty, rewritten(file, replaced.get))


def assert_refused(empty: Installation, file: Path) -> None:
    with pytest.raises(Invalid) as refused:
        restore_backup(empty, file)
    assert refused.value.code == "backup_unreadable"
    upgrade(empty.database)
    assert not any(record(empty).values())
    assert lake(empty) == {}
    assert not list(empty.settings.home.glob("*restoring*"))


def of_schema(revision: str, file: Path) -> Path:
    """The backup, but that it says to be of another schema."""

    def told(name: str, content: bytes) -> bytes:
        return json.dumps({**json.loads(content), "schema": revision}).encode() if name == CONTENTS else content

    return rewritten(file, told)


@from_sqlite
def test_a_backup_of_a_newer_schema_says_that_a_newer_version_restores_it(
    accountant: Accountant, empty: Installation, tmp_path: Path
) -> None:
    file = back_up(accountant.installation, tmp_path / "backup.zip").file

    with pytest.raises(Invalid, match="Restore it with the version that made it, or a newer one") as refused:
        restore_backup(empty, of_schema("9999", file))
    assert refused.value.code == "backup_of_another_version"


@from_sqlite
def test_a_backup_that_names_another_schema_than_its_tables_is_not_whole(
    accountant: Accountant, empty: Installation, tmp_path: Path
) -> None:
    file = back_up(accountant.installation, tmp_path / "backup.zip").file

    assert_refused(empty, of_schema("0034", file))


def test_a_database_that_is_newer_than_the_backup_takes_none(empty: Installation) -> None:
    upgrade(empty.database)
    with pytest.raises(Conflict, match="in which nothing was made yet") as refused:
        restore_backup(empty, OLDER_BACKUP)
    assert refused.value.code == "not_empty"


@from_sqlite
def test_a_killed_backup_leaves_no_file_and_a_killed_restore_no_partner(
    accountant: Accountant, empty: Installation, tmp_path: Path
) -> None:
    chance = random.Random(20241015)
    whole = back_up(accountant.installation, tmp_path / "whole.zip").file
    kills = {"backup": 0, "restore": 0}
    for attempt in range(3):
        file = tmp_path / f"killed-{attempt}.zip"
        begun = partial(tmp_path.glob, f"{file.name}.*.partial")
        kills["backup"] += _killed(accountant.installation, begun, chance.uniform(0, 0.02), "backup", str(file))
        if file.exists():
            with zipfile.ZipFile(file) as archive:
                assert CONTENTS in archive.namelist()
        begun = partial(empty.settings.home.glob, "lake.restoring")
        kills["restore"] += _killed(empty, begun, chance.uniform(0, 0.1), "restore", str(whole))
        if any(record(empty).values()):
            assert record(empty) == record(accountant.installation)
            assert lake(empty) == lake(accountant.installation)
            break
        # What a kill left in the lake names nothing; the refusal says to move it away.
        for left in kept_files(empty.lake_folder):
            left.unlink()
    assert all(kills.values()), kills


def _killed(
    installation: Installation, begun: Callable[[], Iterator[Path]], after_seconds: float, *arguments: str
) -> bool:
    """Run a command and kill it a while after ``begun`` shows a file; whether it was still at work."""
    settings = installation.settings
    process = subprocess.Popen(
        [sys.executable, "-m", "rebill", *arguments],
        env={**os.environ, "REBILL_HOME": str(settings.home), "REBILL_DATABASE_URL": settings.database_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and next(begun(), None) is None:
        time.sleep(0.002)
    time.sleep(after_seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL
