"""``--help`` and the version answer without loading what the commands need."""

import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from rebill.cli.application import application, command_of
from tests.cli.command_line import CommandLine

HEAVY = ("duckdb", "sqlalchemy", "starlette", "uvicorn", "alembic", "psycopg", "prometheus_client")
PROBE = """
import contextlib, io, sys
from rebill.cli import main
sys.argv = ["rebill", *{arguments}]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
print(" ".join(sorted(name for name in {heavy} if name in sys.modules)))
"""


def _loaded_by(*arguments: str) -> str:
    code = PROBE.format(arguments=list(arguments), heavy=HEAVY)
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_help_loads_neither_engine_nor_database_nor_web_framework() -> None:
    assert _loaded_by("--help") == ""
    assert _loaded_by("bill", "run", "--help") == ""
    assert _loaded_by("--version") == ""


def test_the_probe_sees_what_a_command_loads() -> None:
    assert "sqlalchemy" in _loaded_by("keys", "list", "--partner", "nobody")


def test_a_command_is_built_alone_and_answers_as_among_all(small_rebill: CommandLine) -> None:
    whole = get_command(application)
    assert isinstance(whole, TyperGroup)
    for name in whole.commands:
        alone = command_of(name)
        assert isinstance(alone, TyperGroup)
        assert set(alone.commands) == {name}
        told = small_rebill.run(name, "--help").out
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rebill.cli.application.command_of", lambda first_word: whole)
            assert small_rebill.run(name, "--help").out == told
    for first_word in ("", "--help", "--version", "nothing-like-it"):
        everything = command_of(first_word)
        assert isinstance(everything, TyperGroup)
        assert set(everything.commands) == set(whole.commands)
