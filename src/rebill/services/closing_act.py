"""What finalizing, correcting and voiding have in common: a checked order, a person, and what was issued."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rebill.model.closing import Closing, ClosingOrder
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.services.plain_text import composed, text_fault
from rebill.services.read_customers import unknown_customer
from rebill.store.customers import customer_name
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord, statements_of_closing

GREATEST_REASON_LENGTH = 1000


@dataclass(frozen=True)
class IssuedClosing:
    """An act and the documents it issued, without their lines, in order of their numbers; none while it waits."""

    closing: Closing
    documents: tuple[StatementRecord, ...]


def checked_closing_order(scope: Scope, order: ClosingOrder) -> ClosingOrder:
    """The order as it is kept. Raises ``Invalid`` for a reason that cannot be, ``NotFound`` for an unknown customer."""
    reason = composed(order.reason.strip())
    fault = text_fault(reason, greatest=GREATEST_REASON_LENGTH)
    if fault is not None:
        raise Invalid("invalid_reason", "Nothing was issued: correct the reason.", {"reason": fault})
    # A deleted customer's days are still billed.
    if order.customer_id is not None and customer_name(scope, order.customer_id, even_deleted=True) is None:
        raise unknown_customer(order.customer_id)
    return replace(order, reason=reason)


def person_of(caller: Caller) -> str:
    """Who acts, as closings keep it."""
    return "command line" if caller.key_id is None else f"key {caller.key_id}"


def closing_details(done: IssuedClosing) -> Mapping[str, object]:
    """What the audit trail keeps of an act that issued documents."""
    closing = done.closing
    return {
        "period": closing.order.month,
        "reason": closing.order.reason,
        "overridden": [blocker.kind for blocker in closing.blockers],
        "documents": {str(one.statement_id): _shown(one) for one in done.documents},
    }


def _shown(record: StatementRecord) -> str:
    return f"{record.statement.price_text} {record.statement.currency} {record.document.invoice_id}".strip()


def closed_documents(scope: Scope, closing: Closing) -> tuple[StatementRecord, ...]:
    """What an act issued."""
    return tuple(statements_of_closing(scope, closing.closing_id))
