"""Regular expressions of line item descriptions: RE2, whose time is linear in the text, on the whole description.

The only place where any is compared: a book means the same whatever engine rates with it.
"""

from collections.abc import Sequence
from typing import Any, Final

import re2

_LOOK_AROUND: Final = ("(?=", "(?!", "(?<=", "(?<!")
_SET_SIZE: Final = 64
"""Expressions compared in one pass over a text."""
_SET_MEMORY: Final = 16 * 1024 * 1024
"""Octets that one pass may take; what needs more is compared one by one."""
_ANYTHING: Final = "(?s).*"


def checked_expression(expression: str) -> str:
    """``expression`` if it is one. Raises ``ValueError`` with a sentence otherwise."""
    try:
        re2.compile(expression, _options())
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        if any(mark in expression for mark in _LOOK_AROUND) and "(?" in reason:
            raise ValueError(
                "uses look-around, which is not offered because its time has no bound; "
                "say what the description holds, and put the exception in a rule before"
            ) from None
        raise ValueError(f"is no regular expression in RE2 syntax: {reason}") from None
    return expression


def matching_numbers(expressions: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    """For each text, the numbers of the ``expressions`` (from 0, ascending) that match it from beginning to end."""
    found: list[list[int]] = [[] for _ in texts]
    for first in range(0, len(expressions), _SET_SIZE):
        together = _ExpressionSet(expressions[first : first + _SET_SIZE])
        for numbers, text in zip(found, texts, strict=True):
            numbers.extend(first + number for number in together.matching(text))
    return found


class _ExpressionSet:
    """Expressions that are compared in one pass over a text, or one by one where that would take too much memory."""

    def __init__(self, expressions: Sequence[str]) -> None:
        self._single = [re2.compile(expression, _options()) for expression in expressions]
        together = re2.Set.FullMatchSet(_options(_SET_MEMORY))
        for expression in (*expressions, _ANYTHING):
            together.Add(expression)
        try:
            together.Compile()
        except re2.error:
            together = None
        self._together = together

    def matching(self, text: str) -> list[int]:
        """The numbers of those that match, ascending."""
        if self._together is not None:
            found = sorted(self._together.Match(text))
            # A pass that ran out of memory says that nothing matches; what matches everything tells that apart.
            if found and found[-1] == len(self._single):
                return found[:-1]
        return [number for number, one in enumerate(self._single) if one.fullmatch(text) is not None]


def _options(memory: int | None = None) -> Any:
    options = re2.Options()
    options.log_errors = False
    if memory is not None:
        options.max_mem = memory
    return options
