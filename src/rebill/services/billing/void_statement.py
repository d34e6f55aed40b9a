"""Void an issued statement: everything issued for its month is taken back, and the month may be issued anew."""

from collections.abc import Sequence
from datetime import datetime

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.correction import MonthSum, corrected
from rebill.model.document import DocumentKind
from rebill.model.errors import Conflict
from rebill.model.party import Caller
from rebill.model.statement import StatementStatus
from rebill.services.acting.installation import Installation
from rebill.services.billing.closing_act import ClosingPlan, IssuedClosing, close
from rebill.services.billing.correct_month import sha256_of_corrections
from rebill.services.billing.read_statements import get_statement, unknown_statement
from rebill.store.carrying import settle_estimated
from rebill.store.closing import WaitingDocument
from rebill.store.issued_documents import (
    IssuedMonth,
    NewCorrection,
    add_corrections,
    add_void,
    issued_months,
    issued_sum,
)
from rebill.store.scope import Scope
from rebill.store.statements import find_statement


def void_statement(installation: Installation, caller: Caller, statement_id: int, reason: str) -> IssuedClosing:
    """Correct a statement, with all its notes, to 0; its month is then issued anew by finalizing it.

    What it carried forward or brought forward, and blocks of other months that stand on it, stay as they are.
    Raises ``Forbidden``, ``NotFound``, ``Invalid`` without a reason, and ``Conflict`` for what is not an issued
    statement, or is voided already.
    """
    statement = get_statement(installation, caller, statement_id).statement
    order = ClosingOrder(ClosingAct.VOID, statement.month, statement.customer_id, reason, statement_id)
    return close(installation, caller, order, plan_voiding)


def plan_voiding(_: Installation, scope: Scope, order: ClosingOrder, now: datetime) -> ClosingPlan:
    """What would be issued. ``hold_closing`` must be held."""
    issued = _issued(scope, order)
    standing = issued_sum(scope, order.month, issued)
    correction = corrected(issued.customer_id, order.month, issued.currency, MonthSum(), standing)
    note = NewCorrection(issued, correction, DocumentKind.NOTE, issued.run_id, order.reason)

    def store(now: datetime) -> Sequence[WaitingDocument]:
        # Of a total of 0 there is nothing to take back: the month begins anew without a note.
        stored = add_corrections(scope, [note] if correction.total_minor_units else [], now)
        note_id = stored[0].statement_id if stored else None
        add_void(scope, order.month, issued, note_id, order.reason, now)
        settle_estimated(scope, order.month, now, issued.customer_id)
        return stored

    return ClosingPlan(sha256_of_corrections([note]), store)


def _issued(scope: Scope, order: ClosingOrder) -> IssuedMonth:
    found = issued_months(scope, order.month, order.customer_id, order.statement_id)
    if found:
        return found[0]
    statement_id = order.statement_id or 0
    record = find_statement(scope, statement_id)
    if record is None:
        raise unknown_statement(statement_id)
    if record.document.kind is not DocumentKind.STATEMENT:
        raise Conflict("not_a_statement", f"A note is not voided: void the statement {record.document.corrects_id}.")
    if record.statement.status is not StatementStatus.FINAL:
        raise Conflict(
            "not_issued", "The statement is Estimated: every run makes it anew, so there is nothing to void."
        )
    raise Conflict("voided_already", "The statement is voided already.")
