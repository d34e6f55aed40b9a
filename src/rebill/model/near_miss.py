"""Names that a price book asks for and no line of a month has, though a line has them in other letter case."""

from dataclasses import dataclass

from rebill.model.months import BillingMonth
from rebill.model.passed_over import RatePassedOver


@dataclass(frozen=True)
class NearMiss:
    """A condition that matches nothing. ``word``: the element of the price book language that holds it.

    ``position``, ``rule_name``: the rule's place in the book, from 1, and its name. ``asked``: as the book writes it.
    ``meant``: what a line has, the same but for the case of its letters.
    """

    position: int
    rule_name: str
    word: str
    asked: str
    meant: str

    def sentence(self, month: BillingMonth) -> str:
        """What a reader is told, naming the month whose lines were looked at."""
        return (
            f'Rule {self.position} ({self.rule_name}): no line of {month} has the {self.word} "{self.asked}"; '
            f'did you mean "{self.meant}"?'
        )


@dataclass(frozen=True)
class NearMisses:
    """What comparing a book with the last imported month found, in the order of the book.

    ``month``: ``None`` while no cost is imported. ``fault``: why the lines could not be read; nothing is found then.
    ``passed_over``: the fixed rates that would not price lines which their rules are for.
    """

    month: BillingMonth | None
    found: tuple[NearMiss, ...] = ()
    fault: str | None = None
    passed_over: tuple[RatePassedOver, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything a reader is told."""
        if self.month is None:
            return ()
        near = tuple(one.sentence(self.month) for one in self.found)
        told = (*near, *(one.sentence(self.month) for one in self.passed_over))
        if self.fault is None:
            return told
        return (*told, f"The names in the book were not compared with the lines of {self.month}: {self.fault}")
