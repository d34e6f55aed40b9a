"""Ratios of what was measured to each other, held to the greatest that is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.measured import Measurement

GREATEST_PEAK_MEGABYTES: Final = 1_000


@dataclass(frozen=True)
class Ratio:
    """One act's time to another's, each repetition with its own peer: the median, in processor and in wall time.

    ``greatest``: what is wanted at most; shown, not enforced, since machines differ.
    """

    title: str
    processor: float
    wall: float
    greatest: float

    @property
    def verdict(self) -> str:
        """Whether it is held. A busy machine sways wall time, so both are told."""
        held = [self.processor <= self.greatest, self.wall <= self.greatest]
        if all(held):
            return "held"
        return "missed" if not any(held) else f"missed in {'wall' if held[0] else 'processor'} time"

    def row(self, size: str) -> str:
        """A row of a table."""
        return (
            f"| {self.title} | {size} | {self.processor:.2f} | {self.wall:.2f} | {self.greatest:g} | {self.verdict} |"
        )


TABLE_HEAD: Final = "| ratio | lines | processor time | wall time | wanted ≤ | |\n|---|---:|---:|---:|---:|---|"


def ratio_of(title: str, mine: Sequence[Measurement], others: Sequence[Measurement], greatest: float) -> Ratio:
    """The ratio of two acts that were measured in turn."""
    pairs = list(zip(mine, others, strict=True))
    return Ratio(
        title,
        round(median(one.processor_seconds / other.processor_seconds for one, other in pairs), 2),
        round(median(one.seconds / other.seconds for one, other in pairs), 2),
        greatest,
    )
