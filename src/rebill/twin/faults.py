"""The faults that Microsoft's services are known for: which request suffers which, drawn by a seed."""

import random
import threading
from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What can go wrong with a request."""

    THROTTLED = "throttled"
    """429, with ``Retry-After``."""
    SERVER_ERROR = "server_error"
    """500 or 503."""
    TOKEN_REFUSED = "token_refused"
    """401 in the middle of things: the token is no good any more."""
    CUT = "cut"
    """The connection ends in the middle of the answer."""
    DUPLICATED_PAGE = "duplicated_page"
    """A page has the customers of the page before once more."""
    REORDERED_PAGE = "reordered_page"
    """A page has its customers in another order."""
    EXPIRED_LINK = "expired_link"
    """403: the signed link has expired."""
    TRUNCATED_BLOB = "truncated_blob"
    """A file ends too early, and nothing says so."""
    NEW_VERSION = "new_version"
    """While a version of the data is being fetched, another takes its place."""
    ENDLESS_BLOB = "endless_blob"
    """A file does not end. It is none of those that Microsoft's services are known for, and does not pass."""


EVERYWHERE: Final = (Fault.THROTTLED, Fault.SERVER_ERROR, Fault.CUT)
_SUFFERED_AT_MOST: Final = 3
_SHARE: Final = 0.6
"""Of the requests, that which suffers at all when faults are on."""


class Faults:
    """Which faults a request suffers, before it is answered as it should be.

    ``kinds``: those that are switched on. ``wait_seconds``: what who is throttled is told to wait. Each request, known
    by its ``key``, suffers the same ones in the same order whenever the seed is the same. ``suffered`` counts them by
    kind.
    """

    def __init__(self, kinds: Sequence[Fault] = (), seed: int = 0, wait_seconds: int = 0) -> None:
        self._kinds = tuple(kinds)
        self.wait_seconds = wait_seconds
        self._seed = seed
        self._visits: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self.suffered: dict[Fault, int] = defaultdict(int)

    @classmethod
    def all(cls, seed: int = 0, wait_seconds: int = 0) -> "Faults":
        """Every fault that Microsoft's services are known for."""
        return cls(tuple(kind for kind in Fault if kind is not Fault.ENDLESS_BLOB), seed, wait_seconds)

    def next(self, key: str, possible: Sequence[Fault]) -> Fault | None:
        """The fault that this visit of the request ``key`` suffers, one of ``possible``, if any."""
        wanted = [kind for kind in possible if kind in self._kinds]
        if not wanted:
            return None
        drawn = random.Random(f"{self._seed} {key}")
        planned = drawn.choices(wanted, k=drawn.randint(1, _SUFFERED_AT_MOST)) if drawn.random() < _SHARE else []
        with self._lock:
            visit = self._visits[key]
            self._visits[key] += 1
            if visit >= len(planned):
                return None
            self.suffered[planned[visit]] += 1
        return planned[visit]
