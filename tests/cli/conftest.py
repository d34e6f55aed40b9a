"""Fixtures of the command line's tests."""

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@pytest.fixture
def rebill(tmp_path: Path, migrated_url: str) -> CommandLine:
    """The command line of an installation with a partner, on each of the two databases."""
    line = CommandLine(tmp_path / "home", migrated_url)
    line.answer("init", "--partner", "First Partner")
    return line


@pytest.fixture
def small_rebill(tmp_path: Path) -> CommandLine:
    """The command line of a home that nothing was done in yet, on SQLite: for what no database matters to."""
    return CommandLine(tmp_path / "home", "")
