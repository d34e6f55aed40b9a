"""Commands that sentences name, found for those who have a page or a call in their place.

Services tell what to do next in the words of the command line. Pages say it with a link, the API with the call that
does the same.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

_ARGUMENT: Final = r"(?:--[a-z-]+|[A-Z][A-Z_]*…?(?![a-z])|[0-9]{4}-[0-9]{2}\b|[0-9]+\b)"
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
_NUMBER: Final = re.compile(r" ([0-9]+)$")


@dataclass(frozen=True)
class NamedCommand:
    """``name``: as in ``bill run``. ``arguments``: what is said of its options and values."""

    name: str
    arguments: str = ""

    @property
    def month(self) -> str | None:
        """The month that its arguments name, if any."""
        found = _MONTH.search(self.arguments)
        return found and found[0]

    @property
    def number(self) -> str | None:
        """The number that its arguments end with, if any."""
        found = _NUMBER.search(self.arguments)
        return found and found[1]


def parts_of(sentence: str, names: Collection[str]) -> Iterator[str | NamedCommand]:
    """``sentence`` in its order: commands of ``names`` that it names, their arguments included, and what is between."""
    done = 0
    for found in _pattern(frozenset(names)).finditer(sentence):
        yield sentence[done : found.start()]
        yield NamedCommand(found[1], found[2])
        done = found.end()
    yield sentence[done:]


@cache
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.compile(rf"`?\brebill ({longest_first})\b((?: {_ARGUMENT})*)`?")
