"""``rebill deliver``: issued documents brought to customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthFilter, PartnerOption, ReasonOption
from rebill.cli.output import Document, Heading
from rebill.cli.session import changing_session
from rebill.model.audit import Act
from rebill.model.document_delivery import DeliveryState
from rebill.model.months import instant_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.cli.output import Output
    from rebill.model.document_delivery import DocumentDelivery


def deliver(
    period: MonthFilter = None,
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="Only this customer's documents.")
    ] = None,
    again: Annotated[
        int | None,
        typer.Option("--again", metavar="ID", help="Once more what nobody knows the end of: a document's id."),
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deliver every issued document that was not delivered yet; nothing is ever sent twice."""
    from rebill.services.delivering.deliver_documents import DeliveryOrder, deliver_documents

    with changing_session(Act.DELIVER_DOCUMENTS, partner, as_json, reason) as session:
        order = DeliveryOrder(period, customer, again)
        with session.output.working("Delivering documents"):
            found = deliver_documents(session.installation, session.caller, order)
        session.output.answer({"deliveries": [delivery_document(one) for one in found]})
        _show(session.output, found)
    if any(one.state is not DeliveryState.DELIVERED for one in found):
        raise typer.Exit(1)


def delivery_document(delivery: DocumentDelivery) -> Document:
    """A delivery as ``--json`` shows it."""
    return {
        "statement_id": delivery.statement_id,
        "customer_id": delivery.customer_id,
        "way": delivery.way.value,
        "target": delivery.target,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "fault": delivery.fault,
        "changed_at": instant_text(delivery.changed_at),
    }


def _show(output: Output, found: Sequence[DocumentDelivery]) -> None:
    names = ("statement_id", "way", "target", "state", "attempts", "fault")
    documents = [delivery_document(one) for one in found]
    rows = [[str(document[name]) for name in names] for document in documents]
    output.table([Heading(name.replace("_", " "), right=name in ("statement_id", "attempts")) for name in names], rows)
    output.next_step(
        "rebill deliver tries again what failed; rebill deliver --again ID sends once more what is unsure."
    )
