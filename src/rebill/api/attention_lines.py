"""Lines that a person must look at before their month is closed: listed, accepted as they are, opened again."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, ExactText
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.query import month, whole_number
from rebill.api.reconciliation import required_month
from rebill.api.route import Route
from rebill.api.shapes import StrictBody, Text
from rebill.api.wire_values import Id, Month
from rebill.model.attention import AcceptanceOrder
from rebill.model.audit import Act
from rebill.model.rating import Attention
from rebill.services.acting.permission import Permission
from rebill.services.billing.accept_lines import accept_lines
from rebill.services.billing.read_attention import list_attention
from rebill.services.billing.reopen_lines import reopen_lines

_GREATEST_COUNT = 1_000
_PERIOD = month("billing_period", "The billing month; required.")
_LIMIT = whole_number("limit", "How many lines are listed; 100 unless given.", 1, _GREATEST_COUNT)
_Counts = Annotated[dict[str, int], Field(description="Lines by kind.")]


class AttentionLineAnswer(AnswerShape):
    """A line that needs attention, and where it stands."""

    kind: str
    line: Annotated[str, Field(description="`FILE:ROW`, as acceptances name it.")]
    dataset_id: int
    customer_id: int | None
    subscription: str | None
    azure_customer_id: str | None
    charge_period_start: str
    charge_period_end: str | None
    billed_cost: ExactText
    currency: str
    accepted: bool


class AttentionListAnswer(AnswerShape):
    """The lines of a month's last run that need attention, the open ones first."""

    period: str
    run_id: int
    attention: _Counts
    open_attention: _Counts
    lines: list[AttentionLineAnswer]


class LinesBody(StrictBody):
    """Which lines are meant, and why; what is left out does not narrow them down."""

    billing_period: Month
    reason: Text
    kind: Annotated[Attention | None, Field(description=f"Of {', '.join(Attention)}.")] = None
    client_api_id: Id | None = None
    lines: Annotated[
        list[Text],
        Field(default_factory=list, max_length=_GREATEST_COUNT, description="`FILE:ROW` of single lines."),
    ]

    def order(self, customer_id: int | None) -> AcceptanceOrder:
        """The order that this body is, for the lines of a customer or of all."""
        return AcceptanceOrder(self.billing_period, self.reason, self.kind, customer_id, tuple(self.lines))


class LinesAnswer(AnswerShape):
    """How many lines an act changed, and what is open now."""

    period: str
    lines: int
    open: _Counts


def list_all(call: Call) -> Answer:
    """The lines of a month's last run that hold it back until they are mended or accepted."""
    limit = call.parameters.number("limit")
    count = 100 if limit is None else limit
    found = list_attention(call.installation, call.caller, required_month(call), count, call.filter_customer_id)
    return Answer.json(200, AttentionListAnswer.model_validate(found.document()))


def accept(call: Call) -> Answer:
    """Accept open lines as they are. Later runs know them again; a line that is new or another customer's is open."""
    done = accept_lines(call.installation, call.caller, _order(call))
    return Answer.json(200, LinesAnswer(period=str(done.month), lines=done.accepted_count, open=done.open_counts))


def reopen(call: Call) -> Answer:
    """Take back that lines were accepted: they hold their month back again."""
    done = reopen_lines(call.installation, call.caller, _order(call))
    return Answer.json(200, LinesAnswer(period=str(done.month), lines=done.reopened_count, open=done.open_counts))


def _order(call: Call) -> AcceptanceOrder:
    body = call.body_as(LinesBody)
    return body.order(call.customer_or_filter(body.client_api_id))


def _changing(name: str, handler: Callable[[Call], Answer], summary: str, act: Act) -> Route:
    return Route(
        "PUT",
        f"/v1/attention_lines/{name}",
        Permission.CHANGE,
        handler,
        summary,
        {200: LinesAnswer},
        body=LinesBody,
        act=act,
        may_conflict=True,
    )


ROUTES = (
    Route(
        "GET",
        "/v1/attention_lines",
        Permission.READ,
        list_all,
        "List lines that need attention",
        {200: AttentionListAnswer},
        (_PERIOD, _LIMIT),
        may_conflict=True,
    ),
    _changing("accept", accept, "Accept lines as they are", Act.ACCEPT_LINES),
    _changing("reopen", reopen, "Take back that lines were accepted", Act.REOPEN_LINES),
)
