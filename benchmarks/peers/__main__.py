"""``make bench-peers``: the same month by ``bill run`` and by what partners use instead, alternating.

``python -m benchmarks.peers --lines 1000000``; see ``benchmarks/README.md``.
"""

import argparse
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from benchmarks.measured import Measurement, measure, measure_peer
from benchmarks.report import BILL_RUN, Figure, figure_of, machine
from benchmarks.workplace import Workplace

LINES: Final = 1_000_000
_FOLDER: Final = Path("build/bench")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Peer:
    """A program that can bill the month in part. ``lacks``: what of the month it does not do, or cannot express."""

    name: str
    title: str
    lacks: str


PEERS: Final = (
    Peer(
        "pandas",
        "pandas, one script",
        "amounts are binary floats; price books would be code; keeps no rated line, no statement, no proof",
    ),
    Peer(
        "polars",
        "Polars, one script, streaming",
        "price books would be code; keeps no rated line, no statement, no proof",
    ),
    Peer(
        "cloudkitty",
        "CloudKitty's hashmap, in process",
        "has no owner by day, no base by kind of line, no wildcards, no rounding: a script decides owner and base "
        "before it; no statement; its rates pass through binary floats on SQLite",
    ),
)


@dataclass(frozen=True)
class Compared:
    """A peer's figure and answer. ``greatest_difference``: of its totals by currency, as a share of the total."""

    peer: Peer
    figure: Figure
    rating_seconds: float | None
    greatest_difference: Decimal
    lines: int


def compared(place: Workplace, repetitions: int, say: Say) -> tuple[Figure, list[Compared]]:
    """Measure ``bill run`` and every peer in turn, and hold the peers to what the hand-written statement comes to."""
    place.folder.mkdir(parents=True, exist_ok=True)
    say(f"{place.lines:,} lines: preparing (kept in {place.folder} for the next time)")
    measure("prepare", place)
    found: dict[str, list[Measurement]] = defaultdict(list)
    for repetition in range(1, repetitions + 1):
        say(f"{place.lines:,} lines: bill run, {repetition} of {repetitions}")
        found[BILL_RUN].append(measure(BILL_RUN, place))
        for peer in PEERS:
            say(f"{place.lines:,} lines: {peer.title}, {repetition} of {repetitions}")
            found[peer.name].append(measure_peer(peer.name, place))
    expected = measure("totals", place).answer
    shutil.rmtree(place.scratch)
    peers = [_compared(peer, found[peer.name], expected["totals"], place.lines) for peer in PEERS]
    wrong = [one.peer.title for one in peers if one.lines != expected["lines"]]
    if wrong:
        raise AssertionError(f"not as many statement lines as the hand-written statement has: {', '.join(wrong)}")
    return figure_of(found[BILL_RUN], place.lines), peers


def _compared(peer: Peer, found: list[Measurement], expected: Mapping[str, str], lines: int) -> Compared:
    answer: dict[str, Any] = found[-1].answer
    if answer["totals"].keys() != expected.keys():
        raise AssertionError(f"{peer.title} has statements in other currencies")
    differences = [
        abs((Decimal(answer["totals"][currency]) - Decimal(total)) / Decimal(total))
        for currency, total in expected.items()
    ]
    return Compared(peer, figure_of(found, lines), answer["rating_seconds"], max(differences), answer["lines"])


def _text(place: Workplace, run: Figure, peers: Sequence[Compared]) -> str:
    rows = [
        machine(),
        f"{place.lines:,} lines; statements by bill run, exact, with every rated line kept: {run.seconds:.2f} s, "
        f"{run.peak_megabytes} MB",
        f"{'':34}{'seconds':>9}{'peak MB':>9}{'÷ bill run':>12}   totals differ by",
    ]
    for one in peers:
        differs = f"{one.greatest_difference:.0e}" if one.greatest_difference else "nothing"
        ratio = one.figure.seconds / run.seconds
        rows.append(
            f"{one.peer.title:34}{one.figure.seconds:>9.2f}{one.figure.peak_megabytes:>9,}{ratio:>12.2f}   {differs}"
        )
        if one.rating_seconds is not None:
            rows.append(f"{'  of that its rating alone':34}{one.rating_seconds:>9.2f}")
        rows.append(f"  {one.peer.lacks}")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--lines", type=int, action="append", help="a size to measure; may be given several times")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where data is made and kept")
    asked = parser.parse_args()
    for lines in sorted(asked.lines or [LINES]):
        place = Workplace(asked.folder.absolute() / str(lines), lines)
        run, peers = compared(place, asked.repetitions, lambda text: print(text, file=sys.stderr))
        print(_text(place, run, peers))


if __name__ == "__main__":
    main()
