"""Deliveries of issued documents: what waits, what arrived, what failed and why."""

from typing import Annotated

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, Instant, OptionalInstant
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.pointing import Sentence
from rebill.api.query import choice, month, whole_number
from rebill.api.route import Route
from rebill.model.document_delivery import DeliveryFilter, DeliveryState, DeliveryWay, ListedDelivery
from rebill.services.acting.permission import Permission
from rebill.services.delivering.read_deliveries import read_deliveries

_GREATEST_COUNT = 1_000
_USUAL_COUNT = 100
_PARAMETERS = (
    month("billing_period", "Only documents of this billing month."),
    choice("state", "Only deliveries in this state.", tuple(DeliveryState)),
    whole_number("limit", f"How many are listed; {_USUAL_COUNT} unless given.", 1, _GREATEST_COUNT),
)


class DocumentDeliveryAnswer(AnswerShape):
    """A document's delivery by one way."""

    statement_id: int
    client_api_id: int
    billing_period: str
    invoice_id: Annotated[str | None, Field(description="The document's number; `null` while it has none.")]
    way: Annotated[str, Field(description=f"Of {', '.join(DeliveryWay)}.")]
    target: Annotated[str, Field(description="The path or the addresses.")]
    state: Annotated[str, Field(description=f"Of {', '.join(DeliveryState)}.")]
    attempts: Annotated[int, Field(description="In how many rounds it was tried.")]
    fault: Annotated[
        Sentence, Field(description="Why it failed last, or what is told of it although it arrived; empty else.")
    ]
    changed_at: Instant
    due_at: Annotated[OptionalInstant, Field(description="When a server brings it; `null`: not by itself.")]

    @classmethod
    def of(cls, listed: ListedDelivery) -> "DocumentDeliveryAnswer":
        """The answer of a delivery."""
        one = listed.delivery
        return cls(
            statement_id=one.statement_id,
            client_api_id=one.customer_id,
            billing_period=str(listed.month),
            invoice_id=listed.invoice_id or None,
            way=one.way.value,
            target=one.target,
            state=one.state.value,
            attempts=one.attempts,
            fault=one.fault,
            changed_at=one.changed_at,
            due_at=one.due_at,
        )


class DocumentDeliveryList(AnswerShape):
    """Deliveries, the last changed first; ``counts``: how many there are of each state, listed or not."""

    counts: dict[str, int]
    document_deliveries: list[DocumentDeliveryAnswer]


def list_all(call: Call) -> Answer:
    """What became of issued documents that are brought to customers, the last changed first."""
    state, limit = call.parameters.text("state"), call.parameters.number("limit")
    wanted = DeliveryFilter(
        call.parameters.month("billing_period"),
        call.filter_customer_id,
        None if state is None else DeliveryState(state),
    )
    found = read_deliveries(call.installation, call.caller, wanted, _USUAL_COUNT if limit is None else limit)
    counts = {state.value: count for state, count in found.counts.items()}
    listed = [DocumentDeliveryAnswer.of(one) for one in found.deliveries]
    return Answer.json(200, DocumentDeliveryList(counts=counts, document_deliveries=listed))


ROUTES = (
    Route(
        "GET",
        "/v1/document_deliveries",
        Permission.READ,
        list_all,
        "List deliveries of documents",
        {200: DocumentDeliveryList},
        _PARAMETERS,
    ),
)
