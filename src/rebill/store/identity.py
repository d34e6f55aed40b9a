"""Ids that callers see: drawn at random, so that none tells how many there are or which come next."""

import random

from sqlalchemy import Column, Connection, select

from rebill.store.membership import among

_LEAST_ID = 10**8
_GREATEST_ID = 10**9
_GREATEST_STORED = 2**63 - 1
_random = random.SystemRandom()


def draw_ids(connection: Connection, column: Column[int], count: int) -> list[int]:
    """``count`` different ids from 10^8 to 10^9 that no row of ``column``'s table bears, in any partner.

    Rows that bear such an id are never deleted, so an id is never used again. Two transactions may
    draw the same id at once; the later one then breaks the primary key and is run again (``Database.write``).
    """
    drawn: set[int] = set()
    while len(drawn) < count:
        fresh = {_random.randint(_LEAST_ID, _GREATEST_ID) for _ in range(count - len(drawn))} - drawn
        taken = connection.scalars(select(column).where(among(connection, column, fresh)))
        drawn |= fresh - set(taken)
    return list(drawn)


def draw_id(connection: Connection, column: Column[int]) -> int:
    """One id as ``draw_ids`` gives them."""
    return draw_ids(connection, column, 1)[0]


def can_be_stored(number: int) -> bool:
    """Whether ``number`` fits a column of ids at all; no row has an id that does not."""
    return 0 < number <= _GREATEST_STORED
