"""``--help`` and the version answer without loading what the commands need."""

import subprocess
import sys

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
