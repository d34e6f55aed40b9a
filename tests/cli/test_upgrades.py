"""What an older version left is billed, proved and explained to the same cent by this one."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine

_OLDER = Path(__file__).parent / "upgrades"
_MONTHS = {"2024-09": 11, "2024-10": 1}


def brought_up_to_date(version: str, folder: Path) -> CommandLine:
    """The data folder that a version of this day left."""
    with zipfile.ZipFile(_OLDER / f"installation-{version}.zip") as packed:
        packed.extractall(folder / "home")
    line = CommandLine(folder / "home", "")
    line.answer("init")
    return line


@pytest.fixture
def first(tmp_path: Path) -> CommandLine:
    """Of the first version."""
    return brought_up_to_date("2026-11-23", tmp_path)


@pytest.fixture
def older(tmp_path: Path) -> CommandLine:
    """Of a version that issued documents."""
    return brought_up_to_date("2026-11-25", tmp_path)


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


def test_every_statement_says_what_the_older_version_said(older: CommandLine) -> None:
    says_what_was_said(older)


def test_its_months_are_proved_and_a_run_changes_nothing(older: CommandLine) -> None:
    for month, count in _MONTHS.items():
        proved = older.answer("verify", "--period", month)["statements"]
        assert [one["equal"] for one in proved] == [True] * count
    before = told(older)
    for month in _MONTHS:
        older.answer("bill", "run", "--period", month)
    after = told(older)
    assert {key: one["total"] for key, one in after.items()} == {key: one["total"] for key, one in before.items()}
    assert older.answer("bill", "correct", "--period", "2024-09", "--reason", "Looked again")["documents"] == []
    assert older.run("audit", "--verify").code == 0


def test_its_lines_are_explained_down_to_the_charges(older: CommandLine) -> None:
    explained = 0
    for (month, _), document in told(older).items():
        if month == "2024-09":
            line = older.answer("explain", str(document["statement_id"]), "--line", "1")
            assert line["lines"][0]["charges"], line
            explained += 1
    assert explained == _MONTHS["2024-09"]
