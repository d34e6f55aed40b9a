"""Mutants that no test can notice, because they change nothing that anybody sees: ``harmless.txt`` has the reasons.

They are named by the changed line as it stands and as it would, so that they are known wherever the line moves to.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.mutation.mutant import Mutant


def _read(text: str) -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    reason = file = before = ""
    for line in text.partition("\n\n")[2].splitlines():
        mark, _, told = line.partition(" ")
        if mark == "#":
            reason = told
        elif mark == "-":
            before = told
        elif mark == "+":
            found[file, before, told] = reason
        elif line:
            file = line
    return found


HARMLESS: Final[Mapping[tuple[str, str, str], str]] = _read(
    Path(__file__).with_name("harmless.txt").read_text(encoding="utf-8")
)
"""(file, line before, line after) → why it makes no difference."""


def is_harmless(mutant: Mutant, original: str) -> bool:
    """Whether a mutant is known to make no difference."""
    return (mutant.file, *mutant.lines(original)) in HARMLESS
