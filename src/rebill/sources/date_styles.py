"""Dates that are not written in ISO style: how they are read, and what tells which of day and month comes first.

The order is never guessed. It is told by days beyond the twelfth in any date column of the delivery, else by what
cannot be: a start behind its end, a charge behind the end of the month that bills it. Where both orders remain
possible and differ, the order is the one that is documented for the layout, and whoever imports is told that it was
taken for granted; where none is documented the file is refused until somebody says which it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import duckdb

from rebill.model.data_set import FileFault
from rebill.model.date_order import DateOrder
from rebill.model.months import BillingMonth
from rebill.model.sql_text import sql_text
from rebill.sources.cost_files import FileRefused

_FIRST_TWO: Final[Mapping[DateOrder, str]] = {DateOrder.MONTH_FIRST: "%m{0}%d", DateOrder.DAY_FIRST: "%d{0}%m"}
_OF_EITHER_ORDER: Final = ("/", "-")
# With points nobody writes the month first, and with the year in front nobody the day second.
_OF_ONE_ORDER: Final = ("%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d")
_TIMES: Final = ("", " %H:%M:%S", " %I:%M:%S %p", " %H:%M", " %I:%M %p")
_REMEDY: Final = "--date-order: day-first or month-first (for what a sync brings, set REBILL_DATE_ORDER)"


def iso_sql(text: str, order: DateOrder) -> str:
    """SQL of ``text`` as ISO text where it is a date of another style; anything else stays as it is."""
    days = (*(f"{_FIRST_TWO[order].format(mark)}{mark}%Y" for mark in _OF_EITHER_ORDER), *_OF_ONE_ORDER)
    formats = ", ".join(sql_text(day + time) for day in days for time in _TIMES)
    moment = f"try_strptime({text}, [{formats}])"
    # Of a year of two digits the engine makes one of the first century: such a date stays as it stands, and is refused.
    iso = f"CASE WHEN {moment} >= TIMESTAMP '1000-01-01' THEN strftime({moment}, '%Y-%m-%dT%H:%M:%S') END"
    # The engine takes words such as "infinity" for moments.
    is_word = f"NOT coalesce(left({text}, 1) BETWEEN '0' AND '9', FALSE)"
    return f"CASE WHEN {_is_iso(text)} OR {is_word} THEN {text} ELSE coalesce({iso}, {text}) END"


def _is_iso(text: str) -> str:
    return f"instr({text}, '-') = 5"


@dataclass(frozen=True)
class DateColumns:
    """SQL of a file's texts of dates. ``every``: all of them; ``taken``: those that the cost line's moments come from.

    ``pairs``: those of a start and its end.
    ``charge``: the day of a charge, where it must lie in the time that bills it: ``period``, its first and last day.
    """

    every: tuple[str, ...]
    taken: frozenset[str] = frozenset()
    pairs: tuple[tuple[str, str], ...] = ()
    charge: str | None = None
    period: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True)
class OrderFacts:
    """What speaks about one order. ``only``: a date that can be read in no other; ``None``: there is none.

    ``impossible``: how many combinations of dates cannot be if it is this order; ``outside``: how many charges would
    lie outside of the time that bills them, or be billed by a time that begins on another day than the first.
    """

    only: str | None
    impossible: int
    outside: int

    def and_those_of(self, other: "OrderFacts") -> "OrderFacts":
        return OrderFacts(self.only or other.only, self.impossible + other.impossible, self.outside + other.outside)


@dataclass(frozen=True)
class DateFacts:
    """What a file's dates tell. ``differing``: one that is taken and another day in either order, if there is one."""

    differing: str | None
    by_order: Mapping[DateOrder, OrderFacts]


class OtherDates(Exception):
    """A file has dates that are not in ISO style. ``facts``: what they tell."""

    def __init__(self, facts: DateFacts) -> None:
        super().__init__("dates of another style")
        self.facts = facts


def require_iso_dates(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: DateColumns, month: BillingMonth | None
) -> None:
    """Raise ``OtherDates`` where a date of ``relation`` is not in ISO style.

    ``month``: the one that bills what names none itself.
    """
    if not columns.every:
        return
    texts = [f"t{place}" for place in range(len(columns.every))]
    named: dict[str | None, str] = dict(zip(columns.every, texts, strict=True))
    selected = ", ".join(f"{sql} AS {name}" for sql, name in named.items())
    read = ", ".join(f"{_moment(name, order)} AS {_read(name, order)}" for name in texts for order in DateOrder)
    rows = f"(SELECT *, {read} FROM (SELECT DISTINCT {selected} FROM {relation}))"
    is_other = " OR ".join(f"(NOT {_is_iso(name)} AND coalesce({_read_either(name)}) IS NOT NULL)" for name in texts)
    facts = ", ".join(_order_facts(texts, named, columns, month, order) for order in DateOrder)
    differing = _differing([name for sql, name in named.items() if sql in columns.taken])
    answer = connection.execute(f"SELECT count_if({is_other}), {differing}, {facts} FROM {rows}").fetchone()
    if answer is None or not answer[0]:
        return
    found = [OrderFacts(*answer[start : start + 3]) for start in range(2, len(answer), 3)]
    raise OtherDates(DateFacts(answer[1], dict(zip(DateOrder, found, strict=True))))


