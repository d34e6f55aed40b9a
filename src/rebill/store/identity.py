"""Ids that callers see: drawn at random, so that none tells how many there are or which come next."""

import os
import struct
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, select

from rebill.store.membership import among_given

_LEAST_ID = 10**8
_GREATEST_ID = 10**9
_GREATEST_STORED = 2**63 - 1
_RUN_WIDTH = 64
"""Numbers from which each id of a run is drawn."""


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


def draw_run(connection: Connection, column: Column[int], count: int) -> list[int]:
    """As ``draw_ids``, in order, and close together: from a small part of the range, which is drawn first.

    For rows of which many come at once, and whose ids are but places in lists: their entries in the index of ids then
    lie side by side, and no page of it is written for one of them alone. Were they one behind the other, those left out
    would tell how many others there are.
    """
    if count == 1:
        return draw_ids(connection, column, 1)
    width = _RUN_WIDTH * count
    borne: set[int] = set()
    first = 0
    while not first or 2 * len(borne) > width:
        first = min(*_numbers(1), _GREATEST_ID - width)
        borne = set(connection.scalars(_borne(column), {"first": first, "last": first + width - 1}))
    drawn: set[int] = set()
    while len(drawn) < count:
        drawn |= _numbers(count - len(drawn), first, width) - borne
    return sorted(drawn)


def draw_id(connection: Connection, column: Column[int]) -> int:
    """One id as ``draw_ids`` gives them."""
    return draw_ids(connection, column, 1)[0]


@cache
def _taken(dialect: str, column: Column[int]) -> Select[Any]:
    return select(column).where(among_given(dialect, column, "drawn"))


@cache
def _borne(column: Column[int]) -> Select[Any]:
    return select(column).where(column.between(bindparam("first"), bindparam("last")))


def _numbers(count: int, first: int = _LEAST_ID, width: int = _GREATEST_ID - _LEAST_ID) -> set[int]:
    """At most ``count`` of the ``width`` numbers from ``first`` on, from the machine's random source."""
    drawn = struct.unpack(f"{count}Q", os.urandom(8 * count))
    return {first + number % width for number in drawn}


def can_be_stored(number: int) -> bool:
    """Whether ``number`` fits a column of ids at all; no row has an id that does not."""
    return 0 < number <= _GREATEST_STORED
