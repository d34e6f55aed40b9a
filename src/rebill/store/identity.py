"""Ids that callers see: drawn at random, so that none tells how many there are or which come next."""

import os
import struct
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Select, select

from rebill.store.membership import among_given

_LEAST_ID = 10**8
_GREATEST_ID = 10**9
_GREATEST_STORED = 2**63 - 1


def draw_ids(connection: Connection, column: Column[int], count: int) -> list[int]:
    """``count`` different ids from 10^8 to 10^9 that no row of ``column``'s table bears, in any partner.

    Rows that bear such an id are never deleted, so an id is never used again. Two transactions may
    draw the same id at once; the later one then breaks the primary key and is run again (``Database.write``).
    One id alone is left to that as well: it is hardly ever borne (once in a thousand draws where a million rows
    are), and to ask first would cost every small act a question. Of thousands of ids some often are.
    """
    if count == 1:
        return list(_numbers(1))
    drawn: set[int] = set()
    while len(drawn) < count:
        fresh = _numbers(count - len(drawn)) - drawn
        taken = connection.scalars(_taken(connection.dialect.name, column), {"drawn": list(fresh)})
        drawn |= fresh - set(taken)
    return list(drawn)


def draw_id(connection: Connection, column: Column[int]) -> int:
    """One id as ``draw_ids`` gives them."""
    return draw_ids(connection, column, 1)[0]


@cache
def _taken(dialect: str, column: Column[int]) -> Select[Any]:
    return select(column).where(among_given(dialect, column, "drawn"))


def _numbers(count: int) -> set[int]:
    """At most ``count`` numbers in the range of ids, from the machine's random source."""
    drawn = struct.unpack(f"{count}Q", os.urandom(8 * count))
    return {_LEAST_ID + number % (_GREATEST_ID - _LEAST_ID) for number in drawn}


def can_be_stored(number: int) -> bool:
    """Whether ``number`` fits a column of ids at all; no row has an id that does not."""
    return 0 < number <= _GREATEST_STORED
