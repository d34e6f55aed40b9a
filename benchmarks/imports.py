"""``make bench-import``: cost files into the lake, as ratios to DuckDB's plain copies of the same files."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measured import Measurement, measure
from benchmarks.workplace import Workplace

_GREATEST_MEGABYTES: Final = 1000


@dataclass(frozen=True)
class Wanted:
    """An act of rebill's, the plain copy it is held to, and at most how many times as long it may take."""

    form: str
    act: str
    copy: str
    greatest_ratio: float


WANTED: Final = (
    Wanted("CSV", "import", "typed_copy", 1.4),
    Wanted("Parquet", "import_parquet", "parquet_copy", 1.5),
)


@dataclass(frozen=True)
class Compared:
    """The measurements of an import and of its plain copy, repetition by repetition."""

    wanted: Wanted
    taken: list[Measurement]
    copied: list[Measurement]

    @property
    def ratio(self) -> float:
        """The median of the repetitions' own ratios, in processor time."""
        pairs = zip(self.taken, self.copied, strict=True)
        return median(taken.processor_seconds / copied.processor_seconds for taken, copied in pairs)

    @property
    def peak_megabytes(self) -> int:
        return max(one.peak_megabytes for one in self.taken)

    def row(self, lines: int) -> str:
        """A row of the report."""
        taken, copied = (median(one.processor_seconds for one in measured) for measured in (self.taken, self.copied))
        is_held = self.ratio <= self.wanted.greatest_ratio and self.peak_megabytes < _GREATEST_MEGABYTES
        figures = (
            f"{taken:.1f} | {copied:.1f} | {self.ratio:.2f} | {self.wanted.greatest_ratio} | {self.peak_megabytes}"
        )
        return f"| {self.wanted.form} | {lines:,} | {figures} | {'held' if is_held else 'missed'} |"


def compared(place: Workplace, wanted: Wanted, repetitions: int) -> Compared:
    """Measure both, one after the other. Raises ``RuntimeError`` when one of them loses a line."""
    taken, copied = [], []
    for _ in range(repetitions):
        taken.append(measure(wanted.act, place))
        copied.append(measure(wanted.copy, place))
        if taken[-1].answer["rows"] != place.lines:
            raise RuntimeError(f"{wanted.act} took {taken[-1].answer['rows']} of {place.lines} lines")
    return Compared(wanted, taken, copied)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--lines", type=int, action="append", help="a size; may be given several times")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    asked = parser.parse_args()
    print("| file | lines | import: processor s | plain copy | ratio | wanted | peak MB | |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for lines in asked.lines or [1_000_000]:
        place = Workplace(asked.folder.absolute() / str(lines), lines)
        measure("prepare_csv", place)
        measure("prepare_parquet", place)
        for wanted in WANTED:
            print(compared(place, wanted, asked.repetitions).row(lines))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
