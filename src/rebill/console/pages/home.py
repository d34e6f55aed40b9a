"""Home: the month at a glance."""

from rebill.console.route import PageRoute
from rebill.console.visit import Page, Redirect, Visit
from rebill.model.months import BillingMonth
from rebill.model.run_state import RunState, interrupted_sentence
from rebill.services.acting.permission import Permission
from rebill.services.billing.read_blockers import read_blockers, read_refusals
from rebill.services.billing.read_unassigned import read_unassigned
from rebill.services.billing.run_under_way import state_of_run
from rebill.services.proof.month_glance import month_at_a_glance, months_of_record
from rebill.services.syncing.newcomers import unassigned_newcomers

_SHOWN_ACCOUNTS = 12


def show_home(visit: Visit) -> Page | Redirect:
    """Cost, price and margin beside the month before; what blocks closing; what is unassigned."""
    if visit.is_customers:
        return Redirect("/portal")
    months, month = chosen_month(visit)
    glance = month_at_a_glance(visit.installation, visit.caller, month)
    document_count = sum(now.document_count for now, _ in glance.figures)
    final_count = sum(now.final_count for now, _ in glance.figures)
    values = {
        "months": months,
        "month": month,
        "glance": glance,
        "document_count": document_count,
        "final_count": final_count,
        "is_closed": document_count and final_count == document_count,
        "blockers": read_blockers(visit.installation, visit.caller, month),
        "refusals": read_refusals(visit.installation, visit.caller, month) if final_count < document_count else (),
        "interrupted": _interrupted(visit, month),
        "unassigned": read_unassigned(visit.installation, visit.caller, month),
        "newcomers": unassigned_newcomers(visit.installation, visit.caller, _SHOWN_ACCOUNTS),
        "shown": _SHOWN_ACCOUNTS,
    }
    return Page("home.html", values)


def _interrupted(visit: Visit, month: BillingMonth) -> str:
    """What to say of a run that was killed at its work; ``""`` where none was."""
    state = state_of_run(visit.installation, visit.caller, month)
    return interrupted_sentence(month) if state is RunState.INTERRUPTED else ""


def chosen_month(visit: Visit) -> tuple[list[BillingMonth], BillingMonth]:
    """The months to choose from, and the one that the address says, or the last one."""
    months = months_of_record(visit.installation, visit.caller)
    wanted = visit.query.month()
    if wanted is not None and wanted not in months:
        months = sorted({*months, wanted}, reverse=True)
    return months, wanted or months[0]


ROUTES = (PageRoute("GET", "/", show_home, Permission.READ_OWN, "home"),)
