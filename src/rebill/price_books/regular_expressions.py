"""Regular expressions of line item descriptions: RE2, whose time is linear in the text, on the whole description.

The only place where any is compared: a book means the same whatever engine rates with it.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import re2

_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")


def checked_expression(expression: str) -> str:
    """``expression`` if it is one. Raises ``ValueError`` with a sentence otherwise."""
    try:
        _compiled(expression)
    except re2.error as error:
        reason = str(error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0])
        if any(mark in expression for mark in _LOOK_AROUND) and ("(?" in reason):
            raise ValueError(
                "uses look-around, which is not offered because its time has no bound; "
                "say what the description holds, and order the rules so that exceptions come first"
            ) from None
        raise ValueError(f"is no regular expression in RE2 syntax: {reason}") from None
    return expression


def matching_texts(expression: str, texts: Iterable[str]) -> set[str]:
    """Which of ``texts`` an expression matches from beginning to end."""
    full_match = _compiled(expression).fullmatch
    return {text for text in texts if full_match(text) is not None}


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(expression, options)
