"""How many calls a key may make: a bucket of one minute's calls that fills up evenly.

All that has to be remembered of a bucket is when it will be full again. A call puts that off by its share of a minute,
and is refused where it would lie more than a minute ahead. Times are whole microseconds since 1970.
"""

from dataclasses import dataclass

GREATEST_CALLS_PER_MINUTE = 1_000_000
SECONDS_TO_FILL = 60
_SECOND = 1_000_000


@dataclass(frozen=True)
class Allowance:
    """What a key may still do after a call.

    ``remaining`` calls can be made at once. ``wait``, in microseconds: until the bucket is full again, or, where the
    call was refused, until the next one can succeed.
    """

    calls_per_minute: int
    remaining: int
    wait: int
    is_refused: bool = False

    @property
    def wait_seconds(self) -> int:
        """``wait`` in whole seconds, never less than it is."""
        return -(-self.wait // _SECOND)


def after_a_call(calls_per_minute: int, full_at: int, now: int) -> tuple[int, Allowance]:
    """When the bucket is full again after a call at ``now``, and what the caller may still do.

    A refused call takes nothing. Where the clock was set back the bucket is empty, and fills from now on.
    """
    # Rounded up: never more calls than allowed.
    share = -(-SECONDS_TO_FILL * _SECOND // calls_per_minute)
    latest = now + share * calls_per_minute
    standing = min(max(full_at, now), latest)
    if standing + share > latest:
        return standing, Allowance(calls_per_minute, 0, standing + share - latest, is_refused=True)
    full_at = standing + share
    return full_at, Allowance(calls_per_minute, (latest - full_at) // share, full_at - now)
