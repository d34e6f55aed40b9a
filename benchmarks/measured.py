"""One measurement in a process of its own, so that its peak memory is nobody else's.

``python -m benchmarks.measured NAME FOLDER LINES`` prints one JSON object as its last line:
``seconds``, ``peak_megabytes``, and what the act itself answers under ``answer``.
"""

import json
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks import hand_written
from benchmarks.checked import compare
from benchmarks.memory import peak_megabytes
from benchmarks.prepared import cost_order, opened, prepare, prepare_sample
from benchmarks.rich_month import prepare_long_books, prepare_many_customers, prepare_rich_month
from benchmarks.unkept import run_unkept
from benchmarks.workplace import MONTH, Workplace
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import BillRun, run_bill
from rebill.services.costs.import_costs import import_costs
from rebill.services.costs.sample_data import COSTS_FOLDER

_ENVIRONMENTS: Final = Path(__file__).parent.parent / ".venv"

Act = Callable[[], Any]


@dataclass(frozen=True)
class Measurement:
    """Wall seconds of the act alone (imports are done before), and the process's greatest memory.

    ``processor_seconds``: of all its threads, which a busy machine changes little.
    """

    seconds: float
    peak_megabytes: int
    answer: Any
    processor_seconds: float = 0.0


def measure(name: str, place: Workplace) -> Measurement:
    """Run the act ``name`` in a new process and wait for it. Raises ``RuntimeError`` with its words if it fails."""
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.measured", name, place.folder, str(place.lines)]
    return _measurement(f"{name} on {place.lines} lines", command)


def measure_peer(name: str, place: Workplace) -> Measurement:
    """Measure ``benchmarks.peers.<name>_month`` in that peer's own environment. Raises ``RuntimeError`` if it fails."""
    python = _ENVIRONMENTS / f"{name}-peer" / "bin" / "python"
    return _measurement(
        f"{name} on {place.lines} lines", [python, "-m", f"benchmarks.peers.{name}_month", place.folder]
    )


def _measurement(what: str, command: list[str | Path]) -> Measurement:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"{what} failed:\n{ended.stderr}")
    return Measurement(**json.loads(ended.stdout.splitlines()[-1]))


def _bill_run(home: Path, run: Callable[[Installation, Caller, BillingMonth], BillRun] = run_bill) -> Act:
    def act() -> dict[str, int]:
        installation, caller = opened(home)
        statements = len(run(installation, caller, MONTH).statements)
        installation.database.close()
        return {"statements": statements}

    return act


def _prepare(place: Workplace) -> Act:
    return lambda: prepare(place)


def _prepare_csv(place: Workplace) -> Act:
    return lambda: prepare_sample(place.csv_sample, place.lines, "csv")


def _import_of(sample: Callable[[Workplace], Path]) -> Callable[[Workplace], Act]:
    """The import of a sample's cost into a new installation."""

    def made(place: Workplace) -> Act:
        home = place.scratch / "import-home"
        shutil.rmtree(home, ignore_errors=True)
        installation, caller = opened(home)

        def act() -> dict[str, int]:
            taken = import_costs(installation, caller, cost_order([sample(place) / COSTS_FOLDER]))
            return {"rows": sum(data_set.rows for data_set in taken.data_sets)}

        return act

    return made


def _totals(place: Workplace) -> Act:
    """What the hand-written statement comes to, for peers to be held to."""

    def act() -> dict[str, Any]:
        found = hand_written.statement_lines(place)()
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for _, _, _, _, _, currency, _, price, _ in found:
            totals[currency] += price
        return {"lines": len(found), "totals": {currency: str(total) for currency, total in totals.items()}}

    return act


def _counted(make: Callable[[Workplace], Callable[[], list[Any]]]) -> Callable[[Workplace], Act]:
    """The same act, answering how many rows it gave."""

    def made(place: Workplace) -> Act:
        act = make(place)
        return lambda: {"rows": len(act())}

    return made


ACTS: Final[dict[str, Callable[[Workplace], Act]]] = {
    "prepare": _prepare,
    "prepare_csv": _prepare_csv,
    "compare": lambda place: lambda: compare(place),
    "rich_compare": lambda place: lambda: compare(place, with_books=True),
    "prepare_rich_month": lambda place: lambda: prepare_rich_month(place),
    "prepare_long_books": lambda place: lambda: prepare_long_books(place),
    "prepare_many_customers": lambda place: lambda: prepare_many_customers(place),
    "totals": _totals,
    "bill_run": lambda place: _bill_run(place.home),
    "rich_bill_run": lambda place: _bill_run(place.rich_home),
    "rich_bill_run_unkept": lambda place: _bill_run(place.rich_home, run_unkept),
    "long_books_bill_run": lambda place: _bill_run(place.long_books_home),
    "many_customers_bill_run": lambda place: _bill_run(place.many_customers_home),
    "rich_statement_lines": _counted(partial(hand_written.statement_lines, with_books=True)),
    "rich_statement_lines_and_rated_lines": _counted(
        partial(hand_written.statement_lines_and_rated_lines, with_books=True)
    ),
    "rich_scan": _counted(partial(hand_written.scan, with_books=True)),
    "statement_lines": _counted(hand_written.statement_lines),
    "statement_lines_and_rated_lines": _counted(hand_written.statement_lines_and_rated_lines),
    "scan": _counted(hand_written.scan),
    "copy": _counted(hand_written.copy),
    "prepare_parquet": lambda place: lambda: prepare_sample(place.sample, place.lines, "parquet"),
    "import": _import_of(lambda place: place.csv_sample),
    "typed_copy": _counted(hand_written.typed_copy),
    "import_parquet": _import_of(lambda place: place.sample),
    "parquet_copy": _counted(hand_written.parquet_copy),
}


def _main(name: str, folder: str, lines: str) -> None:
    act = ACTS[name](Workplace(Path(folder), int(lines)))
    started, worked = time.perf_counter(), time.process_time()
    answer = act()
    answered = {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - worked,
        "peak_megabytes": peak_megabytes(),
        "answer": answer,
    }
    sys.stdout.write(json.dumps(answered) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
