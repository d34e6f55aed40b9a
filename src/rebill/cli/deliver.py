"""``rebill deliver``: issued documents brought to customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthFilter, PartnerOption, ReasonOption
from rebill.cli.output import Document, Heading
from rebill.cli.session import changing_session
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.document_delivery import DeliveryState, DeliveryWay
from rebill.model.errors import RebillError
from rebill.model.months import BillingMonth, instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rebill.cli.output import Output
    from rebill.cli.session import Session
    from rebill.model.document_delivery import DocumentDelivery, IssuedBesideDeliveries


_OPEN = (DeliveryState.FAILED, DeliveryState.UNSURE)
"""What somebody has to look at. What waits has no number yet, or waits for what failed."""
_NAMED = 5
_LACKING = {DeliveryWay.FOLDER: "no folder", DeliveryWay.EMAIL: "no address"}
_PLACES = {DeliveryWay.FOLDER: "folder", DeliveryWay.EMAIL: "mail server"}
_GIVING = {
    DeliveryWay.FOLDER: "rebill customers update CLIENT_API_ID --folder PATH",
    DeliveryWay.EMAIL: "rebill customers details CLIENT_API_ID --email ADDRESSES",
}


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
    from rebill.services.delivering.deliver_documents import (
        DeliveryOrder,
        deliver_documents,
        list_deliveries,
        read_issued_beside_deliveries,
    )

    with changing_session(Act.DELIVER_DOCUMENTS, partner, as_json, reason) as session:
        order = DeliveryOrder(period, customer, again)
        before = list_deliveries(session.installation, session.caller, order)
        with session.output.working("Delivering documents"):
            found = deliver_documents(session.installation, session.caller, order)
        session.output.answer({"deliveries": [delivery_document(one) for one in found]})
        issued = read_issued_beside_deliveries(session.installation, session.caller, order)
        ways = session.installation.settings.delivery.ways
        _show(session.output, found, _why_not_delivered(issued, ways, period, before, found))
    if any(one.state in _OPEN for one in found):
        raise typer.Exit(1)


def deliver_issued(session: Session, month: BillingMonth, customer_id: int | None) -> None:
    """Deliver what was issued just now, where the settings say where to; what fails is said, and undoes nothing."""
    if not session.installation.settings.delivery.ways:
        return
    from rebill.services.delivering.deliver_documents import DeliveryOrder, deliver_documents

    try:
        found = deliver_documents(session.installation, session.caller, DeliveryOrder(month, customer_id))
    except RebillError as error:
        session.output.warn(f"The documents stand, and were not delivered: {error.message}")
        return
    open_ = [one for one in found if one.state in _OPEN]
    done = [one for one in found if one.state is DeliveryState.DELIVERED]
    session.output.say(f"Documents of {month} delivered: {len(done):,}.")
    for one in open_:
        session.output.warn(f"Document {one.statement_id}, {one.way.value}: {one.state.value}. {one.fault}")


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
        "due_at": None if delivery.due_at is None else instant_text(delivery.due_at),
    }


def _why_not_delivered(
    issued: IssuedBesideDeliveries,
    ways: Sequence[DeliveryWay],
    month: BillingMonth | None,
    before: Sequence[DocumentDelivery],
    found: Sequence[DocumentDelivery],
) -> Iterator[str]:
    """Why issued documents did not leave, or of which nobody knows, and what to do about it."""
    yield from _unsure(found)
    of_month = "" if month is None else f" of {month}"
    if not issued.issued:
        yield f"No document{of_month} is issued: rebill bill finalize --period {month or 'YYYY-MM'} issues a month's."
    if issued.without_number:
        waiting = counted(issued.without_number, "document waits for its", "documents wait for their")
        numbers, gives = ("number", "it") if issued.without_number == 1 else ("numbers", "each its own")
        yield f"{waiting} {numbers}: rebill statements number ID NUMBER gives {gives}."
    for way in ways:
        # A place that takes nothing is asked once.
        if untried := issued.waiting.get(way):
            wait, them = counted(untried, "document waits", "documents wait"), "it" if untried == 1 else "them"
            yield f"{wait} for the {_PLACES[way]}, which takes nothing now: rebill deliver brings {them} when it does."
    if issued.without_place:
        nowhere = counted(sum(issued.without_place.values()), "document has", "documents have")
        ids = list(issued.without_place)
        named = _named(ids)
        whose = f"customer {named} has" if len(ids) == 1 else f"customers {named} have"
        lacks = "neither a folder nor an address" if len(ways) > 1 else _LACKING[ways[0]]
        yield f"{nowhere} nowhere to go: {whose} {lacks}. {' or '.join(_GIVING[way] for way in ways)} gives one."
    elif issued.issued and not issued.without_number and before == found and _are_delivered(found):
        yield "Nothing left now: everything was delivered before."


def _unsure(found: Sequence[DocumentDelivery]) -> Iterator[str]:
    ids = sorted({one.statement_id for one in found if one.state is DeliveryState.UNSURE})
    if ids:
        unsure, again = counted(len(ids), "document is", "documents are"), ids[0] if len(ids) == 1 else "ID"
        yield (
            f"{unsure} unsure: {_named(ids)}. Nobody knows what arrived: look, and "
            f"rebill deliver --again {again} sends once more what did not."
        )


def _are_delivered(found: Sequence[DocumentDelivery]) -> bool:
    return all(one.state is DeliveryState.DELIVERED for one in found)


def _named(ids: Sequence[int]) -> str:
    others = len(ids) - _NAMED
    return ", ".join(map(str, ids[:_NAMED])) + (f" and {others:,} more" if others > 0 else "")


def _show(output: Output, found: Sequence[DocumentDelivery], reasons: Iterable[str]) -> None:
    names = ("statement_id", "way", "target", "state", "attempts", "fault")
    documents = [delivery_document(one) for one in found]
    rows = [[str(document[name]) for name in names] for document in documents]
    output.table([Heading(name.replace("_", " "), right=name in ("statement_id", "attempts")) for name in names], rows)
    told = list(reasons)
    if told:
        output.say()
    for sentence in told:
        output.say(sentence)
    output.next_step(
        "rebill deliver tries again what failed; rebill deliver --again ID sends once more what is unsure."
    )
