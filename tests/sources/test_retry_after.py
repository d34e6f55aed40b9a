"""How long a service asks to wait before it is called again."""

import pytest

from rebill.sources.microsoft.retry_after import wait_seconds

NOW = "Mon, 13 Apr 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("57", 57),
        ("0", 0),
        ("999999999999999", 600),
        ("Mon, 13 Apr 2026 12:00:30 GMT", 30),
        ("Monday, 13-Apr-26 12:00:30 GMT", 30),
        ("Mon Apr 13 12:00:30 2026", 30),
        ("Mon, 13 Apr 2026 11:59:00 GMT", 0),
        ("Tue, 13 Apr 2027 12:00:00 GMT", 600),
    ],
)
def test_seconds_and_dates_are_read_and_bounded(text: str, seconds: float) -> None:
    assert wait_seconds({"retry-after": text, "date": NOW}) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "٣", "Mon, 99 Apr 2026 12:00:30 GMT"])
def test_what_is_no_time_says_nothing(text: str) -> None:
    assert wait_seconds({"retry-after": text, "date": NOW}) is None


def test_a_date_without_the_clock_of_the_service_says_nothing() -> None:
    assert wait_seconds({"retry-after": "Mon, 13 Apr 2026 12:00:30 GMT"}) is None
