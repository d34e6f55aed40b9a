"""Months and days. A billing month and a charge day are different things; both are UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

EARLIEST_DAY = date(1900, 1, 1)
LATEST_DAY = date(2999, 12, 31)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, order=True)
class BillingMonth:
    """A calendar month that a charge is billed in, written ``YYYY-MM``."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "BillingMonth":
        """Read ``YYYY-MM``. Raises ``ValueError`` with a sentence otherwise."""
        match = _MONTH.fullmatch(text)
        if match is None or not 1 <= int(match[2]) <= 12 or not 1900 <= int(match[1]) <= 2999:
            raise ValueError(f"{text[:40]!r} is not a month: write it as YYYY-MM, such as 2024-09")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> "BillingMonth":
        """The month that ``day`` lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def following(self) -> "BillingMonth":
        return BillingMonth(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def preceding(self) -> "BillingMonth":
        return BillingMonth(self.year - (self.month == 1), self.month - 1 or 12)

    @property
    def last_day(self) -> date:
        return self.following.first_day - timedelta(days=1)


@dataclass(frozen=True)
class Months:
    """Billing months from ``first`` to ``last``, both included; ``None`` = without bound."""

    first: BillingMonth | None = None
    last: BillingMonth | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise AssertionError("months end before they begin")

    def overlaps(self, other: "Months") -> bool:
        """Whether any month lies in both."""
        return self.part_from(other.first) is not None and other.part_from(self.first) is not None

    def within(self, other: "Months") -> "Months | None":
        """The months that lie in both, ``None`` where none does."""
        begun = self.part_from(other.first)
        return begun if begun is None or other.last is None else begun.part_before(other.last.following)

    def part_before(self, month: BillingMonth | None) -> "Months | None":
        """Those before ``month`` (``None``: before all there are), ``None`` where there are none."""
        if month is None or (self.first is not None and self.first >= month):
            return None
        before = month.preceding
        return Months(self.first, before if self.last is None else min(self.last, before))

    def part_from(self, month: BillingMonth | None) -> "Months | None":
        """Those from ``month`` on (``None``: all), ``None`` where there are none."""
        if month is None:
            return self
        if self.last is not None and self.last < month:
            return None
        return Months(month if self.first is None else max(self.first, month), self.last)


def parse_day(text: str) -> date:
    """Read a real date ``YYYY-MM-DD`` from 1900-01-01 to 2999-12-31, else ``ValueError``."""
    try:
        if _DAY.fullmatch(text) is None:
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a day: write it as YYYY-MM-DD") from None
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValueError(f"{text} lies outside 1900-01-01 to 2999-12-31")
    return day


def parse_instant(text: str) -> datetime:
    """Read a time such as ``2030-01-31T00:00:00Z``: without zone it is UTC, a day alone its start.

    Raises ``ValueError`` for anything else.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("must be a time such as 2030-01-31T00:00:00Z, or a day")
    day, clock, zone = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock or '00:00'}{(zone or 'Z').upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a time that exists") from None


@lru_cache(maxsize=1024)  # A list of ten thousand tells the same few moments over and over.
def instant_text(instant: datetime) -> str:
    """``instant`` as the partner API writes it: ``YYYY-MM-DDTHH:MM:SSZ``."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
