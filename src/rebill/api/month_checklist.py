"""What a month needs before it is closed: never a customer's own call."""

from typing import Annotated

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, ExactText, Instant
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.pointing import Sentence
from rebill.api.query import month
from rebill.api.reconciliation import required_month
from rebill.api.route import Route, partner_wide
from rebill.model.checklist import IncompleteDocument, MonthChecklist, UnassignedAccount
from rebill.model.money import shortest_text
from rebill.services.acting.permission import Permission
from rebill.services.billing.month_checklist import month_checklist


class StepAnswer(AnswerShape):
    """A step of closing a month."""

    step: str
    state: Annotated[str, Field(description="`done`, `look` (holds nothing back) or `open`.")]
    found: list[Sentence]
    next: Annotated[Sentence, Field(description="What to do next; empty where nothing is to be done.")]


class UnassignedAnswer(AnswerShape):
    """Cost that is nobody's, by what its lines name."""

    subscription: str | None
    azure_customer_id: str | None
    currency: str
    lines: int
    cost: ExactText
    new: Annotated[bool, Field(description="The month before had no cost of it.")]

    @classmethod
    def of(cls, one: UnassignedAccount) -> "UnassignedAnswer":
        """The answer of an account."""
        return cls(
            subscription=one.subscription,
            azure_customer_id=one.azure_customer,
            currency=one.currency,
            lines=one.lines,
            cost=shortest_text(one.cost),
            new=one.is_new,
        )


class NewCustomerAnswer(AnswerShape):
    """An Azure customer that was first listed since the month began, and is assigned to nobody."""

    azure_customer_id: str
    name: str
    domain: str
    first_seen_at: Instant


class AlarmAnswer(AnswerShape):
    """Something that moved oddly since the month before."""

    kind: str
    about: Annotated[str, Field(description="A scope, a currency, or the catalogue.")]
    before: str
    now: str
    sentence: Sentence


class IncompleteDocumentAnswer(AnswerShape):
    """A statement or note that is no electronic invoice, or would be none."""

    statement_id: int
    client_api_id: int
    client_name: str
    issued: Annotated[bool, Field(description="It keeps what it was issued with, and stays without one.")]
    correction: Annotated[bool, Field(description="It is the note that is to correct the statement.")]
    fields: Annotated[dict[str, str], Field(description="What it lacks, by setting, each with what is needed.")]

    @classmethod
    def of(cls, one: IncompleteDocument) -> "IncompleteDocumentAnswer":
        """The answer of a statement."""
        return cls(
            statement_id=one.statement_id,
            client_api_id=one.customer_id,
            client_name=one.customer_name,
            issued=one.is_issued,
            correction=one.is_correction,
            fields=dict(one.fields),
        )


class MonthChecklistAnswer(AnswerShape):
    """All that a month needs before it is closed."""

    billing_period: str
    ready: Annotated[bool, Field(description="Nothing stands in the way of finalizing.")]
    done: Annotated[bool, Field(description="No step is open.")]
    steps: list[StepAnswer]
    unassigned_accounts: Annotated[list[UnassignedAnswer], Field(description="New ones first; at most 100.")]
    unassigned_count: int
    new_azure_customers: Annotated[list[NewCustomerAnswer], Field(description="At most 100.")]
    new_azure_customer_count: int
    alarms: list[AlarmAnswer]
    without_electronic_invoice: Annotated[
        list[IncompleteDocumentAnswer], Field(description="Those that are not issued first; at most 100.")
    ]
    without_electronic_invoice_count: int


def show(call: Call) -> Answer:
    """Everything a month needs before it is closed, each step with what was found and what to do next.

    What holds a month back is what finalizing itself would refuse. Nothing is changed.
    """
    found = month_checklist(call.installation, call.caller, required_month(call))
    call.surroundings.telemetry.alarmed(call.caller.partner_id, found.alarms)
    return Answer.json(200, month_checklist_answer(found))


def month_checklist_answer(found: MonthChecklist) -> MonthChecklistAnswer:
    """A checklist as calls and commands show it."""
    return MonthChecklistAnswer(
        billing_period=str(found.month),
        ready=found.is_ready,
        done=found.is_done,
        steps=[
            StepAnswer(step=one.step.value, state=one.state.value, found=list(one.found), next=one.next_step)
            for one in found.steps
        ],
        unassigned_accounts=[UnassignedAnswer.of(one) for one in found.unassigned],
        unassigned_count=found.unassigned_count,
        new_azure_customers=[
            NewCustomerAnswer(
                azure_customer_id=one.azure_customer_id,
                name=one.name,
                domain=one.domain,
                first_seen_at=one.first_seen_at,
            )
            for one in found.new_customers
        ],
        new_azure_customer_count=found.new_customer_count,
        alarms=[
            AlarmAnswer(
                kind=one.kind.value,
                about=one.about,
                before=shortest_text(one.before),
                now=shortest_text(one.now),
                sentence=one.sentence,
            )
            for one in found.alarms
        ],
        without_electronic_invoice=[IncompleteDocumentAnswer.of(one) for one in found.incomplete],
        without_electronic_invoice_count=found.incomplete_count,
    )


ROUTES = partner_wide(
    Route(
        "GET",
        "/v1/month_checklist",
        Permission.READ,
        show,
        "Show what a month needs before it is closed",
        {200: MonthChecklistAnswer},
        (month("billing_period", "The billing month; required."),),
    ),
)
