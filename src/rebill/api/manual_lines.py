"""Manual lines: enter, list, show, withdraw."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, Instant, OptionalInstant
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.query import month
from rebill.api.resource import Resource
from rebill.api.shapes import StrictBody, Text
from rebill.api.wire_values import Id, Month, Number
from rebill.model.audit import Act
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.money import shortest_text
from rebill.services.costs.enter_manual_line import enter_manual_line, manual_line_faults
from rebill.services.costs.read_manual_lines import get_manual_line, list_manual_lines
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line

_LINE_ID = "manual_line_id"
PERIOD = month("billing_period", "Only entries of this billing month.")


class ManualLineBody(StrictBody):
    """A line to be entered."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {
        "client_api_id": 1,
        "billing_period": "2999-12",
        "amount": 1,
        "reason": "unread",
    }

    client_api_id: Id
    billing_period: Month
    amount: Annotated[Number, Field(description="Before tax, either sign.")]
    reason: Annotated[Text, Field(description="What the customer reads on the statement.")]
    currency: Annotated[Text | None, Field(description="ISO 4217; the customer's home currency unless given.")] = None
    cost: Annotated[Number | None, Field(description="What the partner pays for it; no customer sees it.")] = None
    invoice_id: Annotated[Text, Field(description="The Microsoft invoice that it belongs to.")] = ""

    def new_line(self) -> NewManualLine:
        """The line that is asked for."""
        return NewManualLine(
            self.client_api_id,
            self.billing_period,
            self.amount,
            self.reason,
            self.currency,
            self.cost,
            self.invoice_id,
        )


class ManualLineAnswer(AnswerShape):
    """An entry; ``entry_number`` is the ``reference`` of its line on the statement."""

    id: int
    entry_number: int
    client_api_id: int
    billing_period: str
    amount: str
    reason: str
    currency: Annotated[str | None, Field(description="`null`: the customer's home currency.")]
    cost: str | None
    invoice_id: str
    created_at: Instant
    withdrawn_at: OptionalInstant


class ManualLineList(AnswerShape):
    """A page of entries, by their numbers."""

    manual_lines: list[ManualLineAnswer]


def enter(call: Call) -> Answer:
    """Enter a line."""
    line = enter_manual_line(call.installation, call.caller, call.body_as(ManualLineBody).new_line())
    return Answer.json(201, manual_line_answer(line))


def list_all(call: Call) -> Answer:
    """List the entries."""
    period = call.parameters.month("billing_period")
    listing = list_manual_lines(
        call.installation, call.caller, page_of(call.parameters), call.filter_customer_id, period
    )
    return list_answer(call, ManualLineList(manual_lines=[manual_line_answer(line) for line in listing.items]), listing)


def get(call: Call) -> Answer:
    """Show one entry."""
    line = get_manual_line(call.installation, call.caller, call.ids[_LINE_ID], call.filter_customer_id)
    return Answer.json(200, manual_line_answer(line))


def withdraw(call: Call) -> Answer:
    """Withdraw an entry."""
    withdraw_manual_line(call.installation, call.caller, call.ids[_LINE_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def manual_line_answer(line: ManualLine) -> ManualLineAnswer:
    """An entry as calls and commands show it; amounts exact."""
    entered = line.entered
    return ManualLineAnswer(
        id=line.manual_line_id,
        entry_number=line.entry_number,
        client_api_id=entered.customer_id,
        billing_period=str(entered.month),
        amount=shortest_text(entered.amount),
        reason=entered.reason,
        currency=entered.currency,
        cost=None if entered.cost is None else shortest_text(entered.cost),
        invoice_id=entered.invoice_id,
        created_at=line.entered_at,
        withdrawn_at=line.withdrawn_at,
    )


def _faults(call: Call) -> Mapping[str, str]:
    return manual_line_faults(call.installation, call.caller, call.body_as(ManualLineBody).new_line())


LINES = Resource(
    "/v1/manual_lines", _LINE_ID, ManualLineAnswer, ManualLineList, "/manual_lines/0/id", found=get_manual_line
)
ROUTES = (
    LINES.created(enter, "Enter a manual line", Act.ENTER_MANUAL_LINE, ManualLineBody, value_faults=_faults),
    LINES.listed(list_all, "List manual lines", PERIOD),
    LINES.shown(get, "Show a manual line"),
    LINES.deleted(withdraw, "Withdraw a manual line", Act.WITHDRAW_MANUAL_LINE),
)
