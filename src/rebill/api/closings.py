"""Closing months: finalize, correct, void, and a second person's word before anything is issued."""

from collections.abc import Mapping
from typing import Any

from rebill.api.answer_shapes import Nothing
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.closing_shapes import (
    ClosingAnswer,
    CorrectBody,
    FinalizeBody,
    NumberBody,
    ProposalAnswer,
    ProposalList,
    VoidBody,
)
from rebill.api.customer_statements import STATEMENTS, statement_answer, statement_id_of
from rebill.api.route import Handler, Route
from rebill.api.shapes import require_shape
from rebill.api.statement_shapes import StatementAnswer
from rebill.model.audit import Act
from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission
from rebill.services.billing.approve_closing import (
    approve_closing,
    get_proposal,
    list_proposals,
    unknown_proposal,
    withdraw_proposal,
)
from rebill.services.billing.closing_act import IssuedClosing, reason_fault
from rebill.services.billing.correct_month import correct_month
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.give_number import give_number, number_fault
from rebill.services.billing.void_statement import void_statement
from rebill.services.parties.read_customers import faults_of_named

_CLOSING_ID = "closing_id"
_OVERRIDE, _REASON = "override", "reason"
_PROPOSALS = "/v1/closing_proposals"


def finalize(call: Call) -> Answer:
    """The month's Estimated statements become Final, get their numbers, and never change again.

    Everything that stands in the way is named in `fields` (409), unless `override` says why it holds nothing back.
    Where a second person must approve, nothing is issued yet, and `waits_for_approval` says so.
    """
    body = call.body_as(FinalizeBody)
    order = ClosingOrder(ClosingAct.FINALIZE, body.billing_period, _customer(call, body), body.override)
    return _done(finalize_month(call.installation, call.caller, order))


def correct(call: Call) -> Answer:
    """Credit and debit notes are issued for what the last run says that issued statements should have been.

    What differs by 0 in total stays as it is. Where a second person must approve, nothing is issued yet.
    """
    body = call.body_as(CorrectBody)
    order = ClosingOrder(ClosingAct.CORRECT, body.billing_period, _customer(call, body), body.reason)
    return _done(correct_month(call.installation, call.caller, order))


def void(call: Call) -> Answer:
    """An issued statement is taken back with all its notes, so that its month can be issued anew."""
    reason = call.body_as(VoidBody).reason
    return _done(void_statement(call.installation, call.caller, statement_id_of(call), reason))


def number(call: Call) -> Answer:
    """An issued document gets the number that the partner's own system gave it: once, for ever."""
    invoice_id = call.body_as(NumberBody).invoice_id
    return Answer.json(
        200, statement_answer(call, give_number(call.installation, call.caller, statement_id_of(call), invoice_id))
    )


def list_waiting(call: Call) -> Answer:
    """What waits for a second person, where the partner's settings ask for one."""
    wanted = call.filter_customer_id
    found = list_proposals(call.installation, call.caller)
    shown = [ProposalAnswer.of(one) for one in found if wanted in (None, one.order.customer_id)]
    return Answer.json(200, ProposalList(closing_proposals=shown))


def approve(call: Call) -> Answer:
    """What another person asked for is issued, exactly as it was asked for.

    Whoever asked for it cannot approve it, and what the month is no longer cannot be approved: both are 409.
    """
    return _done(approve_closing(call.installation, call.caller, _closing_id(call)))


def withdraw(call: Call) -> Answer:
    """What waits is refused, or taken back: nothing of it is issued."""
    withdraw_proposal(call.installation, call.caller, _closing_id(call))
    return Answer.deleted(call.accept)


def _customer(call: Call, body: FinalizeBody | CorrectBody) -> int | None:
    """Whose documents are meant, ``None`` = everybody's. Raises ``Invalid`` with all that is wrong with the body."""
    require_shape(_faults_of_month(call))
    return call.customer_or_filter(body.client_api_id)


def _faults_of_month(call: Call) -> dict[str, str]:
    body = call.body
    if isinstance(body, FinalizeBody):
        faults, named = _faults_of_reason(_OVERRIDE, body.override, required=False), body.client_api_id
    else:
        correction = call.body_as(CorrectBody)
        faults, named = _faults_of_reason(_REASON, correction.reason, required=True), correction.client_api_id
    return faults | faults_of_named(call.installation, call.caller, named)


def _faults_of_reason(field: str, reason: str, required: bool) -> dict[str, str]:
    fault = reason_fault(reason, required)
    return {} if fault is None else {field: fault}


def _void_faults(call: Call) -> dict[str, str]:
    return _faults_of_reason(_REASON, call.body_as(VoidBody).reason, required=True)


def _number_faults(call: Call) -> dict[str, str]:
    fault = number_fault(call.body_as(NumberBody).invoice_id)
    return {} if fault is None else {"invoice_id": fault}


def _closing_id(call: Call) -> int:
    """The id of the path; of the customer that the caller narrows down to, if it does."""
    closing_id = call.ids[_CLOSING_ID]
    wanted = call.filter_customer_id
    if wanted is not None and get_proposal(call.installation, call.caller, closing_id).order.customer_id != wanted:
        raise unknown_proposal(closing_id)
    return closing_id


def _done(done: IssuedClosing) -> Answer:
    return Answer.json(201, ClosingAnswer.of(done))


def _known_proposal(installation: Installation, caller: Caller, ids: Mapping[str, int]) -> object:
    return get_proposal(installation, caller, ids[_CLOSING_ID])


def _issuing(path: str, handler: Handler, summary: str, act: Act, **more: Any) -> Route:
    answers = {201: ClosingAnswer}
    return Route("POST", path, Permission.CHANGE, handler, summary, answers, act=act, may_conflict=True, **more)


def _closing_routes() -> tuple[Route, ...]:
    one = f"{_PROPOSALS}/{{{_CLOSING_ID}}}"
    return (
        _issuing(
            "/v1/closings/finalize",
            finalize,
            "Finalize a month",
            Act.FINALIZE_MONTH,
            body=FinalizeBody,
            value_faults=_faults_of_month,
        ),
        _issuing(
            "/v1/closings/correct",
            correct,
            "Correct an issued month",
            Act.CORRECT_MONTH,
            body=CorrectBody,
            value_faults=_faults_of_month,
        ),
        _issuing(
            f"{STATEMENTS.one}/void",
            void,
            "Void a statement",
            Act.VOID_STATEMENT,
            body=VoidBody,
            value_faults=_void_faults,
            path_check=STATEMENTS.path_check,
        ),
        Route(
            "PUT",
            f"{STATEMENTS.one}/number",
            Permission.CHANGE,
            number,
            "Number an issued document",
            {200: StatementAnswer},
            body=NumberBody,
            value_faults=_number_faults,
            act=Act.GIVE_NUMBER,
            may_conflict=True,
            path_check=STATEMENTS.path_check,
        ),
        Route(
            "GET",
            _PROPOSALS,
            Permission.READ,
            list_waiting,
            "List what waits for a second person",
            {200: ProposalList},
            shows={_CLOSING_ID: "/closing_proposals/0/closing_id"},
        ),
        _issuing(f"{one}/approve", approve, "Approve what waits", Act.APPROVE_CLOSING, path_check=_known_proposal),
        Route(
            "DELETE",
            one,
            Permission.CHANGE,
            withdraw,
            "Refuse what waits, or take it back",
            {200: Nothing, 204: None},
            act=Act.WITHDRAW_CLOSING,
            path_check=_known_proposal,
        ),
    )


ROUTES = _closing_routes()
