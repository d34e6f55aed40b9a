"""The real ``rebill`` command in a process of its own, on a home and a database of the test's."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, standard output, error output."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be, its numbers with all their digits."""
        return json.loads(self.out, parse_float=str)


@dataclass(frozen=True)
class CommandLine:
    """Runs ``rebill`` with the settings of one installation."""

    home: Path
    database_url: str

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REBILL_")}
        return {**kept, "REBILL_HOME": str(self.home), "REBILL_DATABASE_URL": self.database_url, "COLUMNS": "120"}

    def command(self, *arguments: str) -> list[str]:
        """What to execute: warnings are errors in the command too."""
        return [sys.executable, "-W", "error", "-m", "rebill", *arguments]

    def run(self, *arguments: str, **environment: str) -> Ended:
        """Run ``rebill`` with ``arguments`` to its end."""
        done = subprocess.run(
            self.command(*arguments),
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def answer(self, *arguments: str) -> Any:
        """The JSON document of a command that must succeed."""
        ended = self.run(*arguments, "--json")
        assert ended.code == 0, ended
        return ended.document

    def refusal(self, *arguments: str) -> Any:
        """The JSON document of a command that the business must refuse."""
        ended = self.run(*arguments, "--json")
        assert ended.code == 1, ended
        assert set(ended.document) == {"error", "code", "fields"}
        return ended.document
