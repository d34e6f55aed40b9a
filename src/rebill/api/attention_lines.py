"""Lines that a person must look at before their month is closed: listed, accepted as they are, opened again."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, ExactText
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.query import month, whole_number
from rebill.api.reconciliation import required_month
from rebill.api.route import Route
from rebill.api.shapes import UNREAD, StrictBody, Text, require_shape
from rebill.api.wire_values import UNREAD_MONTH, Id, Month
from rebill.model.attention import AcceptanceOrder
from rebill.model.audit import Act
from rebill.model.errors import Conflict, Invalid, ProgramError
from rebill.model.party import Caller
from rebill.model.rating import Attention
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission
from rebill.services.billing.accept_lines import accept_lines
from rebill.services.billing.chosen_lines import faults_of_places
from rebill.services.billing.closing_act import reason_fault
from rebill.services.billing.read_attention import list_attention
from rebill.services.billing.reopen_lines import reopen_lines
from rebill.services.parties.read_customers import faults_of_named

Done = TypeVar("Done")
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

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"billing_period": UNREAD_MONTH, "reason": UNREAD}
    unread_elements: ClassVar[Mapping[str, object]] = {"lines": UNREAD}
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {"billing_period": frozenset({"lines"})}
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
    done = _changed(accept_lines, call)
    return Answer.json(200, LinesAnswer(period=str(done.month), lines=done.accepted_count, open=done.open_counts))


def reopen(call: Call) -> Answer:
    """Take back that lines were accepted: they hold their month back again."""
    done = _changed(reopen_lines, call)
    return Answer.json(200, LinesAnswer(period=str(done.month), lines=done.reopened_count, open=done.open_counts))


def _changed(act: Callable[[Installation, Caller, AcceptanceOrder], Done], call: Call) -> Done:
    """What came of an act. Raises ``Invalid`` with every fault where the body has it."""
    require_shape(_own_faults(call))
    order = _order(call)
    try:
        return act(call.installation, call.caller, order)
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.message, _by_place_in(order, refusal.fields)) from None


def _faults(call: Call) -> dict[str, str]:
    order = _order(call)
    try:
        of_places = faults_of_places(call.installation, call.caller, order)
    except (Conflict, ProgramError):
        # It cannot be said of a month that was not run: what was asked is faulty all the same.
        of_places = {}
    return {**_own_faults(call), **_by_place_in(order, of_places)}


def _own_faults(call: Call) -> dict[str, str]:
    """What is wrong whatever the month's lines are."""
    body = call.body_as(LinesBody)
    fault = reason_fault(body.reason, required=True)
    of_reason = {} if fault is None else {"reason": fault}
    return of_reason | faults_of_named(call.installation, call.caller, body.client_api_id)


def _by_place_in(order: AcceptanceOrder, faults: Mapping[str, str]) -> dict[str, str]:
    """Faults by where the body has them, which the service names by the lines' own places."""
    of_lines = {f"lines[{at}]": faults[place] for at, place in enumerate(order.places) if place in faults}
    return {**of_lines, **{field: fault for field, fault in faults.items() if field not in order.places}}


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
        value_faults=_faults,
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
