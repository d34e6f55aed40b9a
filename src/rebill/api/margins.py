"""Margins of the partner's documents: never a customer's own call."""

from typing import Annotated

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, ExactText
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.query import choice, month
from rebill.api.route import Route
from rebill.model.margin import Margin, MarginsBy
from rebill.model.money import kept_amount, text_of
from rebill.services.acting.permission import Permission
from rebill.services.proof.read_margins import MarginsOrder, read_margins

_PARAMETERS = (
    choice("by", "What margins are told by; customer unless given.", tuple(MarginsBy)),
    month("billing_period", "Only of this billing month; by service and by rule it must be given."),
)


class MarginAnswer(AnswerShape):
    """What documents come to, what they cost, and the difference; of names only those that the report is by."""

    customer_id: int | None
    customer: str | None
    service: str | None
    billing_period: str | None
    price_book: str | None
    rule: str | None
    currency: str
    price: ExactText
    cost: ExactText
    margin: ExactText
    margin_percentage: Annotated[str | None, Field(description="Of the price, two decimals; null at price 0.")]

    @classmethod
    def of(cls, found: Margin) -> "MarginAnswer":
        """The answer of a row."""
        return cls(
            customer_id=found.customer_id,
            customer=found.customer_name,
            service=found.service,
            billing_period=None if found.month is None else str(found.month),
            price_book=found.price_book,
            rule=found.rule,
            currency=found.currency,
            price=text_of(kept_amount(found.price)),
            cost=text_of(kept_amount(found.cost)),
            margin=text_of(kept_amount(found.margin)),
            margin_percentage=None if found.percent is None else text_of(found.percent),
        )


class MarginList(AnswerShape):
    """A report."""

    margins: list[MarginAnswer]


def list_margins(call: Call) -> Answer:
    """What documents come to, what they cost the partner, and the difference; never for a customer's own key.

    By service and by rule a `billing_period` must be given.
    """
    by = MarginsBy(call.parameters.text("by") or MarginsBy.CUSTOMER)
    order = MarginsOrder(by, call.parameters.month("billing_period"), call.filter_customer_id)
    found = read_margins(call.installation, call.caller, order)
    return Answer.json(200, MarginList(margins=[MarginAnswer.of(one) for one in found]))


ROUTES = (
    Route(
        "GET",
        "/v1/margins",
        Permission.READ,
        list_margins,
        "Show margins by customer, service, month or rule",
        {200: MarginList},
        _PARAMETERS,
    ),
)
