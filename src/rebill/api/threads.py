"""Where calls do their work: in threads, as services wait for the database."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread

_THREADS = 64
"""Calls that work at once in one server process; more of them wait for their turn."""
_threads: WeakKeyDictionary[asyncio.AbstractEventLoop, anyio.CapacityLimiter] = WeakKeyDictionary()
"""Of each event loop its own. (A variable of anyio's, which is the same, takes many times as long to read.)"""

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result]) -> Result:
    """What ``work`` answers or raises, done in a thread of this server process."""
    loop = asyncio.get_running_loop()
    limiter = _threads.get(loop)
    if limiter is None:
        limiter = _threads[loop] = anyio.CapacityLimiter(_THREADS)
    return await anyio.to_thread.run_sync(work, limiter=limiter)
