"""What callers are told of the limit of calls: the fields of draft-ietf-httpapi-ratelimit-headers-06."""

from collections.abc import Mapping

from rebill.model.call_limit import SECONDS_TO_FILL, Allowance
from rebill.model.errors import TooMany


def allowance_headers(allowance: Allowance | None) -> Mapping[str, str]:
    """The headers of an answer to a call that was counted; none where calls are not limited."""
    if allowance is None:
        return {}
    return {
        "RateLimit-Limit": str(allowance.calls_per_minute),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(allowance.wait_seconds),
        "RateLimit-Policy": f"{allowance.calls_per_minute};w={SECONDS_TO_FILL}",
    }


def too_many_calls(allowance: Allowance) -> TooMany:
    """What a call over the limit is answered."""
    seconds = allowance.wait_seconds
    sentence = f"This key may make {allowance.calls_per_minute} calls a minute: wait {seconds} s, then go on."
    return TooMany("too_many_calls", sentence, seconds)
