"""How long a month takes to bill, as ratios to what else one could do with the same lines.

``python -m benchmarks --lines 1000000 --lines 10000000``; see ``README.md`` beside this file.
"""

import argparse
import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.measured import Measurement, measure
from benchmarks.report import TITLES, Figure, Report, Size, figure_of
from benchmarks.workplace import Workplace

SIZES: Final = (1_000_000, 10_000_000)
IMPORT_LINES: Final = 1_000_000
_FOLDER: Final = Path("build/bench")

Say = Callable[[str], None]


class Disagreement(Exception):
    """The hand-written statement and the run do not give the same statements."""


def measured_size(place: Workplace, repetitions: int, say: Say) -> Size:
    """Measure every act in turn, ``repetitions`` times over. Raises ``Disagreement``."""
    place.folder.mkdir(parents=True, exist_ok=True)
    say(f"{place.lines:,} lines: preparing (kept in {place.folder} for the next time)")
    for name in ("prepare", "prepare_rich_month", "prepare_long_books", "prepare_many_customers"):
        measure(name, place)
    found: dict[str, list[Measurement]] = defaultdict(list)
    for repetition in range(1, repetitions + 1):
        for name in TITLES:
            say(f"{place.lines:,} lines: {name}, {repetition} of {repetitions}")
            found[name].append(measure(name, place))
    compared, with_books = measure("compare", place).answer, measure("rich_compare", place).answer
    if differences := compared["differences"] + with_books["differences"]:
        raise Disagreement("\n".join(differences))
    shutil.rmtree(place.scratch)
    return Size(
        lines=place.lines,
        parquet_megabytes=sum(Path(part).stat().st_size for part in place.parts) // 1_000_000,
        statements=compared["statements"],
        statement_lines=compared["lines"],
        measured=found,
    )


def measured_imports(place: Workplace, repetitions: int, say: Say) -> dict[str, Figure]:
    """Measure the import of one CSV delivery, and a plain copy of it."""
    place.folder.mkdir(parents=True, exist_ok=True)
    say(f"{place.lines:,} lines of CSV: preparing")
    measure("prepare_csv", place)
    found: dict[str, list[Measurement]] = defaultdict(list)
    for repetition in range(1, repetitions + 1):
        for name in ("import", "typed_copy"):
            say(f"{place.lines:,} lines of CSV: {name}, {repetition} of {repetitions}")
            found[name].append(measure(name, place))
    shutil.rmtree(place.scratch)
    return {name: figure_of(measurements, place.lines) for name, measurements in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and exit 0; exit 1 if the run and the hand-written statement disagree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--lines", type=int, action="append", help="a size to measure; may be given several times")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where data is made and kept")
    parser.add_argument("--no-import", action="store_true", help="leave the import out")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    asked = parser.parse_args(arguments)
    folder = asked.folder.absolute()

    def say(text: str) -> None:
        sys.stderr.write(text + "\n")

    try:
        sizes = tuple(
            measured_size(Workplace(folder / str(lines), lines), asked.repetitions, say)
            for lines in sorted(asked.lines or SIZES)
        )
    except Disagreement as difference:
        sys.stderr.write(f"The run and the hand-written statement disagree:\n{difference}\n")
        sys.exit(1)
    imports = {}
    if not asked.no_import:
        imports = measured_imports(Workplace(folder / f"{IMPORT_LINES}", IMPORT_LINES), asked.repetitions, say)
    report = Report(sizes, imports, asked.repetitions)
    sys.stdout.write(json.dumps(report.document(), indent=1) + "\n" if asked.json else report.text())


if __name__ == "__main__":
    main()
