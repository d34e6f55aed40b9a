"""A month beside what the tool that billed before made of it: what a parallel run is judged by."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from rebill.api.answer_shapes import AnswerShape, ExactText
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.query import month
from rebill.api.reconciliation import required_month
from rebill.api.route import Route
from rebill.api.shapes import StrictBody, require_shape, shape_fault
from rebill.api.texts import encoding_fault
from rebill.api.wire_schemas import SeveralLinesSchema
from rebill.model.comparison import ComparedTotal
from rebill.model.currencies import minor_digits
from rebill.model.errors import Invalid
from rebill.model.money import shortest_text
from rebill.services.acting.permission import Permission
from rebill.services.billing.compare_totals import compare_given_totals, require_totals

_PERIOD, _TOTALS = "billing_period", "totals"


def _read_totals(value: object) -> str:
    if not isinstance(value, str):
        raise shape_fault("must be text: CSV with the columns customer, currency, total")
    fault = encoding_fault(value)
    if fault:
        raise shape_fault(fault)
    return value


class FormerTotalsBody(StrictBody):
    """What the tool that billed before made of the month."""

    totals: Annotated[
        str,
        BeforeValidator(_read_totals, json_schema_input_type=SeveralLinesSchema),
        Field(description="CSV with the columns `customer` (a name or a `client_api_id`), `currency` and `total`."),
    ]


class ComparedTotalAnswer(AnswerShape):
    """A customer and currency on both sides."""

    customer_id: Annotated[int | None, Field(description="`null`: rebill knows no such customer.")]
    customer: str
    currency: str
    former: Annotated[str | None, Field(description="`null`: the former tool has none.")]
    rebill: Annotated[str | None, Field(description="`null`: there is no statement.")]
    difference: Annotated[ExactText, Field(description="What rebill bills more; below 0: less.")]
    missing: Annotated[str | None, Field(description="The side that has none, `former` or `rebill`.")]

    @classmethod
    def of(cls, one: ComparedTotal) -> "ComparedTotalAnswer":
        """The answer of a comparison, as calls and commands show it."""
        digits = minor_digits(one.currency)
        former, stated = (
            None if amount is None else shortest_text(amount, digits) for amount in (one.former, one.stated)
        )
        return cls(
            customer_id=one.customer_id,
            customer=one.customer,
            currency=one.currency,
            former=former,
            rebill=stated,
            difference=shortest_text(one.difference, digits),
            missing="rebill" if stated is None else "former" if former is None else None,
        )


class MonthComparisonAnswer(AnswerShape):
    """A month's statements beside the former tool's totals."""

    billing_period: str
    same: Annotated[int, Field(description="How many of the totals are the same on both sides.")]
    totals: list[ComparedTotalAnswer]


def compare(call: Call) -> Answer:
    """A parallel run: each customer's total of a month beside what the tool that billed before made of it.

    The body is the CSV itself, sent as `text/csv`, or JSON with the CSV in `totals`. Several rows of one customer and
    currency are added up; who is on one side only is named. Nothing is stored.
    """
    of_totals = {} if call.parameters.month(_PERIOD) is not None else _faults(call)
    if of_totals:
        require_shape({_PERIOD: "is required", **of_totals})
    try:
        found = compare_given_totals(
            call.installation, call.caller, required_month(call), call.body_as(FormerTotalsBody).totals
        )
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.message, _fields_of(refusal)) from None
    wanted = call.filter_customer_id
    totals = [ComparedTotalAnswer.of(one) for one in found if wanted in (None, one.customer_id)]
    same = sum(one.missing is None and one.former == one.rebill for one in totals)
    return Answer.json(200, MonthComparisonAnswer(billing_period=str(required_month(call)), same=same, totals=totals))


def _faults(call: Call) -> Mapping[str, str]:
    try:
        require_totals(call.body_as(FormerTotalsBody).totals)
    except Invalid as refusal:
        return _fields_of(refusal)
    return {}


def _fields_of(refusal: Invalid) -> Mapping[str, str]:
    """What is wrong with the totals, by where it stands in the body."""
    if refusal.code != "invalid_totals":
        return refusal.fields
    return {f"{_TOTALS}[{place}]": fault for place, fault in refusal.fields.items()} or {_TOTALS: refusal.message}


ROUTES = (
    Route(
        "PUT",
        "/v1/month_comparison",
        Permission.CHANGE,
        compare,
        "Compare a month with the former tool's totals",
        {200: MonthComparisonAnswer},
        (month(_PERIOD, "The billing month; required."),),
        body=FormerTotalsBody,
        csv_field=_TOTALS,
        value_faults=_faults,
    ),
)
