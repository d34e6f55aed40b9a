"""The numbers of a benchmark: medians, ratios, and how they are shown."""

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.measured import Measurement
from benchmarks.ratios import GREATEST_PEAK_MEGABYTES, TABLE_HEAD, Ratio, ratio_of
from benchmarks.rich_month import BOOKS, LONG_RULES, RULES

BILL_RUN: Final = "bill_run"
RICH_BILL_RUN: Final = "rich_bill_run"
UNKEPT: Final = "rich_bill_run_unkept"
HAND_WRITTEN: Final = "rich_statement_lines"
SCAN: Final = "rich_scan"
COPY: Final = "copy"
LONG_BOOKS: Final = "long_books_bill_run"
MANY_CUSTOMERS: Final = "many_customers_bill_run"
TITLES: Final = {
    BILL_RUN: "bill run under markups only, rated lines kept",
    "statement_lines": "(a) one hand-written statement, markups only, nothing kept",
    RICH_BILL_RUN: f"bill run under {BOOKS} books of {RULES} wildcard rules",
    HAND_WRITTEN: "(a) hand-written, same books, nothing kept",
    "rich_statement_lines_and_rated_lines": "(a+) the same with rated lines, two statements",
    UNKEPT: "bill run without rated lines",
    SCAN: "(b) bare scan and sum of the columns needed",
    COPY: "(c) raw Parquet copy of the lines",
    LONG_BOOKS: f"bill run under {BOOKS} books of {LONG_RULES} rules",
    MANY_CUSTOMERS: "bill run of ten times as many customers",
}
"""What is measured on every size, in turn."""


@dataclass(frozen=True)
class Figure:
    """The median of a measurement's repetitions, and the greatest memory of any."""

    seconds: float
    fastest_seconds: float
    slowest_seconds: float
    processor_seconds: float
    lines_a_second: int
    peak_megabytes: int


def figure_of(measurements: list[Measurement], lines: int) -> Figure:
    """Sum up the repetitions of one act on ``lines`` lines."""
    seconds = [measurement.seconds for measurement in measurements]
    middle = median(seconds)
    worked = median(measurement.processor_seconds for measurement in measurements)
    peak = max(measurement.peak_megabytes for measurement in measurements)
    return Figure(
        round(middle, 3), round(min(seconds), 3), round(max(seconds), 3), round(worked, 3), round(lines / middle), peak
    )


@dataclass(frozen=True)
class Size:
    """What was measured on one number of lines. ``statement_lines``: as many as the run drew up."""

    lines: int
    parquet_megabytes: int
    statements: int
    statement_lines: int
    measured: Mapping[str, list[Measurement]]

    @property
    def figures(self) -> dict[str, Figure]:
        """What each act took."""
        return {name: figure_of(measurements, self.lines) for name, measurements in self.measured.items()}

    @property
    def ratios(self) -> tuple[Ratio, ...]:
        """The ratios that are held to something."""
        run = "bill run under books"
        held = (
            (f"{run} ÷ (a)", RICH_BILL_RUN, HAND_WRITTEN, 1.25),
            ("rated lines kept ÷ (c)", RICH_BILL_RUN, COPY, 0.65),
            ("rated lines kept ÷ not kept", RICH_BILL_RUN, UNKEPT, 1.8),
            (f"{run} ÷ (b)", RICH_BILL_RUN, SCAN, 6.0),
            (f"{run} ÷ (b), the goal", RICH_BILL_RUN, SCAN, 4.5),
            ("10 × the rules", LONG_BOOKS, RICH_BILL_RUN, 1.2),
            ("10 × the customers", MANY_CUSTOMERS, RICH_BILL_RUN, 1.2),
            ("bill run under markups ÷ its (a)", BILL_RUN, "statement_lines", 1.25),
        )
        found = (
            ratio_of(title, self.measured[mine], self.measured[other], greatest)
            for title, mine, other, greatest in held
        )
        return tuple(found)

    @property
    def peak_megabytes(self) -> int:
        """The greatest memory of any run."""
        return max(
            one.peak_megabytes for name, found in self.measured.items() if name.endswith(BILL_RUN) for one in found
        )


