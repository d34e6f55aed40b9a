"""Exports of a storage account on the command line: the secret lies in a file, and is told to nobody."""

import contextlib
from pathlib import Path

import pytest
from sqlalchemy import select

from rebill.store.database import Database
from rebill.store.tables import audit_entries, syncs
from tests.blob_server import BlobServer
from tests.cli.command_line import CommandLine
from tests.export_files import Run, write_run
from tests.focus_files import row


def test_the_secret_of_the_account_is_told_to_nobody(
    rebill: CommandLine, tmp_path: Path, blob_server: BlobServer
) -> None:
    write_run(tmp_path / "up", Run({"a.csv": [row()]}))
    blob_server.put("by-file", tmp_path / "up")
    secret, wrong = tmp_path / "secret", "A" * 86 + "=="
    imported = ("costs", "import", "az://by-file/cost", "--json")
    secret.write_text(blob_server.connection_string.replace(blob_server.key, wrong))
    refused = rebill.run(*imported, REBILL_STORAGE_CONNECTION_STRING_FILE=str(secret))
    assert (refused.code, refused.document["code"]) == (1, "storage_refused")
    secret.write_text(blob_server.connection_string + "\n")
    taken = rebill.run(*imported, REBILL_STORAGE_CONNECTION_STRING_FILE=str(secret))
    assert [one["outcome"] for one in taken.document["deliveries"]] == ["imported"]
    trail = rebill.run("audit", "--json")
    assert '"refused"' in trail.out
    for said in (refused, taken, trail):
        for key in (wrong, blob_server.key):
            assert key not in said.out + said.err


def test_an_export_of_days_on_which_nothing_was_charged_is_told_as_such(rebill: CommandLine, tmp_path: Path) -> None:
    write_run(tmp_path / "exports", Run({}))
    ended = rebill.run("costs", "import", str(tmp_path / "exports"))
    assert ended.code == 0, ended
    assert "manifest.json" in ended.out
    assert "no cost" in ended.out


def test_a_sync_names_the_run_that_bills_what_came_where_something_did(rebill: CommandLine, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    for is_written, code, says in ((False, 1, False), (True, 0, True), (True, 0, False)):
        if is_written:
            write_run(exports, Run({"a.csv": [row()]}))
        ended = rebill.run("sync", REBILL_COST_EXPORTS=str(exports))
        assert (ended.code, "rebill bill run" in ended.out) == (code, says), ended


@pytest.mark.parametrize(
    "address",
    ["ftp://user:Hunter2Pass@127.0.0.1:9/costs", "github://tok:Hunter2Pass@main/costs", "az://c?sig=Hunter2Pass"],
)
def test_a_secret_in_an_address_reaches_no_error_no_log_and_no_record(rebill: CommandLine, address: str) -> None:
    imported = rebill.run("costs", "import", address)
    as_json = rebill.run("costs", "import", address, "--json")
    synced = rebill.run("sync", REBILL_COST_EXPORTS=address)
    assert (imported.code, as_json.document["code"], synced.code) == (1, "storage_refused", 1)
    assert '"deliveries_refused"' in synced.err
    for ended in (imported, as_json, synced):
        assert "an address bears no" in ended.out + ended.err
        assert "Hunter2Pass" not in ended.out + ended.err
    with contextlib.closing(Database(rebill.database_url)) as database, database.reading() as connection:
        kept = [str(connection.execute(select(table)).all()) for table in (syncs, audit_entries)]
    assert all("an address bears no" in rows and "Hunter2Pass" not in rows for rows in kept)
