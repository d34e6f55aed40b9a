"""How long a service asks to wait: ``Retry-After``, in seconds or as a date (RFC 9110, section 10.2.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

GREATEST_SECONDS: Final = 600.0
"""No service is waited for longer than this before it is asked again."""


def wait_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds from 0 to ``GREATEST_SECONDS``; ``None`` where ``headers`` (lower case) do not say, or what is no time.

    A date counts from the answer's own ``Date``, which servers with a clock send: theirs and ours need not agree.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), GREATEST_SECONDS)
    until, since = _moment(text), _moment(headers.get("date", ""))
    if until is None or since is None:
        return None
    return min(max((until - since).total_seconds(), 0.0), GREATEST_SECONDS)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