@dataclass(frozen=True)
class Report:
    """Everything measured. ``imports``: the import of CSV, and a plain typed copy of the same file."""

    sizes: tuple[Size, ...]
    imports: dict[str, Figure]
    repetitions: int

    @property
    def growths(self) -> tuple[Ratio, ...]:
        """How the time of ``bill run`` grows from each size to the next: at most 5.5 times for 5 times the lines."""
        found = zip(self.sizes, self.sizes[1:], strict=False)
        return tuple(growth_between(small, large) for small, large in found)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        sizes = [
            {
                "lines": size.lines,
                "parquet_megabytes": size.parquet_megabytes,
                "statements": size.statements,
                "statement_lines": size.statement_lines,
                "figures": {name: asdict(figure) for name, figure in size.figures.items()},
                "ratios": [asdict(ratio) | {"verdict": ratio.verdict} for ratio in size.ratios],
            }
            for size in self.sizes
        ]
        return {
            "machine": machine(),
            "repetitions": self.repetitions,
            "sizes": sizes,
            "growth": [asdict(ratio) | {"verdict": ratio.verdict} for ratio in self.growths],
            "imports": {name: asdict(figure) for name, figure in self.imports.items()},
        }

    def text(self) -> str:
        """As tables for people."""
        parts = [f"{machine()}\nMedians of {self.repetitions}, alternating, each in a process of its own.\n"]
        parts += [_size_text(size) for size in self.sizes]
        parts.append("\n".join((TABLE_HEAD, *self._rows())) + "\n")
        if self.imports:
            parts.append(_imports_text(self.imports))
        return "\n".join(parts)

    def _rows(self) -> Iterator[str]:
        for size in self.sizes:
            yield from (ratio.row(f"{size.lines:,}") for ratio in size.ratios)
            verdict = "held" if size.peak_megabytes < GREATEST_PEAK_MEGABYTES else "missed"
            yield (
                f"| greatest memory of a run: {size.peak_megabytes:,} MB | {size.lines:,} | | | "
                f"{GREATEST_PEAK_MEGABYTES:,} MB | {verdict} |"
            )
        for growth, (small, large) in zip(self.growths, zip(self.sizes, self.sizes[1:], strict=False), strict=True):
            yield growth.row(f"{small.lines:,} → {large.lines:,}")


def growth_between(small: Size, large: Size) -> Ratio:
    """How the time of ``bill run`` under books grows from one size to the next."""
    times = large.lines / small.lines
    title = f"bill run under books, {times:g} × the lines"
    return ratio_of(title, large.measured[RICH_BILL_RUN], small.measured[RICH_BILL_RUN], round(1.1 * times, 2))


def machine() -> str:
    """What the numbers were measured on."""
    cpu_info = Path("/proc/cpuinfo")
    named = [line.split(":", 1)[1].strip() for line in _lines(cpu_info) if line.startswith("model name")]
    memory = [int(line.split()[1]) for line in _lines(Path("/proc/meminfo")) if line.startswith("MemTotal")]
    return (
        f"{os.cpu_count()} × {named[0] if named else platform.processor() or platform.machine()}, "
        f"{memory[0] / 2**20 if memory else 0:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, DuckDB {version('duckdb')}"
    )


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _size_text(size: Size) -> str:
    head = (
        f"{size.lines:,} lines ({size.parquet_megabytes:,} MB Parquet) → {size.statements:,} statements of "
        f"{size.statement_lines:,} lines; totals agree with (a) to the last decimal, with books and without"
    )
    rows = [head, f"{'':62}{'seconds':>9}{'processor s':>13}{'lines/s':>12}{'peak MB':>9}"]
    for name, title in TITLES.items():
        figure = size.figures[name]
        rows.append(
            f"{title:62}{figure.seconds:>9.2f}{figure.processor_seconds:>13.2f}{figure.lines_a_second:>12,}"
            f"{figure.peak_megabytes:>9,}"
        )
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _imports_text(imports: dict[str, Figure]) -> str:
    taken, copied = imports["import"], imports["typed_copy"]
    return (
        f"costs import of CSV: {taken.seconds:.1f} s, {taken.lines_a_second:,} lines/s, {taken.peak_megabytes} MB; "
        f"{taken.seconds / copied.seconds:.2f} × a plain typed copy to Parquet ({copied.seconds:.1f} s)\n"
    )
