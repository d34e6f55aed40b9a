"""Write a made-up partner to a folder: a Partner Center customers answer, and a month of cost files."""

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from rebill.model.errors import Conflict, Invalid
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.sources.synthetic import CostFileFormat, CostFileLayout, SyntheticPartner, customer_pages

Progress = Callable[[int, int], None]
"""Is told the lines written so far, and the lines there will be."""

CUSTOMERS_FILE: Final = "customers.json"
COSTS_FOLDER: Final = "costs"
LINES_A_FILE: Final = 1_000_000
_SUBSCRIPTIONS_A_CUSTOMER: Final = 10
_WRITERS: Final = 2


@dataclass(frozen=True)
class SampleData:
    """What was written. ``sums``: currency → Σ ``BilledCost``, each line's rounded to the 12 decimals kept.

    ``lines``: how many are in the files; some layouts leave some out.
    """

    folder: Path
    customers_file: Path
    cost_files: tuple[Path, ...]
    lines: int
    sums: dict[str, Decimal]


def write_sample_data(
    folder: Path,
    customers: int,
    lines: int,
    period: BillingMonth,
    seed: int = 0,
    file_format: str = CostFileFormat.CSV,
    subscriptions: int | None = None,
    lines_a_file: int = LINES_A_FILE,
    progress: Progress | None = None,
    layout: str = CostFileLayout.FOCUS,
) -> SampleData:
    """Write ``customers.json`` and ``costs/part_….<ending>``, each of ``lines_a_file`` lines, into ``folder``.

    The cost files have the columns of ``layout``: of Microsoft's FOCUS 1.2 export, of Cost Management's actual or
    amortized cost, or of daily-rated usage; the last two leave lines out. ``file_format`` is ``csv``,
    ``csv.gz`` or ``parquet``. ``subscriptions`` defaults to ten a customer. The same arguments
    always give the same bytes. The folder appears whole or not at all.

    Raises ``Invalid`` for sizes that cannot be, ``Conflict`` if the folder holds something already.
    """
    subscription_count = customers * _SUBSCRIPTIONS_A_CUSTOMER if subscriptions is None else subscriptions
    _check_sizes(customers, lines, subscription_count, lines_a_file, file_format, layout)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("folder_not_empty", f"{folder} holds something already; name a folder that is empty or new.")
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    stretches = [range(start, min(start + lines_a_file, lines)) for start in range(0, lines, lines_a_file)]
    files = {f"part_{number:04d}.{file_format}": stretch for number, stretch in enumerate(stretches)}
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        shown_in = CostFileLayout(layout)
        with SyntheticPartner(
            customers, subscription_count, lines, period, seed, staging / "scratch", shown_in
        ) as partner:
            pages = customer_pages(partner.customers())
            (staging / CUSTOMERS_FILE).write_text(json.dumps(pages, indent=1) + "\n", encoding="utf-8")
            writing = _Writing(partner, staging / COSTS_FOLDER, CostFileFormat(file_format), progress or _say_nothing)
            written, sums = writing.write(files)
        shutil.rmtree(staging / "scratch", ignore_errors=True)
        staging.chmod(0o755)
        staging.replace(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    cost_files = tuple(folder / COSTS_FOLDER / name for name in files)
    return SampleData(folder, folder / CUSTOMERS_FILE, cost_files, written, sums)


def _check_sizes(
    customers: int, lines: int, subscriptions: int, lines_a_file: int, file_format: str, layout: str
) -> None:
    fields = {}
    if customers < 1:
        fields["customers"] = "give at least one customer"
    if lines < 1:
        fields["lines"] = "give at least one line"
    if subscriptions < customers:
        fields["subscriptions"] = "every customer has at least one subscription"
    if lines_a_file < 1:
        fields["lines_a_file"] = "a file holds at least one line"
    if file_format not in list(CostFileFormat):
        fields["format"] = f"write one of {', '.join(CostFileFormat)}"
    if layout not in list(CostFileLayout):
        fields["layout"] = f"write one of {', '.join(CostFileLayout)}"
    if fields:
        raise Invalid("invalid_sample", "Sample data cannot be made so: " + "; ".join(fields.values()) + ".", fields)


@dataclass(frozen=True)
class _Writing:
    partner: SyntheticPartner
    folder: Path
    file_format: CostFileFormat
    progress: Progress

    def write(self, files: dict[str, range]) -> tuple[int, dict[str, Decimal]]:
        """Write every file (name → its lines), two at a time; returns how many lines are in them, and their sums."""
        self.folder.mkdir()
        line_count = sum(map(len, files.values()))
        self.progress(0, line_count)
        drawn, written, sums = 0, 0, defaultdict[str, Decimal](lambda: ZERO)
        with ThreadPoolExecutor(max_workers=_WRITERS) as writers:
            running = {writers.submit(self._write_file, name, lines): len(lines) for name, lines in files.items()}
            try:
                for file in as_completed(running):
                    lines, costs = file.result()
                    for currency, cost in costs.items():
                        sums[currency] += cost
                    drawn += running[file]
                    written += lines
                    self.progress(drawn, line_count)
            except BaseException:
                writers.shutdown(cancel_futures=True)
                raise
        return written, dict(sorted(sums.items()))

    def _write_file(self, name: str, lines: range) -> tuple[int, dict[str, Decimal]]:
        written = self.partner.write_lines(self.folder / name, lines, self.file_format)
        return written, self.partner.sums(lines)


def _say_nothing(written: int, lines: int) -> None:
    """The progress of callers that do not ask."""
