"""Lines of a month that a person must look at: take them as they are, or open them again."""

from collections.abc import Callable

from rebill.console.pages.home import chosen_month
from rebill.console.route import PageRoute
from rebill.console.showing import words
from rebill.console.visit import Page, PageAnswer, Redirect, Visit
from rebill.model.attention import AcceptanceOrder
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.errors import Conflict, Invalid, Refusal
from rebill.model.months import BillingMonth
from rebill.model.rating import Attention
from rebill.services.acting.permission import Permission
from rebill.services.billing.accept_lines import accept_lines
from rebill.services.billing.read_attention import list_attention
from rebill.services.billing.reopen_lines import reopen_lines

_SHOWN = 200


def show_attention(visit: Visit) -> Page:
    """The lines of the last run that need attention, those that are open first."""
    months, month = chosen_month(visit)
    return _shown(visit, months, month)


def _shown(visit: Visit, months: list[BillingMonth], month: BillingMonth, refusal: Refusal | None = None) -> Page:
    try:
        found = list_attention(visit.installation, visit.caller, month, _SHOWN)
    except Conflict:
        found = None
    values = {
        "months": months,
        "month": month,
        "found": found,
        "total": 0 if found is None else sum(found.counts.values()),
        "kinds": [("", "Only the chosen ones"), *((one.value, words(one)) for one in Attention)],
        "chosen": set(visit.form.all("line")),
        "refusal": refusal,
        "faults": {} if refusal is None else refusal.fields,
    }
    return Page("attention.html", values, 200 if refusal is None else 422)


def accept(visit: Visit) -> PageAnswer:
    """Take lines as they are."""
    return _settled(visit, lambda order: accept_lines(visit.installation, visit.caller, order).accepted_count, "taken")


def reopen(visit: Visit) -> PageAnswer:
    """Open lines again that were taken as they are."""
    return _settled(visit, lambda order: reopen_lines(visit.installation, visit.caller, order).reopened_count, "opened")


def _settled(visit: Visit, settle: Callable[[AcceptanceOrder], int], done: str) -> PageAnswer:
    form, month = visit.form, visit.form.month()
    if month is None:
        raise Invalid("invalid_month", "Say which month is meant.", {"month": "is required, as YYYY-MM"})
    kind = Attention(form.text("kind")) if form.text("kind") in list(Attention) else None
    places = tuple(form.all("line"))
    try:
        if kind is None and not places:
            raise Invalid("nothing_chosen", "Nothing was done.", {"line": "choose one at least, or a kind"})
        number = settle(AcceptanceOrder(month, form.text("reason"), kind, places=places))
    except Invalid as refusal:
        return _shown(visit, [month], month, refusal)
    return Redirect(f"/bills/attention?month={month}", f"{counted(number, 'line')} {done}.")


_PLACE = "/bills/attention"
ROUTES = (
    PageRoute("GET", _PLACE, show_attention, Permission.READ, "bills"),
    PageRoute("POST", f"{_PLACE}/accept", accept, Permission.CHANGE, "bills", Act.ACCEPT_LINES),
    PageRoute("POST", f"{_PLACE}/reopen", reopen, Permission.CHANGE, "bills", Act.REOPEN_LINES),
)
