"""How far a run is that works: which of its steps it is at, and how much of that is done."""

from dataclasses import dataclass
from enum import StrEnum


class RunStep(StrEnum):
    """The steps of a run, in the order in which they are taken; stable."""

    READ = "read"
    """What the month is computed from."""
    PRICE = "price"
    """Every charge gets its owner and its price."""
    DRAW_UP = "draw_up"
    """Charges become the lines of statements."""
    STORE = "store"


@dataclass(frozen=True)
class RunProgress:
    """``done`` of ``total`` parts of ``step``: tables while charges are priced, else customers or statements.

    ``total`` 0: the step cannot be counted, or nothing is known of it yet.
    """

    step: RunStep
    done: int = 0
    total: int = 0

    @property
    def number(self) -> int:
        """Which of the steps it is, from 1 on."""
        return list(RunStep).index(self.step) + 1

    @property
    def percent(self) -> int:
        """How much of the whole run is done, from 0 to 99: each step counts alike, since none knows its time."""
        share = self.done / self.total if self.total else 0.0
        return min(int((self.number - 1 + share) / len(RunStep) * 100), 99)
