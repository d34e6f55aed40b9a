"""A mutant: one change of one file of ``rating``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
RATING: Final = PROJECT / "src" / "rebill" / "rating"


@dataclass(frozen=True, order=True)
class Mutant:
    """``replacement`` stands instead of the characters from ``start`` up to ``end`` of ``file`` (a name in ``rating``).

    ``family``: who made it, ``python`` or ``sql``. ``kind``: what sort of change it is.
    """

    family: str
    file: str
    start: int
    end: int
    replacement: str
    kind: str

    def source(self, original: str) -> str:
        """The file with the fault in it."""
        return original[: self.start] + self.replacement + original[self.end :]

    def line_number(self, original: str) -> int:
        """The line in which the change begins."""
        return original.count("\n", 0, self.start) + 1

    def lines(self, original: str) -> tuple[str, str]:
        """The changed lines before and after, stripped: they name a mutant wherever they move to in the file."""
        mutated = self.source(original)
        begin = original.rfind("\n", 0, self.start) + 1
        end_after = self.start + len(self.replacement)
        return _to_line_end(original, begin, self.end), _to_line_end(mutated, begin, end_after)


def _to_line_end(text: str, begin: int, end: int) -> str:
    line_end = text.find("\n", end)
    return " ".join(text[begin : len(text) if line_end < 0 else line_end].split())


def original(file: str) -> str:
    """The text of a file of ``rating`` as it is."""
    return (RATING / file).read_text(encoding="utf-8")


def module_name(file: str) -> str:
    """The name under which a file of ``rating`` is imported."""
    return f"rebill.rating.{file.removesuffix('.py')}"
