"""How fast calls may be made: at most so many in any minute."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

PARTNER_CENTER_CALLS_PER_MINUTE: Final = 500
"""What Partner Center allows for customers and subscriptions."""
_MINUTE: Final = 60.0


class Pacer:
    """Waits before a call that would be one too many within the last minute."""

    def __init__(
        self,
        calls_per_minute: int = PARTNER_CENTER_CALLS_PER_MINUTE,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._made: deque[float] = deque(maxlen=calls_per_minute)
        self._clock = clock
        self._wait = wait

    def before_call(self) -> None:
        """Return as soon as one more call may be made, and count it."""
        if len(self._made) == self._made.maxlen:
            free_in = self._made[0] + _MINUTE - self._clock()
            if free_in > 0:
                self._wait(free_in)
        self._made.append(self._clock())
