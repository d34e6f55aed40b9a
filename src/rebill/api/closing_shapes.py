"""Closing months as it is asked for and answered."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, ExactText, Instant
from rebill.api.pointing import Sentence
from rebill.api.shapes import UNREAD, StrictBody, Text
from rebill.api.wire_values import UNREAD_MONTH, Id, Month
from rebill.model.closing import Blocker, Closing, ClosingAct
from rebill.model.money import kept_amount, text_of
from rebill.services.billing.closing_act import IssuedClosing
from rebill.store.statements import StatementRecord

_Customer = Annotated[Id | None, Field(description="Only this customer's documents; every customer's unless given.")]


class FinalizeBody(StrictBody):
    """A month to be issued."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"billing_period": UNREAD_MONTH}
    billing_period: Month
    client_api_id: _Customer = None
    override: Annotated[
        Text, Field(description="Why whatever stands in the way does not hold the month back; it is kept.")
    ] = ""


class CorrectBody(StrictBody):
    """An issued month to be corrected."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"billing_period": UNREAD_MONTH, "reason": UNREAD}
    billing_period: Month
    reason: Annotated[Text, Field(description="Why; every note that comes of it names it.")]
    client_api_id: _Customer = None


class VoidBody(StrictBody):
    """Why a statement is taken back."""

    reason: Annotated[Text, Field(description="Why; the note that comes of it names it.")]


class NumberBody(StrictBody):
    """The number of an issued document."""

    invoice_id: Annotated[Text, Field(description="As the partner's own system gave it.")]


class OverriddenAnswer(AnswerShape):
    """What stood in the way, and was overridden."""

    blocker: str
    sentence: Sentence

    @classmethod
    def of(cls, blocker: Blocker) -> "OverriddenAnswer":
        """The answer of a blocker."""
        return cls(blocker=blocker.kind.value, sentence=blocker.sentence)


class StatementRowAnswer(AnswerShape):
    """A document in one row: its price in minor digits, all else exact."""

    customer_id: int
    customer: str
    period: str
    currency: str
    partner_cost: ExactText
    price: Annotated[str, Field(description="Decimal text with the currency's minor digits.")]
    margin: ExactText
    lines: int
    status: str
    statement_id: int
    document_type: str
    invoice_id: str
    corrects: int | None

    @classmethod
    def of(cls, record: StatementRecord) -> "StatementRowAnswer":
        """The answer of a document."""
        statement, document = record.statement, record.document
        return cls(
            customer_id=statement.customer_id,
            customer=record.customer_name,
            period=str(statement.month),
            currency=statement.currency,
            partner_cost=text_of(kept_amount(statement.statement_cost)),
            price=statement.price_text,
            margin=text_of(kept_amount(statement.margin)),
            lines=record.line_count,
            status=statement.status.value,
            statement_id=record.statement_id,
            document_type=document.type_of(statement.total_minor_units).value,
            invoice_id=document.invoice_id,
            corrects=document.corrects_id,
        )


class ClosingAnswer(AnswerShape):
    """An act that issued documents, or waits for a second person."""

    waits_for_approval: Annotated[bool, Field(description="Nothing is issued before a second person approves it.")]
    closing_id: Annotated[int | None, Field(description="`null`: there was nothing to issue.")]
    act: Annotated[str, Field(description=f"Of {', '.join(ClosingAct)}.")]
    period: str
    customer_id: int | None
    reason: str
    overridden: list[OverriddenAnswer]
    documents: Annotated[list[StatementRowAnswer], Field(description="What was issued, by number.")]
    blocks: Annotated[
        list[StatementRowAnswer], Field(description="Corrections that will stand on the customers' next statements.")
    ]

    @classmethod
    def of(cls, done: IssuedClosing) -> "ClosingAnswer":
        """The answer of an act."""
        return cls(
            waits_for_approval=done.waits,
            closing_id=None if done.closing is None else done.closing.closing_id,
            act=done.order.act.value,
            period=str(done.order.month),
            customer_id=done.order.customer_id,
            reason=done.order.reason,
            overridden=[OverriddenAnswer.of(blocker) for blocker in done.overridden],
            documents=[StatementRowAnswer.of(record) for record in done.documents],
            blocks=[StatementRowAnswer.of(record) for record in done.blocks],
        )


class ProposalAnswer(AnswerShape):
    """What waits for a second person."""

    closing_id: int
    act: Annotated[str, Field(description=f"Of {', '.join(ClosingAct)}.")]
    period: str
    customer_id: Annotated[int | None, Field(description="`null`: every customer's documents.")]
    statement_id: Annotated[int | None, Field(description="What a void takes back.")]
    reason: str
    overridden: list[OverriddenAnswer]
    requested_by: Annotated[str, Field(description="A user, a key, or somebody at the command line.")]
    requested_at: Instant

    @classmethod
    def of(cls, closing: Closing) -> "ProposalAnswer":
        """The answer of an act that waits."""
        order = closing.order
        return cls(
            closing_id=closing.closing_id,
            act=order.act.value,
            period=str(order.month),
            customer_id=order.customer_id,
            statement_id=order.statement_id,
            reason=order.reason,
            overridden=[OverriddenAnswer.of(blocker) for blocker in closing.blockers],
            requested_by=closing.requested_by,
            requested_at=closing.requested_at,
        )


class ProposalList(AnswerShape):
    """What waits, in the order in which it was asked for."""

    closing_proposals: list[ProposalAnswer]
