"""Mutants that no test can notice, because they change nothing that anybody sees; each with the reason.

They are named by the changed line as it stands and as it would, so that they are known wherever the line moves to.
"""

from typing import Final

from tests.mutation.mutant import Mutant

HARMLESS: Final[dict[tuple[str, str, str], str]] = {}
"""(file, line before, line after) → why it makes no difference."""


def is_harmless(mutant: Mutant, original: str) -> bool:
    """Whether a mutant is known to make no difference."""
    return (mutant.file, *mutant.lines(original)) in HARMLESS
