"""How long a service asks to wait: ``Retry-After``, in seconds or as a date (RFC 9110, section 10.2.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

GREATEST_SECONDS: Final = 600.0
"""No service is waited for longer than this before it is asked again."""


def wait_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from 0 to ``GREATEST_SECONDS``; ``None`` where ``headers`` (lower case) do not say, or what is no time.

    A date counts from the answer's own ``Date``, else from ``now``: the two clocks need not agree.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), GREATEST_SECONDS)
    until = _moment(text)
    if until is None:
        return None
    since = _moment(headers.get("date", "")) or now
    return min(max((until - since).total_seconds(), 0.0), GREATEST_SECONDS)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
