"""Which months are closed, for a partner and its customers: nobody changes them by the way (``docs/closing.md``)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from rebill.model.assignment import Days
from rebill.model.months import BillingMonth


@dataclass(frozen=True)
class ClosedAmong:
    """Of some months those that are issued to a customer, and those before the partner's ``billing_start``."""

    issued: tuple[BillingMonth, ...] = ()
    before_billing_start: tuple[BillingMonth, ...] = ()


NOTHING_CLOSED: Final = ClosedAmong()


@dataclass(frozen=True)
class ClosedMonths:
    """``billing_start``: months before it are never billed. ``issued``: months with an issued statement, by customer.

    What a void took back is not issued.
    """

    billing_start: BillingMonth | None
    issued: Mapping[int, frozenset[BillingMonth]]

    def of_months(self, months: Collection[BillingMonth]) -> "ClosedAmong":
        """Which of ``months`` are closed to anybody, and by what."""
        issued = frozenset[BillingMonth]().union(*self.issued.values())
        start = self.billing_start
        early = {month for month in months if start is not None and month < start}
        return ClosedAmong(tuple(sorted(issued.intersection(months))), tuple(sorted(early)))

    def first_unissued(self, customer_id: int) -> BillingMonth | None:
        """The month after the last one issued to a customer; ``None`` where none is issued."""
        issued = self.issued.get(customer_id)
        return max(issued).following if issued else None

    def first_open(self, customer_id: int) -> BillingMonth | None:
        """From which month on nothing is closed for a customer; ``None`` where no month is."""
        bounds = [month for month in (self.billing_start, self.first_unissued(customer_id)) if month is not None]
        return max(bounds, default=None)

    def changed(self, customer_id: int, before: Collection[Days], after: Collection[Days]) -> frozenset[BillingMonth]:
        """The months issued to a customer in which the days of an account that are its own become others."""
        issued = self.issued.get(customer_id, frozenset())
        return frozenset(month for month in issued if _within(before, month) != _within(after, month))


def _within(spans: Collection[Days], month: BillingMonth) -> list[Days]:
    """What of these spans lies in a month, in order, those that touch made one. They do not overlap."""
    begins, ends = month.first_day, month.following.first_day
    clipped = sorted(
        (max(span.first or begins, begins), min(span.until or ends, ends))
        for span in spans
        if span.overlaps(Days(begins, ends))
    )
    joined: list[Days] = []
    for first, until in clipped:
        touches = bool(joined) and joined[-1].until == first
        joined.append(Days(joined.pop().first if touches else first, until))
    return joined
