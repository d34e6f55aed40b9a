"""What is wrong with a specification: collected, every fault with its line and its rule."""

from dataclasses import dataclass, field
from typing import Final

from rebill.model.errors import Invalid

GREATEST_SHOWN: Final = 100
"""Faults that are told; further ones are counted."""


class ReadingEnds(Exception):
    """What follows in the text cannot be understood, or is not worth the time."""


@dataclass(frozen=True)
class Fault:
    """What is wrong on a line (from 1), in which rule (its position in the book, ``None`` = in no rule)."""

    line: int
    position: int | None
    sentence: str


@dataclass
class Faults:
    """The faults found so far. ``rule_names``: position → name, as far as rules were read."""

    found: list[Fault] = field(default_factory=list)
    rule_names: dict[int, str] = field(default_factory=dict)

    def add(self, line: int, position: int | None, sentence: str) -> None:
        """Note a fault; reading goes on."""
        self.found.append(Fault(line, position, sentence))

    def end(self, line: int, position: int | None, sentence: str) -> ReadingEnds:
        """Note a fault after which nothing can be read; raise what this answers."""
        self.add(line, position, sentence)
        return ReadingEnds()

    def refuse_if_any(self) -> None:
        """Raise ``Invalid`` (``invalid_specification``) with one field for each faulty line, if anything was found."""
        if not self.found:
            return
        fields: dict[str, str] = {}
        shown = sorted(self.found, key=lambda fault: fault.line)[:GREATEST_SHOWN]
        for fault in shown:
            line = f"specification[line {fault.line}]"
            fields[line] = f"{fields[line]}; {self._told(fault)}" if line in fields else self._told(fault)
        count = len(self.found)
        told = f"{count} fault{'s' * (count != 1)}" + (f", the first {GREATEST_SHOWN} are" * (count > GREATEST_SHOWN))
        raise Invalid(
            "invalid_specification",
            f"The specification has {told} named here by line; correct it and send it again.",
            fields,
        )

    def _told(self, fault: Fault) -> str:
        if fault.position is None:
            return fault.sentence
        name = self.rule_names.get(fault.position)
        return f"rule {fault.position}{'' if name is None else f' ({name[:60]})'}: {fault.sentence}"
