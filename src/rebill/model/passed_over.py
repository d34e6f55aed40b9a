"""Fixed rates that do not price lines which their rules are for in everything else (``docs/price-books.md``)."""

from dataclasses import dataclass

from rebill.model.counting import counted
from rebill.model.months import BillingMonth


@dataclass(frozen=True, order=True)
class RatePassedOver:
    """``lines`` lines of a month that meet every condition of a rule, but that its fixed rate cannot price.

    ``book``: the price book's name. ``position``, ``rule_name``: the rule's place in it, from 1, and its name.
    ``reason``: what lines are that the rate is not of, as the end of a sentence.
    """

    book: str
    position: int
    rule_name: str
    reason: str
    lines: int

    def sentence(self, month: BillingMonth) -> str:
        """What a reader is told, naming the month whose lines were looked at."""
        return (
            f"Price book {self.book}, rule {self.position} ({self.rule_name}): its fixed rate does not price lines of "
            f"{month} that the rule is for, because {self.reason}: {counted(self.lines, 'line')}."
        )
