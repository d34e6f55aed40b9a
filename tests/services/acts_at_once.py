"""Two acts of which the later one begins while the sooner one is under way: on PostgreSQL, which lets them."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text

from rebill.services.acting.installation import Installation

Sooner = TypeVar("Sooner")
Later = TypeVar("Later")


def told_at_once(
    installation: Installation, sooner: Callable[[], Sooner], later: Callable[[], Later]
) -> tuple[Sooner, Later]:
    """What two acts answer, the ``later`` of which begins before what the ``sooner`` one does is stored."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as aside:
        with installation.database.as_one() as connection:
            told_sooner = sooner()
            acting = aside.submit(later)
            while not acting.done() and not connection.scalar(waiting):
                time.sleep(0.01)
        return told_sooner, acting.result()
