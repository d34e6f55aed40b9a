"""What a source says of a delivery: whose cost it is, how new, of which days, and how much of it there must be."""

from dataclasses import dataclass
from datetime import date

from rebill.model.months import BillingMonth


@dataclass(frozen=True)
class CoveredDays:
    """The days that a delivery is of, both included."""

    first: date
    last: date

    def within(self, month: BillingMonth) -> "CoveredDays | None":
        """Those of them that lie in ``month``."""
        first, last = max(self.first, month.first_day), min(self.last, month.last_day)
        return CoveredDays(first, last) if first <= last else None

    def holds(self, other: "CoveredDays") -> bool:
        """Whether every day of ``other`` is among these."""
        return self.first <= other.first and other.last <= self.last

    def hold_of_month(self, other: "CoveredDays", month: BillingMonth) -> bool:
        """Whether what ``other`` covers of ``month`` is covered here too.

        Where one of them covers no day of it, and yet has lines that it bills, all its days are compared.
        """
        mine, others = self.within(month), other.within(month)
        return mine.holds(others) if mine and others else self.holds(other)

    @property
    def month(self) -> BillingMonth | None:
        """The one month that all of them lie in, if they do."""
        first, last = BillingMonth.of(self.first), BillingMonth.of(self.last)
        return first if first == last else None

    def __str__(self) -> str:
        return f"{self.first.isoformat()} to {self.last.isoformat()}"


@dataclass(frozen=True)
class DeliveryOrigin:
    """A delivery in its source's own words.

    ``source_kind`` and ``scope``: what it is of, and so what it replaces. ``version``: how new it is; of two that
    are of the same, the greater text is the newer delivery. ``view``: what it holds, where the source says so and
    headers do not tell. ``ends``: scopes of the same kind and view whose place it takes in its months: what was not
    billed yet, once the invoice has come.
    """

    source_kind: str
    scope: str
    version: str
    covered: CoveredDays | None = None
    view: str | None = None
    ends: tuple[str, ...] = ()
