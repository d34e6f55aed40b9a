"""Margin: by customer, service, month or rule."""

from rebill.console.pages.home import chosen_month
from rebill.console.route import PageRoute
from rebill.console.visit import Page, Visit
from rebill.model.margin import MarginsBy
from rebill.services.acting.permission import Permission
from rebill.services.proof.read_margins import MarginsOrder, read_margins

_SHOWN = 200
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
        "total": len(found),
        "title": dict(_BY_WORDS)[by],
    }
    return Page("margins.html", values)


ROUTES = (PageRoute("GET", "/margin", show_margins, Permission.READ, "margin"),)
