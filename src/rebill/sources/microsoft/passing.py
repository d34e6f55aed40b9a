"""Faults that pass, and so are worth another try."""

from collections.abc import Mapping
from typing import Final

from rebill.sources.microsoft.retry_after import wait_seconds

_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


class Passing(Exception):
    """A fault that may be gone when the call is made again. ``wait_seconds``: what the service asks for, if it does."""

    def __init__(self, sentence: str, wait_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


def refuse_passing(status: int, headers: Mapping[str, str], who: str = "it") -> None:
    """Raise ``Passing`` where a service answered with a ``status`` that passes. ``headers``: found in lower case."""
    if status in _PASSING:
        raise Passing(f"{who} answered {status}", wait_seconds(headers))
