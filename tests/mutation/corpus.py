"""Random months that are made once and kept, so that every trial rates them without making them again.

The oracle has said what each comes to, so that one month tells of a mutant within a fifth of a second. They are made
in a process of its own, because an engine that a process has opened cannot be opened again in its children.
"""

import pickle
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rebill.model.rating import RatingInputs
from rebill.model.terms import NO_GUARDS
from tests.mutation.mutant import PROJECT
from tests.rating.lines import Line
from tests.rating.months import Keys, few_lines, many_lines, rating_inputs, write_parts
from tests.rating.oracle import Rated, rate_line

LONG_MONTHS: Final = 100
SHORT_MONTHS: Final = 12
LINES_OF_LONG_MONTH: Final = 400
_PARTS: Final = 2
_Made = tuple[list[Line], RatingInputs, Keys]
Month = tuple[tuple[Path, ...], list[tuple[Line, Rated]], RatingInputs]
"""The files of a month's lines, what the oracle says of each line, and what prices them."""


def kept_months(folder: Path) -> list[Month]:
    """Months of many lines, then of few; the same every time. Their lines lie in ``folder``."""
    maker = [sys.executable, "-m", "tests.mutation.corpus", str(folder)]
    made = subprocess.run(maker, check=True, capture_output=True, cwd=PROJECT)
    found: list[Month] = pickle.loads(made.stdout)  # What our own process has just written.
    return found


def _kept(made: _Made, folder: Path) -> Month:
    lines, inputs, keys = made
    folder.mkdir()
    outcomes = [(line, rate_line(line, inputs)) for line in lines]
    return write_parts(lines, folder, _PARTS, keys), outcomes, inputs


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
    """Write the months to standard output, and their lines to the folder that is named."""
    folder = Path(sys.argv[1])
    months = [_kept(made, folder / str(number)) for number, made in enumerate(_made())]
    sys.stdout.buffer.write(pickle.dumps(months))


if __name__ == "__main__":
    main()
