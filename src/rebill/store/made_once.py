"""What is made of thousands of values that seldom change is kept for as long as they are the same."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

Source = TypeVar("Source")
Made = TypeVar("Made")

_KEPT: Final = 4
"""Of each maker: a server serves few partners at a time, and the months of one partner mostly have one source."""


class MadeOnce(Generic[Source, Made]):
    """``make`` is pure, and gives equal values for equal sources: it is asked only for one unlike those before it.

    To compare thousands of values is far quicker than to make something of them. Nothing that is made may be changed.
    """

    def __init__(self, make: Callable[[Source], Made]) -> None:
        self._make = make
        self._kept: tuple[tuple[Source, Made], ...] = ()

    def of(self, source: Source) -> Made:
        """What is made of ``source``."""
        # Read once: another thread may put another tuple in its place.
        kept = self._kept
        for before, made in kept:
            if before == source:
                return made
        made = self._make(source)
        self._kept = ((source, made), *kept[: _KEPT - 1])
        return made
