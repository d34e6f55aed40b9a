"""Margin: by customer, service, month or rule."""

from collections.abc import Sequence
from decimal import Decimal

from rebill.console.charts import BarChart, month_chart
from rebill.console.pages.home import chosen_month
from rebill.console.route import PageRoute
from rebill.console.visit import Page, Visit
from rebill.model.margin import Margin, MarginsBy, PriceAndCost
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.services.acting.permission import Permission
from rebill.services.proof.read_margins import MarginsOrder, read_margins

_SHOWN = 200
_DRAWN_MONTHS = 24
_BY_WORDS = (
    (MarginsBy.CUSTOMER, "Customer"),
    (MarginsBy.SERVICE, "Service"),
    (MarginsBy.RULE, "Price book and rule"),
    (MarginsBy.MONTH, "Month"),
)


def show_margins(visit: Visit) -> Page:
    """The report; of a month, but by month of all."""
    months, month = chosen_month(visit)
    given = visit.query.text("by")
    by = MarginsBy(given) if given in list(MarginsBy) else MarginsBy.CUSTOMER
    order = MarginsOrder(by, None if by is MarginsBy.MONTH else month)
    found = read_margins(visit.installation, visit.caller, order)
    if by is not MarginsBy.MONTH:
        found = sorted(found, key=lambda one: -abs(one.price))
    values = {
        "months": months,
        "month": month,
        "by": by,
        "bys": [(one.value, words) for one, words in _BY_WORDS],
        "found": found[:_SHOWN],
        "sums": _sums(found),
        "drawn": _drawn(found) if by is MarginsBy.MONTH else [],
        "total": len(found),
        "title": dict(_BY_WORDS)[by],
    }
    return Page("margins.html", values)


def _sums(found: Sequence[Margin]) -> list[PriceAndCost]:
    """What all rows come to, also those that are not shown, by currency."""
    return [
        PriceAndCost(currency, sum((one.price for one in rows), ZERO), sum((one.cost for one in rows), ZERO))
        for currency, rows in _by_currency(found).items()
    ]


def _drawn(found: Sequence[Margin]) -> list[tuple[BarChart | None, list[tuple[BillingMonth, Decimal]]]]:
    """A chart of the margins of the last months, and what it is drawn from, by currency."""
    months = {
        currency: [(one.month, one.margin) for one in rows if one.month is not None][-_DRAWN_MONTHS:]
        for currency, rows in _by_currency(found).items()
    }
    return [(month_chart("Margin by month", currency, rows), rows) for currency, rows in months.items()]


def _by_currency(found: Sequence[Margin]) -> dict[str, list[Margin]]:
    return {one: [row for row in found if row.currency == one] for one in sorted({row.currency for row in found})}


ROUTES = (PageRoute("GET", "/margin", show_margins, Permission.READ, "margin"),)
