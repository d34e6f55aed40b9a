"""Letters that are compared without regard to case, as SQL: those of ASCII, alike on every engine."""

from typing import Final

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def lower_of(text: str) -> str:
    """``text`` with its letters A to Z made small; what an engine's own ``lower`` does to others, engines differ in."""
    return f"translate({text}, '{_UPPER}', '{_UPPER.lower()}')"
