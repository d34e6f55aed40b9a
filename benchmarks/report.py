"""The numbers of a benchmark: medians, ratios, and how they are shown."""

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.measured import Measurement
from benchmarks.rich_month import BOOKS, RULES

BILL_RUN: Final = "bill_run"
RICH_BILL_RUN: Final = "rich_bill_run"
TITLES: Final = {
    BILL_RUN: "bill run, rated lines kept",
    "statement_lines": "(a) one hand-written statement, no rated lines",
    "statement_lines_and_rated_lines": "(a+) the same with rated lines, two statements",
    "scan": "(b) bare scan and sum of the columns needed",
    "copy": "(c) raw Parquet copy of the lines",
}
MEASURED: Final = (*TITLES, RICH_BILL_RUN)
"""What is measured on every size, in turn."""
TARGETS: Final = {"statement_lines": 1.5, "copy": 0.8}
"""The greatest ratio of ``bill run`` to a peer that we want; shown, not enforced: machines differ."""
GREATEST_PEAK_MEGABYTES: Final = 1_000


@dataclass(frozen=True)
class Figure:
    """The median of a measurement's repetitions, and the greatest memory of any."""

    seconds: float
    fastest_seconds: float
    slowest_seconds: float
    lines_a_second: int
    peak_megabytes: int


def figure_of(measurements: list[Measurement], lines: int) -> Figure:
    """Sum up the repetitions of one act on ``lines`` lines."""
    seconds = [measurement.seconds for measurement in measurements]
    middle = median(seconds)
    peak = max(measurement.peak_megabytes for measurement in measurements)
    return Figure(round(middle, 3), round(min(seconds), 3), round(max(seconds), 3), round(lines / middle), peak)


@dataclass(frozen=True)
class Size:
    """What was measured on one number of lines. ``statement_lines``: as many as the run drew up."""

    lines: int
    parquet_megabytes: int
    statements: int
    statement_lines: int
    figures: dict[str, Figure]

    @property
    def ratios(self) -> dict[str, float]:
        """Seconds of ``bill run`` to those of each peer."""
        mine = self.figures[BILL_RUN].seconds
        return {name: round(mine / self.figures[name].seconds, 2) for name in TITLES if name != BILL_RUN}

    @property
    def rich_ratio(self) -> float:
        """Seconds of a run under many price books to those of ``bill run``."""
        return round(self.figures[RICH_BILL_RUN].seconds / self.figures[BILL_RUN].seconds, 2)


@dataclass(frozen=True)
class Report:
    """Everything measured. ``imports``: the import of CSV, and a plain typed copy of the same file."""

    sizes: tuple[Size, ...]
    imports: dict[str, Figure]
    repetitions: int

    def document(self) -> dict[str, Any]:
        """As JSON."""
        sizes = [
            asdict(size) | {"bill_run_to": size.ratios, "rich_to_bill_run": size.rich_ratio} for size in self.sizes
        ]
        imports = {name: asdict(figure) for name, figure in self.imports.items()}
        growth = [growth_between(small, large) for small, large in zip(self.sizes, self.sizes[1:], strict=False)]
        return {
            "machine": machine(),
            "repetitions": self.repetitions,
            "sizes": sizes,
            "growth": growth,
            "imports": imports,
        }

    def text(self) -> str:
        """As a table for people."""
        parts = [f"{machine()}\nMedians of {self.repetitions}, alternating, each in a process of its own.\n"]
        parts += [_size_text(size) for size in self.sizes]
        for small, large in zip(self.sizes, self.sizes[1:], strict=False):
            growth = growth_between(small, large)
            parts.append(
                f"{growth['lines']:g} × the lines: bill run takes {growth['bill_run_seconds']:.1f} × the time\n"
            )
        if self.imports:
            parts.append(_imports_text(self.imports))
        return "\n".join(parts)


def growth_between(small: Size, large: Size) -> dict[str, float]:
    """How lines, time and memory of ``bill run`` grow from one size to the next."""
    before, after = small.figures[BILL_RUN], large.figures[BILL_RUN]
    return {
        "lines": large.lines / small.lines,
        "bill_run_seconds": round(after.seconds / before.seconds, 2),
        "bill_run_peak_megabytes": round(after.peak_megabytes / before.peak_megabytes, 2),
    }


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
        f"{size.statement_lines:,} lines; totals agree with (a) to the last decimal"
    )
    rows = [head, f"{'':52}{'seconds':>9}{'lines/s':>12}{'peak MB':>9}{'bill run ÷':>12}  wanted"]
    for name, title in TITLES.items():
        figure = size.figures[name]
        ratio = f"{size.ratios[name]:.2f}" if name in size.ratios else ""
        wanted = f"≤ {TARGETS[name]}" if name in TARGETS else ""
        if name == BILL_RUN:
            wanted = f"peak ≤ {GREATEST_PEAK_MEGABYTES} MB"
        rows.append(
            f"{title:52}{figure.seconds:>9.2f}{figure.lines_a_second:>12,}{figure.peak_megabytes:>9,}"
            f"{ratio:>12}  {wanted}"
        )
    rich = size.figures[RICH_BILL_RUN]
    rows.append(
        f"bill run under {BOOKS} price books of {RULES} rules with wildcards each: {rich.seconds:.2f} s, "
        f"{size.rich_ratio:.2f} × bill run, {rich.peak_megabytes} MB"
    )
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _imports_text(imports: dict[str, Figure]) -> str:
    taken, copied = imports["import"], imports["typed_copy"]
    return (
        f"costs import of CSV: {taken.seconds:.1f} s, {taken.lines_a_second:,} lines/s, {taken.peak_megabytes} MB; "
        f"{taken.seconds / copied.seconds:.2f} × a plain typed copy to Parquet ({copied.seconds:.1f} s)\n"
    )
