"""Wrong usage ends with 2, faults of the business with 1, and JSON mode answers in JSON either way."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@pytest.mark.parametrize(
    "arguments",
    [
        ("bill", "run", "--period", "2024-13"),
        ("bill", "run", "--period", "2024-09", "--engine", "abacus"),
        ("assign", "123"),
        ("assign", "abc", "ab123"),
        ("assign", "123", "ab123", "--from", "2024-02-30"),
        ("customers", "create", "Acorn", "--markup", "many"),
        ("customers", "create", "Acorn", "--markup", "12.34567"),
        ("customers", "create", "Acorn", "--markup", "1e999999999"),
        ("customers", "create", "Acorn", "--markup", "1e-999999999"),
        ("customers", "create", "Acorn", "--fallback-markup", "-1"),
        ("customers", "create", "Acorn", "--markup", "-101"),
        ("customers", "create", "Acorn", "--basis", "moon"),
        ("costs", "import", "costs.csv", "--layout", "zzz"),
        ("keys", "create", "--role", "king"),
        ("keys", "create", "--role", "admin", "--customer", "5"),
        ("keys", "create", "--role", "customer_read_only"),
        ("serve", "--port", "70000"),
        ("statements", "export", "5", "--format", "docx"),
        ("margins", "--by", "rule"),
        ("margins", "--by", "service", "--customer", "5"),
        ("manual-lines", "add", "5", "--period", "2024-09", "--amount", "0.1234567890123", "--reason", "Set-up"),
        ("manual-lines", "add", "5", "--period", "2024-09", "--amount", "1", "--cost", "1e-13", "--reason", "Set-up"),
        ("manual-lines", "add", "5", "--period", "2024-09", "--amount", "1e-999999999", "--reason", "Set-up"),
        ("bill", "what-if", "--period", "2024-09", "--enter", "0.0000000000001"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_two_and_says_what_is_wrong(
    small_rebill: CommandLine, arguments: tuple[str, ...]
) -> None:
    ended = small_rebill.run(*arguments, "--json")
    assert ended.code == 2, ended
    assert ended.document["code"] == "wrong_usage"
    assert ended.document["error"]
    text = small_rebill.run(*arguments)
    assert (text.code, text.out) == (2, "")
    assert text.err


def test_a_wrong_choice_is_told_by_its_sentence_alone(small_rebill: CommandLine) -> None:
    ended = small_rebill.run("margins", "--by", "moon", "--json")
    sentence = "Invalid value for '--by': 'moon' is not one of 'customer', 'service', 'month', 'rule'."
    assert ended.document["error"] == sentence
    assert "Value error" not in small_rebill.run("customers", "create", "Acorn", "--basis", "moon").err


def test_a_password_that_nobody_can_type_is_asked_for_by_a_file(small_rebill: CommandLine) -> None:
    small_rebill.answer("init")
    user = small_rebill.answer("users", "create", "Somebody", "--role", "admin")["id"]
    done = small_rebill.run_in_a_process("users", "set-password", str(user), "--json")
    assert (done.code, done.document["code"]) == (1, "no_password_typed"), done
    assert "--password-file" in done.document["error"]


def test_before_init_every_command_says_to_run_it(small_rebill: CommandLine) -> None:
    for arguments in (("customers", "list"), ("bill", "run", "--period", "2024-09"), ("serve", "--port", "0")):
        refused = small_rebill.refusal(*arguments)
        assert "rebill init" in refused["error"], refused


@pytest.mark.parametrize(
    ("revision", "code", "remedy"),
    [
        ("0090", "database_not_migrated", "rebill init upgrades it"),
        ("9999", "database_of_newer_version", "run the version that made it"),
    ],
)
def test_a_record_of_another_schema_is_left_alone(
    small_rebill: CommandLine, tmp_path: Path, revision: str, code: str, remedy: str
) -> None:
    small_rebill.answer("init")
    with closing(sqlite3.connect(small_rebill.home / "rebill.sqlite3")) as record, record:
        record.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    commands = [("customers", "list"), ("customers", "create", "Acorn"), ("serve", "--port", "0")]
    commands += [("backup", str(tmp_path / "backup.zip"))]
    for arguments in [*commands, *([("init",)] if revision == "9999" else [])]:
        refused = small_rebill.refusal(*arguments)
        assert (refused["code"], remedy in refused["error"]) == (code, True), (arguments, refused)


def test_a_place_that_takes_no_files_is_told_without_a_trace(small_rebill: CommandLine, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.write_text("a file stands where the folder should be")
    sample = ("sample-data", "--customers", "1", "--lines", "1", "--period", "2024-09", "-o", str(place / "sample"))
    for arguments, home in ((("init",), place / "home"), (sample, small_rebill.home)):
        ended = small_rebill.run(*arguments, "--json", REBILL_HOME=str(home))
        assert (ended.code, ended.document["code"]) == (1, "machine_refused"), ended
        assert "Traceback" not in ended.err
        assert "run the command again" in ended.document["error"]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_whoever_stops_reading_ends_a_command_quietly(small_rebill: CommandLine, form: tuple[str, ...]) -> None:
    small_rebill.answer("init")
    command = [sys.executable, "-m", "rebill", "audit", *form]
    with subprocess.Popen(
        command, env=small_rebill.process_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait()) == (b"", 1)


def test_a_statement_that_is_not_there_is_refused(small_rebill: CommandLine) -> None:
    small_rebill.answer("init")
    assert small_rebill.refusal("statements", "show", "5")["code"] == "statement_not_found"
    assert small_rebill.refusal("statements", "export", "5", "-o", "x")["code"] == "statement_not_found"
    assert small_rebill.refusal("statements", "export", "5")["code"] == "statement_not_found"
    assert small_rebill.run("statements", "show", "5").out == ""


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("az://container/folder", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("s3://bucket/folder", "install the package that fsspec needs for s3://"),
        ("nothing://here", "check the address"),
    ],
)
def test_an_address_that_cannot_be_opened_says_what_it_lacks(
    small_rebill: CommandLine, monkeypatch: pytest.MonkeyPatch, address: str, remedy: str
) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_STORAGE_")]:
        monkeypatch.delenv(name)
    small_rebill.answer("init")
    refused = small_rebill.refusal("costs", "import", address)
    assert (refused["code"], remedy in refused["error"]) == ("storage_refused", True), refused
