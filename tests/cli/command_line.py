"""The ``rebill`` command on a home and a database of the test's: in this process, or in one of its own."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rebill.cli import main

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
        """The settings of this installation."""
        return {"REBILL_HOME": str(self.home), "REBILL_DATABASE_URL": self.database_url, "COLUMNS": "120"}

    @property
    def process_environment(self) -> dict[str, str]:
        """This process's environment with the settings of this installation and no other."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REBILL_")}
        return {**kept, **self.environment}

    def run(self, *arguments: str, **environment: str) -> Ended:
        """Run ``rebill`` with ``arguments`` to its end, from the same entry as the installed command."""
        written = io.BytesIO()
        # Bytes and text, as a real standard output takes both.
        out, err = io.TextIOWrapper(written, "utf-8", newline="", write_through=True), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as exit_,
        ):
            for name in [name for name in os.environ if name.startswith("REBILL_")]:
                patch.delenv(name)
            for name, value in {**self.environment, **environment}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["rebill", *arguments])
            main()
        assert isinstance(exit_.value.code, int)
        return Ended(exit_.value.code, written.getvalue().decode("utf-8"), err.getvalue())

    def run_in_a_process(self, *arguments: str) -> Ended:
        """Run ``rebill`` in a process of its own; warnings are errors in it too."""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "rebill", *arguments],
            env=self.process_environment,
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
