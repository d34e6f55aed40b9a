"""Runs of months: start one, and look how far it is."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from rebill.api.answer_shapes import AnswerShape, ExactText, OptionalInstant
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.pointing import Sentence
from rebill.api.query import month, whole_number
from rebill.api.reconciliation import required_month
from rebill.api.route import Route
from rebill.api.shapes import StrictBody
from rebill.api.wire_values import UNREAD_MONTH, Id, Month, word_of
from rebill.model.audit import Act
from rebill.model.bill_run import RunOrder, RunOutcome, RunRecord, RunStatus
from rebill.model.engine_name import EngineName
from rebill.services.acting.permission import Permission
from rebill.services.billing.start_run import get_run, runs_of_month, start_run
from rebill.services.parties.read_customers import faults_of_named

_RUN_ID = "run_id"
_GREATEST_COUNT = 1_000
_USUAL_COUNT = 20
_PERIOD = month("billing_period", "The billing month; required.")
_LIMIT = whole_number("limit", f"How many runs are listed; {_USUAL_COUNT} unless given.", 1, _GREATEST_COUNT)


class RunBody(StrictBody):
    """A month to be run."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"billing_period": UNREAD_MONTH}
    billing_period: Month
    client_api_id: Annotated[
        Id | None, Field(description="Make only this customer's statements; the whole month is classified.")
    ] = None
    engine: Annotated[
        EngineName | None,
        BeforeValidator(word_of(EngineName), json_schema_input_type=str),
        Field(description=f"Of {', '.join(EngineName)}; as the settings say unless given."),
    ] = None


class BalanceAnswer(AnswerShape):
    """Where the imported cost of a currency went: imported = billed + billing_disabled + unassigned."""

    currency: str
    imported: ExactText
    billed: ExactText
    billing_disabled: ExactText
    unassigned: ExactText
    difference: ExactText
    unassigned_gross: Annotated[str, Field(description="Unassigned cost, what is below 0 counted as above it.")]


class RunResultAnswer(AnswerShape):
    """What a run came to; its statements are in their own list."""

    statement_count: Annotated[int, Field(description="Statements that stand as this run drew them up.")]
    balance: list[BalanceAnswer]
    attention: Annotated[dict[str, int], Field(description="Lines that a person must look at, by kind.")]
    open_attention: Annotated[dict[str, int], Field(description="Those that nobody had accepted when it ran.")]
    notices: Annotated[
        list[str], Field(description="Fixed rates of price books that do not price what their rules are for, and why.")
    ]

    @classmethod
    def of(cls, outcome: RunOutcome) -> "RunResultAnswer":
        """The answer of an outcome."""
        return cls(
            statement_count=outcome.statement_count,
            balance=[BalanceAnswer.model_validate(one) for one in outcome.balance],
            attention=dict(outcome.attention),
            open_attention=dict(outcome.open_attention),
            notices=list(outcome.notices),
        )


class RunAnswer(AnswerShape):
    """A run of a month, and how far it is."""

    run_id: int
    billing_period: str
    customer_id: Annotated[int | None, Field(description="`null`: every customer.")]
    engine: str
    status: Annotated[str, Field(description=f"Of {', '.join(RunStatus)}; interrupted: its process was gone.")]
    started_at: Annotated[OptionalInstant, Field(description="`null` of one that a command made.")]
    ended_at: OptionalInstant
    fault_code: str
    fault: Annotated[Sentence, Field(description="Why it failed; empty where it did not.")]
    result: Annotated[RunResultAnswer | None, Field(description="Once it is done.")]

    @classmethod
    def of(cls, record: RunRecord) -> "RunAnswer":
        """The answer of a run."""
        return cls(
            run_id=record.run_id,
            billing_period=str(record.month),
            customer_id=record.customer_id,
            engine=record.engine,
            status=record.status.value,
            started_at=record.started_at,
            ended_at=record.ended_at,
            fault_code=record.fault_code,
            fault=record.fault,
            result=None if record.outcome is None else RunResultAnswer.of(record.outcome),
        )


class RunList(AnswerShape):
    """The latest runs of a month, the newest first."""

    runs: list[RunAnswer]


def start(call: Call) -> Answer:
    """The month's Estimated statements are made anew from what is recorded now; the run goes on by itself.

    A run that ends within a moment is answered as it ended; of one that takes longer, `status` is `running`, and its
    own call tells what came of it. While one of the month works, another one is 409.
    """
    body = call.body_as(RunBody)
    order = RunOrder(body.billing_period, call.customer_or_filter(body.client_api_id), body.engine)
    return Answer.json(201, RunAnswer.of(start_run(call.installation, call.caller, order)))


def list_all(call: Call) -> Answer:
    """The latest runs of a month: those that were started here or from a page, and those that commands made."""
    limit = call.parameters.number("limit")
    count = _USUAL_COUNT if limit is None else limit
    found = runs_of_month(call.installation, call.caller, required_month(call), count, call.filter_customer_id)
    return Answer.json(200, RunList(runs=[RunAnswer.of(one) for one in found]))


def get(call: Call) -> Answer:
    """A run: `running`, `done` with its result, `failed` with the reason, or `interrupted` with its process."""
    found = get_run(call.installation, call.caller, call.ids[_RUN_ID], call.filter_customer_id)
    return Answer.json(200, RunAnswer.of(found))


def _faults(call: Call) -> Mapping[str, str]:
    return faults_of_named(call.installation, call.caller, call.body_as(RunBody).client_api_id)


def _run_routes() -> tuple[Route, ...]:
    base = "/v1/runs"
    return (
        Route(
            "POST",
            base,
            Permission.CHANGE,
            start,
            "Run a month",
            {201: RunAnswer},
            body=RunBody,
            act=Act.RUN_BILL,
            may_conflict=True,
            value_faults=_faults,
            shows={_RUN_ID: "/run_id"},
        ),
        Route(
            "GET",
            base,
            Permission.READ,
            list_all,
            "List the runs of a month",
            {200: RunList},
            (_PERIOD, _LIMIT),
            shows={_RUN_ID: "/runs/0/run_id"},
        ),
        Route("GET", f"{base}/{{{_RUN_ID}}}", Permission.READ, get, "Show a run", {200: RunAnswer}),
    )


ROUTES = _run_routes()
