"""Random months that are made once and kept, so that every trial rates them without making them again.

The oracle says what each comes to, so that one month tells of a mutant within a fifth of a second. They are made in a
process of its own, because an engine that a process has opened cannot be opened again in its children.
"""

import pickle
import subprocess
import sys
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rebill.model.rating import RatingInputs
from tests.mutation.mutant import PROJECT
from tests.rating.lines import Line
from tests.rating.months import Keys, few_lines, many_lines, rating_inputs

LONG_MONTHS: Final = 24
SHORT_MONTHS: Final = 12
Month = tuple[list[Line], RatingInputs, Keys]


def kept_months() -> list[Month]:
    """Months of many lines, then of few; the same every time."""
    made = subprocess.run([sys.executable, "-m", "tests.mutation.corpus"], check=True, capture_output=True, cwd=PROJECT)
    found: list[Month] = pickle.loads(made.stdout)  # What our own process has just written.
    return found


def _made() -> list[Month]:
    many: list[Month] = []
    few: list[Month] = []

    def collect(kept: list[Month], count: int, lines: st.SearchStrategy[list[Line]]) -> None:
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
                kept.append((lines, inputs, keys))

        one()

    collect(many, LONG_MONTHS, many_lines())
    collect(few, SHORT_MONTHS, few_lines())
    # The longest first: it is told most by those.
    return sorted(many, key=lambda month: -len(month[0])) + few


def main() -> None:
    """Write the months to standard output."""
    sys.stdout.buffer.write(pickle.dumps(_made()))


if __name__ == "__main__":
    main()