def _read(name: str, order: DateOrder) -> str:
    return f"{name}_{order.name.lower()}"


def _read_either(name: str) -> str:
    return ", ".join(_read(name, order) for order in DateOrder)


def _moment(text: str, order: DateOrder) -> str:
    iso = iso_sql(text, order)
    return f"list_transform([{iso}], lambda iso: CASE WHEN {_is_iso('iso')} THEN TRY_CAST(iso AS TIMESTAMP) END)[1]"


def _differing(texts: Sequence[str]) -> str:
    first, second = DateOrder
    found = (f"min(CASE WHEN {_read(name, first)} <> {_read(name, second)} THEN {name} END)" for name in texts)
    return f"coalesce({', '.join((*found, 'NULL'))})"


def _order_facts(
    texts: Sequence[str],
    named: Mapping[str | None, str],
    columns: DateColumns,
    month: BillingMonth | None,
    order: DateOrder,
) -> str:
    """SQL of the three values of ``OrderFacts``."""
    (other,) = (one for one in DateOrder if one is not order)
    only = (
        f"min(CASE WHEN {_read(name, order)} IS NOT NULL AND {_read(name, other)} IS NULL THEN {name} END)"
        for name in texts
    )

    def day(sql: str | None) -> str:
        return "CAST(NULL AS DATE)" if sql not in named else f"CAST({_read(named[sql], order)} AS DATE)"

    charge, (first, last) = day(columns.charge), map(day, columns.period)
    is_odd = f"coalesce(day({first}) <> 1, false)"
    if month is not None:
        first, last = f"coalesce({first}, DATE '{month.first_day}')", f"coalesce({last}, DATE '{month.last_day}')"
    late = f"coalesce({charge} > {last}, false)"
    reversed_pairs = (
        f"coalesce({_read(named[start], order)} > {_read(named[end], order)}, false)" for start, end in columns.pairs
    )
    impossible = " OR ".join((late, *reversed_pairs))
    return (
        f"coalesce({', '.join(only)}), count_if({impossible}), "
        f"count_if({late} OR coalesce({charge} < {first}, false) OR {is_odd})"
    )


class ReadOrder(NamedTuple):
    """The order that dates are read in, ``None`` where either gives the same days; whether nothing in them tells it."""

    order: DateOrder | None
    is_assumed: bool = False


def order_of(facts: Sequence[DateFacts], usual: DateOrder | None = None) -> ReadOrder:
    """The order of the dates of a delivery's files. ``usual``: what it is where they do not tell.

    Raises ``FileRefused`` where nothing tells, or they contradict each other.
    """
    by_order = {order: _all_of([found.by_order[order] for found in facts]) for order in DateOrder}
    told = [order for order in DateOrder if by_order[order].only is not None]
    if len(told) > 1:
        day, month = by_order[DateOrder.DAY_FIRST].only, by_order[DateOrder.MONTH_FIRST].only
        raise FileRefused(
            FileFault.DATE_ORDERS_MIXED,
            f"has a date with the day first, {day!r}, and one with the month first, {month!r}; if one of them is a "
            f"slip, say that of the others with {_REMEDY}; then only that row is refused",
        )
    differing = next((found.differing for found in facts if found.differing is not None), None)
    if told or differing is None:
        return ReadOrder(told[0] if told else None)
    possible = [order for order in DateOrder if not by_order[order].impossible]
    within = [order for order in possible if not by_order[order].outside]
    likely = next((found[0] for found in (possible, within) if len(found) == 1), None)
    if likely is not None:
        return ReadOrder(likely)
    if usual is not None:
        return ReadOrder(usual, is_assumed=True)
    raise FileRefused(
        FileFault.DATE_ORDER_UNCLEAR,
        f"has dates such as {differing!r}, which may have the day or the month first, and nothing in the delivery "
        f"tells which; say so with {_REMEDY}",
    )


def _all_of(found: Sequence[OrderFacts]) -> OrderFacts:
    total = found[0]
    for one in found[1:]:
        total = total.and_those_of(one)
    return total
