"""A mutant on trial: the tests run with it in a process of its own."""

import importlib
import importlib.machinery
import importlib.util
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import pytest

from tests.mutation.mutant import PROJECT, RATING, Mutant, module_name, original

LONGEST_SECONDS: Final = 900
"""Of processor time, whatever else the machine does.

A mutant that is not noticed by then makes the tests go on without end, which is noticed too.
"""
_BESIDE_REBILL: Final = "alembic babel duckdb hypothesis pydantic re2 simplejson sqlalchemy structlog yaml".split()


class Outcome(Enum):
    """``KILLED``: a test failed. ``SURVIVED``: none did. ``ENDLESS``: they did not end."""

    KILLED = "killed"
    SURVIVED = "survived"
    ENDLESS = "endless"


def import_what_is_not_rebill() -> None:
    """Import once, for all trials, what they need beside rebill and its tests."""
    for name in _BESIDE_REBILL:
        importlib.import_module(name)
    if any(name == "rebill" or name.startswith("rebill.") for name in sys.modules):
        raise AssertionError("rebill is imported already, so that no trial could import it with a fault in it")


def tried(mutant: Mutant | None, killers: Sequence[str]) -> Outcome:
    """What ``killers`` say of a mutant; of rebill as it is, without one."""
    folder = Path(tempfile.mkdtemp(prefix="rebill-mutant-"))
    process = os.fork()
    if process == 0:
        _run(mutant, killers, folder)
    _, status = os.waitpid(process, 0)
    shutil.rmtree(folder, ignore_errors=True)
    if os.WIFSIGNALED(status):
        return Outcome.ENDLESS if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM) else Outcome.KILLED
    return Outcome.SURVIVED if os.WEXITSTATUS(status) == pytest.ExitCode.OK else Outcome.KILLED


def _run(mutant: Mutant | None, killers: Sequence[str], folder: Path) -> None:
    """In the child process: run the tests, and end with pytest's exit code."""
    code = int(pytest.ExitCode.INTERNAL_ERROR)
    with suppress(BaseException):
        os.chdir(PROJECT)
        _be_silent()
        # The hard limit is for what holds the first signal up.
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_SECONDS, LONGEST_SECONDS + 60))
        # And what waits for ever takes no processor time at all.
        signal.alarm(10 * LONGEST_SECONDS)
        if mutant is not None:
            sys.meta_path.insert(0, _WithFault(mutant))
        code = int(
            pytest.main(
                [
                    *(
                        "-x",
                        "-q",
                        "--no-header",
                        "--tb=no",
                        "--assert=plain",
                        "-p",
                        "no:cacheprovider",
                        f"--basetemp={folder / 'tmp'}",
                    ),
                    *("-p", "tests.mutation.killers", "--hypothesis-profile=mutation"),
                    *("-k", "not postgresql"),
                    *killers,
                ]
            )
        )
    os._exit(code)


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


class _WithFault(importlib.machinery.SourceFileLoader):
    """Finds and loads one module of rating with a fault in it."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(module_name(mutant.file), str(RATING / mutant.file))
        self._mutant = mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module, if it is the one that has the fault."""
        if name != module_name(self._mutant.file):
            return None
        return importlib.util.spec_from_file_location(name, RATING / self._mutant.file, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, compiled from the faulty text and kept nowhere."""
        return compile(self._mutant.source(original(self._mutant.file)), str(RATING / self._mutant.file), "exec")
