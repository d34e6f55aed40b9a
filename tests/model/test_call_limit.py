"""The bucket of calls: what it lets through, what it refuses, and when the next call can succeed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebill.model.call_limit import GREATEST_CALLS_PER_MINUTE, after_a_call

SECOND = 1_000_000
NOON = 1_728_993_600 * SECOND


def let_through(calls_per_minute: int, moments: list[int], full_at: int = 0) -> list[int]:
    """Those of the moments at which a call is not refused."""
    passed = []
    for now in moments:
        full_at, allowance = after_a_call(calls_per_minute, full_at, now)
        if not allowance.is_refused:
            passed.append(now)
    return passed


def test_a_minutes_calls_can_be_made_at_once_and_come_back_one_by_one() -> None:
    full_at = 0
    for remaining in (3, 2, 1, 0):
        full_at, allowance = after_a_call(4, full_at, NOON)
        assert (allowance.is_refused, allowance.remaining) == (False, remaining)
        assert allowance.wait_seconds == 15 * (4 - remaining)
    _, refused = after_a_call(4, full_at, NOON + 1)
    assert (refused.is_refused, refused.remaining, refused.wait, refused.wait_seconds) == (
        True,
        0,
        15 * SECOND - 1,
        15,
    )
    assert after_a_call(4, full_at, NOON + 15 * SECOND - 1)[1].is_refused
    later, again = after_a_call(4, full_at, NOON + 15 * SECOND)
    assert (again.is_refused, again.remaining) == (False, 0)
    assert after_a_call(4, later, NOON + 15 * SECOND)[1].is_refused


def test_a_refused_call_takes_nothing() -> None:
    full_at, _ = after_a_call(1, 0, NOON)
    for _ in range(5):
        assert after_a_call(1, full_at, NOON + 30 * SECOND)[0] == full_at
    assert not after_a_call(1, full_at, NOON + 60 * SECOND)[1].is_refused


def test_who_rested_for_long_has_no_more_than_a_minutes_calls() -> None:
    assert len(let_through(5, [NOON] * 20, full_at=NOON - 10**12)) == 5


def test_a_clock_that_was_set_back_leaves_nobody_waiting_for_longer_than_a_call_takes_to_come_back() -> None:
    _, allowance = after_a_call(6, NOON + 3600 * SECOND, NOON)
    assert (allowance.is_refused, allowance.wait_seconds) == (True, 10)
    full_at, _ = after_a_call(6, NOON + 3600 * SECOND, NOON)
    assert not after_a_call(6, full_at, NOON + 10 * SECOND)[1].is_refused


@given(
    st.integers(1, GREATEST_CALLS_PER_MINUTE),
    st.lists(st.integers(0, 200 * SECOND), min_size=1, max_size=60).map(sorted),
)
def test_no_stretch_of_time_ever_has_more_calls_than_a_full_bucket_and_what_came_back_meanwhile(
    calls_per_minute: int, seconds: list[int]
) -> None:
    passed = let_through(calls_per_minute, [NOON + one for one in seconds])
    assert passed[:1] == [NOON + seconds[0]]
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            stretch = passed[last] - passed[first]
            assert (last - first + 1 - calls_per_minute) * 60 * SECOND <= stretch * calls_per_minute


@pytest.mark.parametrize("calls_per_minute", [1, 7, 60, 997, 60_000])
def test_the_wait_that_is_told_is_the_shortest_that_helps(calls_per_minute: int) -> None:
    full_at, allowance = 0, None
    while allowance is None or allowance.remaining > 0:
        full_at, allowance = after_a_call(calls_per_minute, full_at, NOON)
    _, refused = after_a_call(calls_per_minute, full_at, NOON)
    assert refused.is_refused
    assert refused.wait > 0
    assert after_a_call(calls_per_minute, full_at, NOON + refused.wait - 1)[1].is_refused
    assert not after_a_call(calls_per_minute, full_at, NOON + refused.wait)[1].is_refused
