"""What finalizing, correcting and voiding have in common: planned, perhaps approved by a second person, carried out."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.closing import Blocker, Closing, ClosingAct, ClosingOrder
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, text_fault
from rebill.services.parties.read_customers import unknown_customer
from rebill.services.runs.run_manifest import canonical_json
from rebill.store.closing import WaitingDocument, closing_settings_of, hold_closing, issue
from rebill.store.closings import add_closing, waiting_closings, withdraw_waiting
from rebill.store.customers import customer_name
from rebill.store.document_deliveries import order_deliveries
from rebill.store.particulars import keep_issued_particulars
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord, blocks_waiting, statements_of_closing

GREATEST_REASON_LENGTH = 1000


@dataclass(frozen=True)
class ClosingPlan:
    """What an act would do.

    ``blockers``: what stood in its way and is overridden. ``documents_sha256``: of everything it would issue.
    ``store``: puts what is to be issued into the record, and answers it in the order of its numbers.
    """

    documents_sha256: str
    store: Callable[[datetime], Sequence[WaitingDocument]]
    blockers: tuple[Blocker, ...] = ()


Planner = Callable[[Installation, Scope, ClosingOrder, datetime], ClosingPlan | None]
"""Plans an act from the record as it is now; ``None`` where there is nothing to do."""


@dataclass(frozen=True)
class IssuedClosing:
    """What was ordered, the act (``None``: there was nothing to do), and the documents it issued, by their numbers.

    Documents are without lines; there are none while the act waits for a second person. ``blocks``: corrections of
    the month that wait for a statement to stand on.
    """

    order: ClosingOrder
    closing: Closing | None
    documents: tuple[StatementRecord, ...] = ()
    blocks: tuple[StatementRecord, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether nothing is issued before a second person approves it."""
        return self.closing is not None and self.closing.waits

    @property
    def overridden(self) -> tuple[Blocker, ...]:
        """What stood in the way of what was done."""
        return () if self.closing is None else self.closing.blockers


def close(installation: Installation, caller: Caller, order: ClosingOrder, planner: Planner) -> IssuedClosing:
    """Carry out an act that issues documents, or ask for it where a second person approves. All or nothing."""
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> IssuedClosing:
        scope = Scope.of(connection, caller)
        hold_closing(scope)
        checked = _checked(scope, order)
        plan = planner(installation, scope, checked, now)
        if plan is None:
            return IssuedClosing(checked, None)
        waits = closing_settings_of(scope).needs_approval
        if waits:
            # Whoever asks again means what the month is now.
            same = [one.closing_id for one in waiting_closings(scope) if is_for_the_same(one.order, checked)]
            withdraw_waiting(scope, same, now)
        person = person_of(caller)
        closing = add_closing(scope, checked, plan.blockers, plan.documents_sha256, person, now, waits=waits)
        done = IssuedClosing(checked, closing) if waits else carried_out(installation, scope, closing, plan, now)
        act_name, subject_id = _audited(done)
        record_change(
            scope, caller, act_name, subject_id, now, after=closing_details(done), customer_id=order.customer_id
        )
        return done

    return installation.database.write(act)


def is_for_the_same(one: ClosingOrder, other: ClosingOrder) -> bool:
    """Whether two orders would do the same, for whatever reason."""
    return replace(one, reason="") == replace(other, reason="")


def carried_out(
    installation: Installation, scope: Scope, closing: Closing, plan: ClosingPlan, now: datetime
) -> IssuedClosing:
    """Issue what ``plan`` says, as part of ``closing``, and order its delivery."""
    documents = plan.store(now)
    numbering = closing_settings_of(scope).numbering
    today = today_of(now)
    issue(scope, documents, today, numbering, closing.closing_id, now)
    shown = keep_issued_particulars(scope, documents, today)
    order_deliveries(scope, installation.settings.delivery.ways, shown, now)
    issued = statements_of_closing(scope, closing.closing_id)
    blocks = blocks_waiting(scope, closing.order.month)
    return IssuedClosing(closing.order, closing, tuple(issued), tuple(blocks))


def reason_fault(reason: str, required: bool) -> str | None:
    """What is wrong with a reason that is kept."""
    return text_fault(composed(reason.strip()), required=required, greatest=GREATEST_REASON_LENGTH)


def _checked(scope: Scope, order: ClosingOrder) -> ClosingOrder:
    reason = composed(order.reason.strip())
    fault = reason_fault(order.reason, order.act.needs_reason)
    if fault is not None:
        raise Invalid("invalid_reason", "Nothing was issued: give the reason.", {"reason": fault})
    # A deleted customer's days are still billed.
    if order.customer_id is not None and customer_name(scope, order.customer_id, even_deleted=True) is None:
        raise unknown_customer(order.customer_id)
    return replace(order, reason=reason)


USER: Final = "user "
"""How a person begins who is a user."""


def person_of(caller: Caller) -> str:
    """Who acts, as closings keep it: two keys of one user are one person."""
    if caller.user_id is not None:
        return f"{USER}{caller.user_id}"
    if caller.key_id is not None:
        return f"key {caller.key_id}"
    return f"{caller.occasion.operating_system_user or 'somebody'} at the command line"


def _audited(done: IssuedClosing) -> tuple[Act, int | None]:
    """The act as the audit trail names it, and what it is about."""
    closing_id = None if done.closing is None else done.closing.closing_id
    if done.waits:
        return Act.PROPOSE_CLOSING, closing_id
    return {
        ClosingAct.FINALIZE: (Act.FINALIZE_MONTH, closing_id),
        ClosingAct.CORRECT: (Act.CORRECT_MONTH, closing_id),
        ClosingAct.VOID: (Act.VOID_STATEMENT, done.order.statement_id),
    }[done.order.act]


def closing_details(done: IssuedClosing) -> Mapping[str, object]:
    """What the audit trail keeps of an act that issued documents."""
    return {
        "act": done.order.act,
        "period": done.order.month,
        "reason": done.order.reason,
        "overridden": [blocker.kind for blocker in done.overridden],
        "documents": {str(one.statement_id): _shown(one) for one in done.documents},
        "blocks": {str(one.statement_id): _shown(one) for one in done.blocks},
    }


def _shown(record: StatementRecord) -> str:
    return f"{record.statement.price_text} {record.statement.currency} {record.document.invoice_id}".strip()


def sha256_of(told: object) -> str:
    """The hash of what an act would issue."""
    return hashlib.sha256(canonical_json(told)).hexdigest()
