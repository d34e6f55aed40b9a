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
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final, cast

import pytest
from hypothesis import settings

from rebill.engines.engine import Engine
from tests.mutation import plain_tests
from tests.mutation.conversation import Repeated, SaysOtherwise
from tests.mutation.corpus import Month
from tests.mutation.killers import PROFILE
from tests.mutation.mutant import PROJECT, RATING, Mutant, module_name, original

LONGEST_SECONDS: Final = 240
LONGEST_OF_A_MONTH: Final = 4
"""Of processor time, with tests and of one month: what nothing notices takes a tenth of that.

A mutant that is not noticed by then makes the tests go on without end, which is noticed too.
"""
_BESIDE_REBILL: Final = "alembic babel duckdb hypothesis pydantic re2 simplejson sqlalchemy structlog yaml".split()
_BELOW_RATING: Final = (
    "rebill.engines.opening",
    "rebill.lake.runs",
    "rebill.price_books.reading",
    "rebill.sources.reading",
    "rebill.store.statements",
    "tests.rating.oracle",
    "tests.rating.months",
)


class Outcome(Enum):
    """``KILLED``: a test failed. ``SURVIVED``: none did. ``ENDLESS``: they did not end."""

    KILLED = "killed"
    SURVIVED = "survived"
    ENDLESS = "endless"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, after how much processor time, and which kept month noticed it, if one did."""

    outcome: Outcome
    seconds: float
    noticed_by: int | None = None


@dataclass(frozen=True)
class Trial:
    """What a mutant is tried with: plain tests, then kept ``months`` with their places in order, then other tests.

    ``most_rated``: of so many months an engine is asked, where the mutant says to it what rebill does not. ``plain``:
    the modules whose tests are called without pytest.
    """

    months: Sequence[tuple[int, Month]]
    killers: Sequence[str]
    most_rated: int | None = None
    plain: Sequence[str] = ()


def import_what_is_not_rating() -> None:
    """Import once, for all trials, what they need beside rating and what uses it."""
    for name in (*_BESIDE_REBILL, *_BELOW_RATING):
        importlib.import_module(name)
    if any(name == "rebill.rating" or name.startswith("rebill.rating.") for name in sys.modules):
        raise AssertionError("rating is imported already, so that no trial could import it with a fault in it")


def tried(mutant: Mutant | None, trial: Trial) -> Verdict:
    """What a trial says of a mutant; of rebill as it is, without one."""
    folder = Path(tempfile.mkdtemp(prefix="rebill-mutant-"))
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _run(mutant, trial, folder, writing)
    os.close(writing)
    with os.fdopen(reading) as told:
        noticed_by = told.read()
    _, status, taken = os.wait4(process, 0)
    seconds = taken.ru_utime + taken.ru_stime
    shutil.rmtree(folder, ignore_errors=True)
    if os.WIFSIGNALED(status):
        endless = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM)
        return Verdict(Outcome.ENDLESS if endless else Outcome.KILLED, seconds)
    if os.WEXITSTATUS(status) == pytest.ExitCode.OK:
        return Verdict(Outcome.SURVIVED, seconds)
    return Verdict(Outcome.KILLED, seconds, int(noticed_by) if noticed_by else None)


def _run(mutant: Mutant | None, trial: Trial, folder: Path, told: int) -> None:
    """In the child process: rate the months, run the tests, and end with pytest's exit code."""
    code = int(pytest.ExitCode.INTERNAL_ERROR)
    with suppress(BaseException):
        os.chdir(PROJECT)
        _be_silent()
        if mutant is not None:
            sys.meta_path.insert(0, _WithFault(mutant))
        _end_after(LONGEST_SECONDS)
        settings.load_profile(PROFILE)
        if plain_tests.fail(trial.plain):
            os._exit(int(pytest.ExitCode.TESTS_FAILED))
        place = _first_that_differs(trial, folder)
        if place is None:
            _end_after(LONGEST_SECONDS)
            code = _tested(trial.killers, folder) if trial.killers else int(pytest.ExitCode.OK)
        else:
            os.write(told, str(place).encode())
            code = int(pytest.ExitCode.TESTS_FAILED)
    os._exit(code)


def _end_after(seconds: int) -> None:
    """End this process when it has taken so many more of processor time."""
    taken = int(time.process_time()) + 1
    # The hard limit is for what holds the first signal up.
    resource.setrlimit(resource.RLIMIT_CPU, (taken + seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    # And what waits for ever takes no processor time at all.
    signal.alarm(60 * seconds)


def _first_that_differs(trial: Trial, folder: Path) -> int | None:
    """The place of the first month that is not rated as the oracle does."""
    rated = 0
    for place, month in trial.months:
        _end_after(LONGEST_OF_A_MONTH)
        try:
            _rate_and_compare(month, folder, cast(Engine, Repeated(month.conversation)))
        except SaysOtherwise:
            if rated == trial.most_rated:
                continue
            rated += 1
            try:
                _rate_and_compare(month, folder)
            except Exception:  # noqa: BLE001  # Whatever goes wrong is noticed.
                return place
        except Exception:  # noqa: BLE001  # As above.
            return place
    return None


def _rate_and_compare(month: Month, folder: Path, engine: Engine | None = None) -> None:
    oracle_test = importlib.import_module("tests.rating.test_engine_against_oracle")
    lines = [line for line, _ in month.outcomes]
    rated, by_engine = oracle_test.rated_parts(month.parts, lines, month.inputs, folder, engine)
    oracle_test.compare_month(rated, by_engine, month.outcomes, month.inputs)


def _tested(killers: Sequence[str], folder: Path) -> int:
    """Run the tests; the exit code of pytest."""
    quickly = ("-x", "-q", "--no-header", "--tb=no", "--assert=plain", "-p", "no:cacheprovider")
    of_mutation = ("-p", "tests.mutation.killers", "--hypothesis-profile=mutation", "-k", "not postgresql")
    return int(pytest.main([*quickly, *of_mutation, f"--basetemp={folder / 'tmp'}", *killers]))


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
