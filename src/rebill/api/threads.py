"""Where calls do their work: in threads, as services wait for the database."""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

_THREADS = 64
"""Calls that work at once in one server process; more of them wait for their turn."""
_threads: RunVar[anyio.CapacityLimiter] = RunVar("rebill_api_threads")

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result]) -> Result:
    """What ``work`` answers or raises, done in a thread of this server process."""
    try:
        limiter = _threads.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_THREADS)
        _threads.set(limiter)
    return await anyio.to_thread.run_sync(work, limiter=limiter)
