"""Random months that are made once and kept, so that every trial rates them without making them again.

The oracle has said what each comes to, so that one month tells of a mutant within a fifth of a second, and what was
said to the engine is kept, so that it is mostly not asked. They are made in a process of its own, because an engine
that a process has opened cannot be opened again in its children, and kept until rebill changes, or what makes them.
"""

import pickle
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rebill.engines.engine import Engine
from rebill.engines.opening import open_engine
from rebill.model.rating import RatingInputs
from rebill.model.terms import NO_GUARDS
from tests.mutation.conversation import Conversation, Overheard
from tests.mutation.mutant import PROJECT
from tests.mutation.record import KEPT, digest_of
from tests.rating.lines import Line
from tests.rating.months import Keys, few_lines, many_lines, rating_inputs, write_parts
from tests.rating.oracle import Rated, rate_line

LONG_MONTHS: Final = 100
SHORT_MONTHS: Final = 12
LINES_OF_LONG_MONTH: Final = 400
_PARTS: Final = 2
_RATING_TESTS: Final = PROJECT / "tests" / "rating"
_MADE_OF: Final = (
    PROJECT / "src" / "rebill",
    *sorted(file for file in _RATING_TESTS.glob("*.py") if not file.name.startswith("test_")),
    _RATING_TESTS / "test_engine_against_oracle.py",
    Path(__file__),
    Path(__file__).with_name("conversation.py"),
)
_Made = tuple[list[Line], RatingInputs, Keys]


@dataclass(frozen=True)
class Month:
    """The files of a month's lines, what the oracle says of each line, what prices them, what an engine was told."""

    parts: tuple[Path, ...]
    outcomes: list[tuple[Line, Rated]]
    inputs: RatingInputs
    conversation: Conversation


def kept_months() -> list[Month]:
    """Months of many lines, then of few; the same every time."""
    folder = KEPT / f"months-{digest_of(*_MADE_OF)}"
    file = folder / "months.pickle"
    if not file.exists():
        for older in KEPT.glob("months-*"):
            shutil.rmtree(older)
        folder.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "tests.mutation.corpus", str(file)], check=True, cwd=PROJECT)
    found: list[Month] = pickle.loads(file.read_bytes())  # What our own process has written.
    return found


def _kept(made: _Made, folder: Path) -> Month:
    # Whoever tries mutants must not have imported rating before them.
    from tests.rating.test_engine_against_oracle import EMBEDDED, compare_month, rated_parts

    lines, inputs, keys = made
    folder.mkdir()
    outcomes = [(line, rate_line(line, inputs)) for line in lines]
    parts = write_parts(lines, folder, _PARTS, keys)
    with TemporaryDirectory() as scratch:
        engine = Overheard(open_engine(EMBEDDED.engine, Path(scratch), EMBEDDED))
        rated, by_engine = rated_parts(parts, lines, inputs, Path(scratch), cast(Engine, engine))
    compare_month(rated, by_engine, outcomes, inputs)
    return Month(parts, outcomes, inputs, engine.conversation)


def _made() -> list[_Made]:
    many: list[_Made] = []
    few: list[_Made] = []

    def collect(kept: list[_Made], count: int, lines: st.SearchStrategy[list[Line]]) -> None:
        @settings(
            max_examples=count,
            deadline=None,
            phases=(Phase.generate,),
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(lines=lines, inputs=rating_inputs(), keys=st.sampled_from(Keys))
        def one(lines: list[Line], inputs: RatingInputs, keys: Keys) -> None:
            if lines:
                kept.append((lines + [_another_of(line) for line in lines[::2]], inputs, keys))

        one()

    collect(many, LONG_MONTHS, many_lines((LINES_OF_LONG_MONTH,)))
    collect(few, SHORT_MONTHS, few_lines())
    return _richest(many) + few


def _another_of(line: Line) -> Line:
    """A charge of the same account and product, of other amounts: so that sums are of more than one."""
    listed = None if line.listed is None else 3 * line.listed
    quantity = None if line.quantity is None else line.quantity - Decimal("0.5")
    return replace(line, billed=2 * line.billed, listed=listed, quantity=quantity)


def _richest(months: list[_Made]) -> list[_Made]:
    """Of the months with as many rules, books, refunds and guards one each, those with most of all of them first."""
    by_wealth: dict[tuple[int, ...], _Made] = {}
    for month in months:
        _, inputs, _ = month
        guarded = sum(terms.guards != NO_GUARDS for terms in inputs.terms)
        wealth = (len(inputs.billing_rules), len(inputs.books), len(inputs.refund_rules), guarded, len(inputs.terms))
        by_wealth.setdefault(wealth, month)
    ordered = sorted(by_wealth, key=lambda wealth: (-sum(found > 0 for found in wealth), [-found for found in wealth]))
    # Every other one of them before the rest: a few of the first are as unlike each other as all of them.
    return [by_wealth[wealth] for wealth in ordered[::2] + ordered[1::2]]


def main() -> None:
    """Write the months to the file that is named, and their lines beside it."""
    file = Path(sys.argv[1])
    months = [_kept(made, file.parent / str(number)) for number, made in enumerate(_made())]
    file.write_bytes(pickle.dumps(months))


if __name__ == "__main__":
    # Classes of a module that is run would be pickled as those of ``__main__``.
    from tests.mutation.corpus import main as run

    run()
