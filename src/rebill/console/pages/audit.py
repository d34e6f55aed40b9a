"""Audit: who did what, and whether the trail is whole."""

from rebill.console.route import PageRoute
from rebill.console.visit import Page, Visit
from rebill.model.audit import Act, ActOutcome
from rebill.services.acting.permission import Permission
from rebill.services.keeping.read_audit_trail import get_audit_entry, names_of_doers, newest_audit_entries
from rebill.services.keeping.verify_audit_trail import verify_audit_trail
from rebill.store.audit_entries import AuditFilter

_SHOWN = 100


def show_audit(visit: Visit) -> Page:
    """The newest entries, those that are looked for."""
    act, outcome = visit.query.text("act"), visit.query.text("outcome")
    wanted = AuditFilter(
        act=act if act in list(Act) else None,
        outcome=outcome if outcome in list(ActOutcome) else None,
        customer_id=visit.query.number("of"),
        user_id=visit.query.number("user"),
    )
    entries = newest_audit_entries(visit.installation, visit.caller, wanted, _SHOWN)
    values = {
        "entries": entries[::-1],
        "names": names_of_doers(visit.installation, visit.caller, entries),
        "wanted": wanted,
        "acts": [("", "Any act"), *((one.value, one.value.replace("_", " ")) for one in Act)],
        "outcomes": [("", "Done or refused"), *((one.value, one.value) for one in ActOutcome)],
        "shown": _SHOWN,
    }
    return Page("audit.html", values)


def show_entry(visit: Visit) -> Page:
    """One entry, with all that it tells."""
    kept = get_audit_entry(visit.installation, visit.caller, visit.ids["number"])
    return Page("audit_entry.html", {"kept": kept, "names": names_of_doers(visit.installation, visit.caller, [kept])})


def verify(visit: Visit) -> Page:
    """Compute the whole chain again."""
    return Page("audit_verified.html", {"report": verify_audit_trail(visit.installation, visit.caller)})


ROUTES = (
    PageRoute("GET", "/audit", show_audit, Permission.ADMINISTER, "audit"),
    PageRoute("POST", "/audit/verify", verify, Permission.ADMINISTER, "audit", long=True),
    PageRoute("GET", "/audit/{number}", show_entry, Permission.ADMINISTER, "audit"),
)
