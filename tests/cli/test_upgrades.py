"""What an older version left is billed, proved and explained to the same cent by this one."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine
from tests.postgresql_databases import PostgresqlDatabases

_OLDER = Path(__file__).parent / "upgrades"
_MONTHS = {"2024-09": 11, "2024-10": 1}


@pytest.fixture
def first(tmp_path: Path) -> CommandLine:
    """The data folder of the first version, brought up to date."""
    with zipfile.ZipFile(_OLDER / "installation-2026-11-23.zip") as packed:
        packed.extractall(tmp_path / "home")
    line = CommandLine(tmp_path / "home", "")
    line.answer("init")
    return line


@pytest.fixture
def restored(store: str, tmp_path: Path, postgresql_databases: PostgresqlDatabases) -> Iterator[CommandLine]:
    """The backup of a version that issued documents, restored on either database."""
    address = postgresql_databases.create() if store == "postgresql" else None
    line = CommandLine(tmp_path / "home", address.render_as_string(hide_password=False) if address else "")
    line.answer("restore", str(_OLDER / "backup-2026-11-25.zip"))
    yield line
    if address:
        postgresql_databases.drop(address)


def told(line: CommandLine) -> dict[tuple[str, str], Any]:
    """(Month, customer's id) → the statement as JSON."""
    return {
        (month, str(document["customer_id"])): document
        for month in _MONTHS
        for found in line.answer("statements", "list", "--period", month)["statements"]
        for document in [line.answer("statements", "show", str(found["statement_id"]))]
    }


def says_what_was_said(line: CommandLine) -> None:
    """Every statement has the total and the lines that the older version wrote."""
    now = told(line)
    written = sorted((line.home / "statements").glob("*.json"))
    assert len(written) == len(now) == sum(_MONTHS.values())
    for then in [json.loads(path.read_text(), parse_float=str) for path in written]:
        today = now[then["period"], str(then["customer_id"])]
        assert today["total"] == then["total"]
        assert [{name: one[name] for name in then["lines"][0]} for one in today["lines"]] == then["lines"]


def test_a_month_of_the_first_version_is_computed_anew_to_the_same_cent(first: CommandLine) -> None:
    says_what_was_said(first)
    refused = first.run("verify", "--period", "2024-09")
    assert refused.code == 1
    assert "rebill bill run --period 2024-09 computes the month anew" in refused.out
    for month, count in _MONTHS.items():
        first.answer("bill", "run", "--period", month)
        assert first.answer("verify", "--period", month)["equal"] is True
        assert len(first.answer("statements", "list", "--period", month)["statements"]) == count
    says_what_was_said(first)


def test_months_that_an_older_version_issued_are_proved_and_a_run_changes_nothing(restored: CommandLine) -> None:
    for month, count in _MONTHS.items():
        proved = restored.answer("verify", "--period", month)["statements"]
        assert [one["equal"] for one in proved] == [True] * count
    before = told(restored)
    for month in _MONTHS:
        restored.answer("bill", "run", "--period", month)
    assert {key: one["lines"] for key, one in told(restored).items()} == {
        key: one["lines"] for key, one in before.items()
    }
    assert restored.answer("bill", "correct", "--period", "2024-09", "--reason", "Looked again")["documents"] == []
    assert restored.run("audit", "--verify").code == 0


def test_its_lines_are_explained_down_to_the_charges(restored: CommandLine) -> None:
    explained = 0
    for (month, _), document in told(restored).items():
        if month == "2024-09":
            line = restored.answer("explain", str(document["statement_id"]), "--line", "1")
            assert line["lines"][0]["charges"], line
            explained += 1
    assert explained == _MONTHS["2024-09"]
