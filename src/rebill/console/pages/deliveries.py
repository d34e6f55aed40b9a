"""Deliveries: which documents reached their customers, which did not, and why."""

from rebill.console.route import PageRoute
from rebill.console.showing import words
from rebill.console.visit import Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.document_delivery import DeliveryFilter, DeliveryState, DeliveryWay
from rebill.model.errors import Invalid
from rebill.services.acting.permission import Permission
from rebill.services.delivering.read_deliveries import read_deliveries
from rebill.services.delivering.try_delivery_again import try_delivery_again
from rebill.services.proof.month_glance import months_of_record

_PER_PAGE = 100
_PLACE = "/bills/deliveries"


def show_deliveries(visit: Visit) -> Page:
    """The deliveries that changed last, first; of a month, or in a state, where that is asked for."""
    query, number = visit.query, max(visit.query.number("page") or 1, 1)
    state = DeliveryState(query.text("state")) if query.text("state") in list(DeliveryState) else None
    wanted = DeliveryFilter(query.month(), query.number("of"), state)
    found = read_deliveries(visit.installation, visit.caller, wanted, _PER_PAGE, (number - 1) * _PER_PAGE)
    total = sum(found.counts.values()) if state is None else found.counts[state]
    values = {
        "found": found,
        "wanted": wanted,
        "number": number,
        "more": total > number * _PER_PAGE,
        "now": visit.installation.clock(),
        "ways": visit.installation.settings.delivery.ways,
        "months": months_of_record(visit.installation, visit.caller),
        "states": [("", "Any state"), *((one.value, words(one)) for one in DeliveryState)],
    }
    return Page("deliveries.html", values)


def try_again(visit: Visit) -> PageAnswer:
    """Bring a document once more that did not arrive, or of which nobody knows."""
    statement_id, way = visit.form.number("statement_id"), visit.form.text("way")
    if statement_id is None or way not in list(DeliveryWay):
        raise Invalid("invalid_delivery", "Say which delivery is meant.", {"way": "is none that there is"})
    try_delivery_again(visit.installation, visit.caller, statement_id, DeliveryWay(way))
    month = visit.form.month()
    back = _PLACE if month is None else f"{_PLACE}?month={month}"
    return Redirect(back, "The server brings it within seconds.")


ROUTES = (
    PageRoute("GET", _PLACE, show_deliveries, Permission.READ, "bills"),
    PageRoute("POST", f"{_PLACE}/again", try_again, Permission.CHANGE, "bills", Act.DELIVER_DOCUMENTS),
)
