"""What clients that exist do, and others do not: each test of such a habit says which it is.

The page about the API has the same list (docs/api.md, "Habits of clients"); ``test_habits.py`` holds them together.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])

HABITS: dict[str, str] = {}
"""The name of the test by the words of the habit."""


def habit(words: str) -> Callable[[Test], Test]:
    """Marks the test of the habit that the page about the API calls ``words``."""

    def mark(test: Test) -> Test:
        assert words not in HABITS, f"{HABITS[words]} tests it already"
        HABITS[words] = test.__name__
        return test

    return mark
