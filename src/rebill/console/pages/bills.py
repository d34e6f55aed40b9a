"""Bills: run a month, look at what it says and why it is another than before, and close it."""

from collections.abc import Iterator
from contextlib import contextmanager
from heapq import nlargest

from rebill.console.pages.home import chosen_month
from rebill.console.route import PageRoute
from rebill.console.showing import month_name
from rebill.console.visit import Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.bill_run import RUN_RUNNING, RunOrder, RunRecord, RunStatus
from rebill.model.closing import Closing, ClosingAct, ClosingOrder
from rebill.model.counting import counted
from rebill.model.errors import Conflict, Invalid, NotFound
from rebill.model.months import BillingMonth
from rebill.model.run_progress import RunStep
from rebill.model.run_state import RunState, interrupted_sentence
from rebill.services.acting.permission import Permission
from rebill.services.billing.approve_closing import approve_closing, list_proposals, who_asked, withdraw_proposal
from rebill.services.billing.bills_of_month import BillOrder, bills_of_month
from rebill.services.billing.closing_act import IssuedClosing
from rebill.services.billing.correct_month import correct_month
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.incomplete_documents import count_incomplete_estimates
from rebill.services.billing.month_checklist import month_checklist
from rebill.services.billing.read_blockers import read_blockers
from rebill.services.billing.read_pending import read_pending
from rebill.services.billing.run_under_way import progress_of, state_of_run
from rebill.services.billing.start_run import runs_of_month, start_run
from rebill.services.proof.diff_month import diff_month

_PER_PAGE = 100
_SHOWN_DIFFERENCES = 200
_WAITED_SECONDS = 2.0
"""A month of an ordinary partner is billed by then, and its page need not look again."""
_LOOKED = "looked"
"""In the query of who comes from a run that worked a moment ago: what came of it is told if it has ended since."""
_ORDER_WORDS = (
    (BillOrder.CUSTOMER, "Customer"),
    (BillOrder.PRICE, "Price, greatest first"),
    (BillOrder.DIFFERENCE, "Difference, greatest first"),
    (BillOrder.MARGIN, "Margin, greatest first"),
)
_STEP_WORDS = {
    RunStep.READ: ("reading cost and terms", "part"),
    RunStep.PRICE: ("pricing the charges", "table"),
    RunStep.DRAW_UP: ("drawing up statements", "customer"),
    RunStep.STORE: ("storing the statements", "statement"),
}
"""What a run does at each step, and what its parts are."""


def show_bills(visit: Visit) -> PageAnswer:
    """A month's bills, beside the month before; whether a run works; what blocks closing; what waits for approval."""
    installation, caller = visit.installation, visit.caller
    months, month = chosen_month(visit)
    # Before the bills: of a run that ends meanwhile the page looks again, and shows no old bills as if they were new.
    progress = _progress(visit, month)
    if visit.query.has(_LOOKED) and not progress["is_under_way"]:
        return Redirect(f"/bills?month={month}", _ended(_last_run(visit, month)))
    order = BillOrder(visit.query.text("order")) if visit.query.text("order") in list(BillOrder) else BillOrder.CUSTOMER
    number, text = max(visit.query.number("page") or 1, 1), visit.query.text("text")
    bills = bills_of_month(installation, caller, month, order, text, number, _PER_PAGE)
    blockers = read_blockers(installation, caller, month)
    proposals = [one for one in list_proposals(installation, caller) if one.order.month == month]
    values = {
        "months": months,
        "month": month,
        "bills": bills,
        "order": order,
        "orders": [(one.value, words) for one, words in _ORDER_WORDS],
        "text": text,
        "number": number,
        "more": bills.total > number * _PER_PAGE,
        "blockers": blockers,
        "pending": read_pending(installation, caller, month) if blockers.run is not None else [],
        "incomplete": count_incomplete_estimates(installation, caller, month) if blockers.run is not None else 0,
        "proposals": proposals,
        "asked_by": who_asked(installation, caller, proposals) if proposals else {},
        "waits_to_be_final": any(_finalizes_all(one) for one in proposals),
        **progress,
    }
    return Page("bills.html", values)


def _finalizes_all(proposal: Closing) -> bool:
    return proposal.order.act is ClosingAct.FINALIZE and proposal.order.customer_id is None


def run_month(visit: Visit) -> PageAnswer:
    """Run a month."""
    month = _month(visit)
    try:
        run = start_run(visit.installation, visit.caller, RunOrder(month), _WAITED_SECONDS)
    except Conflict as refusal:
        if refusal.code != RUN_RUNNING:
            raise
        # The page shows how far the one is that works.
        return Redirect(f"/bills?month={month}")
    if run.status is RunStatus.RUNNING:
        # It may end before the next look, and then that is to be said.
        return Redirect(f"/bills/progress?month={month}")
    return Redirect(f"/bills?month={month}", _ended(run))


def show_progress(visit: Visit) -> PageAnswer:
    """Whether the run still works; when it has ended, the page is shown anew."""
    month = visit.query.month()
    if month is None:
        return Redirect("/bills")
    progress = _progress(visit, month)
    if progress["is_under_way"] and visit.is_partial:
        return Page("bills_progress.html", {"month": month, **progress})
    if progress["is_under_way"]:
        return Redirect(f"/bills?month={month}&{_LOOKED}=yes")
    return Redirect(f"/bills?month={month}", _ended(_last_run(visit, month)))


def _last_run(visit: Visit, month: BillingMonth) -> RunRecord | None:
    found = runs_of_month(visit.installation, visit.caller, month, 1)
    return found[0] if found else None


def _ended(run: RunRecord | None) -> str:
    """What to say of a run that ended well; ``""`` of any other."""
    if run is None or run.outcome is None:
        return ""
    return f"{month_name(run.month)} is run: {counted(run.outcome.statement_count, 'statement')}."


def finalize(visit: Visit) -> PageAnswer:
    """Issue the Estimated statements of a month."""
    month = _month(visit)
    order = ClosingOrder(ClosingAct.FINALIZE, month, reason=visit.form.text("reason"))
    return _closed(visit, month, finalize_month(visit.installation, visit.caller, order))


def correct(visit: Visit) -> PageAnswer:
    """Issue the corrections of a month."""
    month = _month(visit)
    order = ClosingOrder(ClosingAct.CORRECT, month, reason=visit.form.text("reason"))
    return _closed(visit, month, correct_month(visit.installation, visit.caller, order))


def approve(visit: Visit) -> PageAnswer:
    """Issue what another person asked for."""
    with _waiting_still():
        done = approve_closing(visit.installation, visit.caller, visit.ids["closing_id"])
    return _closed(visit, done.order.month, done)


def withdraw(visit: Visit) -> PageAnswer:
    """Take back what waits for approval."""
    with _waiting_still():
        withdraw_proposal(visit.installation, visit.caller, visit.ids["closing_id"])
    return Redirect(f"/bills?month={_month(visit)}", "The proposal is taken back.")


@contextmanager
def _waiting_still() -> Iterator[None]:
    """The page offers what waits, and nothing else: where it waits no longer, somebody was faster."""
    try:
        yield
    except NotFound as refusal:
        sentence = "This waits no longer: it was approved or taken back meanwhile."
        raise Conflict(refusal.code, f"{sentence} Its month’s bills tell what came of it.") from refusal


def show_checklist(visit: Visit) -> Page:
    """Everything that the month needs before it is closed."""
    months, month = chosen_month(visit)
    values = {
        "months": months,
        "month": month,
        "checklist": month_checklist(visit.installation, visit.caller, month),
        "completed_at": _completed_at,
    }
    return Page("checklist.html", values)


def _completed_at(field: str, customer_id: int) -> str:
    """The page where a field of electronic invoices is completed; ``""`` where none can be."""
    places = {
        "letterhead": "/settings/letterhead",
        "tax_rules": "/settings/tax",
        "customer": f"/customers/{customer_id}#address",
        "billing_details": f"/customers/{customer_id}/details",
    }
    return places.get(field.partition(".")[0], "")


def show_differences(visit: Visit) -> Page:
    """Why the month is another than what was issued, or than the run before said: by customer, service and cause."""
    _, month = chosen_month(visit)
    found = diff_month(visit.installation, visit.caller, month)
    changed = [one for one in found.totals if one.before != one.after]
    causes = sorted({cause for one in changed for cause in one.by_cause})
    values = {
        "month": month,
        "found": found,
        "changed": changed,
        "causes": causes,
        "names": {one.customer_id: one.customer_name for one in found.totals},
        "by_service": nlargest(_SHOWN_DIFFERENCES, found.differences, key=lambda one: abs(one.amount)),
    }
    return Page("bills_differences.html", values)


def _closed(visit: Visit, month: BillingMonth, done: IssuedClosing) -> PageAnswer:
    if done.waits:
        said = "It waits for a second person to approve it."
    elif not done.documents and not done.blocks:
        said = "Nothing differs: nothing was issued."
    else:
        said = f"{counted(len(done.documents), 'document')} of {month_name(month)} issued."
    return Redirect(f"/bills?month={month}", said)


def _month(visit: Visit) -> BillingMonth:
    month = visit.form.month()
    if month is None:
        raise Invalid("invalid_month", "Say which month is meant.", {"month": "is required, as YYYY-MM"})
    return month


def _progress(visit: Visit, month: BillingMonth) -> dict[str, object]:
    last, now = _last_run(visit, month), visit.installation.clock()
    state = state_of_run(visit.installation, visit.caller, month)
    began_at = last.started_at if last is not None and last.status is RunStatus.RUNNING else None
    is_under_way = began_at is not None or state is RunState.WORKING
    was_cut_off = state is RunState.INTERRUPTED or (last is not None and last.status is RunStatus.INTERRUPTED)
    return {
        "is_under_way": is_under_way,
        "progress": progress_of(visit.installation, visit.caller, month) if is_under_way else None,
        "step_count": len(RunStep),
        "step_words": _STEP_WORDS,
        "seconds": None if began_at is None else int((now - began_at).total_seconds()),
        "interrupted": interrupted_sentence(month) if was_cut_off and not is_under_way else "",
        "failed": last.fault if last is not None and last.status is RunStatus.FAILED else "",
    }


ROUTES = (
    PageRoute("GET", "/bills", show_bills, Permission.READ, "bills"),
    PageRoute("POST", "/bills/run", run_month, Permission.CHANGE, "bills", Act.RUN_BILL, long=True),
    PageRoute("GET", "/bills/progress", show_progress, Permission.READ, "bills"),
    PageRoute("GET", "/bills/checklist", show_checklist, Permission.READ, "bills"),
    PageRoute("GET", "/bills/differences", show_differences, Permission.READ, "bills"),
    PageRoute("POST", "/bills/finalize", finalize, Permission.CHANGE, "bills", Act.FINALIZE_MONTH),
    PageRoute("POST", "/bills/correct", correct, Permission.CHANGE, "bills", Act.CORRECT_MONTH),
    PageRoute(
        "POST", "/bills/proposals/{closing_id}/approve", approve, Permission.CHANGE, "bills", Act.APPROVE_CLOSING
    ),
    PageRoute(
        "POST", "/bills/proposals/{closing_id}/withdraw", withdraw, Permission.CHANGE, "bills", Act.WITHDRAW_CLOSING
    ),
)
