"""Azure account assignment: add, remove, move, list.

One call answers up to ten thousand entries: they are plain data of the documented shapes, which the tests hold them to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rebill.api.answer_shapes import (
    AddAnswer,
    AssignmentList,
    RemoveAnswer,
    SpanningUsageAnswer,
    SpanningUsageLine,
)
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import PAGING, list_answer, page_of
from rebill.api.query import Parameter, day, flag
from rebill.api.route import Route
from rebill.api.shapes import AzureCustomersBody, MoveBody, require_shape
from rebill.model.assignment import AccountEntry, AccountFault, Assignment, AssignmentOrder, AssignmentOutcome, Days
from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.identifiers import AccountKind
from rebill.model.money import text_of
from rebill.model.months import instant_text
from rebill.model.spanning_usage import SpanningLine
from rebill.services.acting.permission import Permission
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.remove_accounts import remove_accounts

Plain = dict[str, Any]
"""JSON to be, of a shape of ``answer_shapes``."""

DRY_RUN = flag("dry_run", "Answer as the real call would, and store nothing.")
CORRECT_ISSUED = flag("correct_issued", "Change days of issued statements too; needs the header X-Reason.")
BEGIN_PARAMETERS = (DRY_RUN, day("effective_from", "First charge day of the assignment."), CORRECT_ISSUED)
"""What add and move take."""
END_PARAMETERS = (
    DRY_RUN,
    day("effective_to", "The day after the last charge day; today unless given."),
    flag("withdraw", "Take the assignment back as if it had never been made."),
    CORRECT_ISSUED,
)
"""What remove takes."""
LIST_PARAMETERS: tuple[Parameter, ...] = (
    day("as_of", "Those in force on this day instead of today."),
    flag("history", "Past and future ones too."),
)
"""What lists of assignments take besides paging."""
ASSIGNED = {"X-Assigned": "How many are the customer's after the call."}
REMOVED = {"X-Removed": "How many are the customer's no more after the call."}


def add(call: Call) -> Answer:
    """Each Azure customer is assigned to the partner's customer for billing; it gets an account record if it has none.

    Every id must stand in the partner's catalogue and be free on the days that are asked for. One fault anywhere,
    and nothing of the request is stored: the answer is `207` all the same, with one entry for each distinct id in
    the order asked, and `assigned` tells of each sound one whether it is the customer's now. What is assigned to
    this customer already is a success that changes nothing.

    Without `effective_from`, an account that was never assigned starts with the first month that is not closed, and
    from the beginning where none is; one that was assigned before starts today, or when its last assignment ends if
    that is later.
    """
    return _begin(call, call.body_as(AzureCustomersBody).azure_customer_ids, assign_accounts)


def move(call: Call) -> Answer:
    """Whatever assignment stands is ended, and the customer's begins on `effective_from` (today unless given).

    It is one act, with no day between. Faults, and what is stored when there are any, are as when accounts are
    assigned.
    """
    return _begin(call, call.body_as(MoveBody).azure_customer_ids, move_accounts)


def remove(call: Call) -> Answer:
    """The assignments end today, or on `effective_to`, the day after the last charge day; the account records stay.

    `withdraw=true` takes them back as if they had never been made, and so does an end on or before their start. One
    fault anywhere, and nothing of the request is stored. A repeat answers that the account is not assigned to this
    customer.
    """
    identifiers = call.body_as(AzureCustomersBody).azure_customer_ids
    outcome = remove_accounts(call.installation, call.caller, order_of(call, AccountKind.AZURE_CUSTOMER, identifiers))
    return Answer.json(207, remove_answer(outcome), {"X-Removed": str(outcome.done_count)})


def list_accounts(call: Call) -> Answer:
    """The assignments in force today, in the order they were made; `as_of` names another day.

    `history=true` shows those that have ended, and those that are yet to begin, too.
    """
    listing = list_assignments(
        call.installation,
        call.caller,
        AccountKind.AZURE_CUSTOMER,
        call.customer_id,
        page_of(call.parameters),
        call.parameters.day("as_of"),
        call.parameters.flag("history"),
    )
    elements = [_list_element(assignment) for assignment in listing.items]
    return list_answer(call, {"azure_partner_customer_accounts": elements}, listing)


def parameter_faults(call: Call) -> dict[str, str]:
    """What parameters and headers of an act say against each other."""
    parameters = call.parameters
    faults = {}
    if parameters.flag("withdraw") and parameters.day("effective_to") is not None:
        faults["effective_to"] = "contradicts withdraw=true: give one of the two"
    if parameters.flag("correct_issued") and not call.reason:
        faults["X-Reason"] = "is required with correct_issued=true: send the reason in this header"
    return faults


def order_of(call: Call, kind: AccountKind, identifiers: Sequence[str]) -> AssignmentOrder:
    """The order that the path, the parameters and these ids make. Raises ``Invalid`` where they contradict."""
    require_shape(parameter_faults(call))
    parameters = call.parameters
    return AssignmentOrder(
        kind=kind,
        customer_id=call.ids["client_api_id"],
        identifiers=tuple(identifiers),
        effective_from=parameters.day("effective_from"),
        effective_to=parameters.day("effective_to"),
        withdraw=parameters.flag("withdraw"),
        dry_run=parameters.flag("dry_run"),
        correct_issued=parameters.flag("correct_issued"),
    )


def faults_of_trial(
    call: Call,
    kind: AccountKind,
    identifiers: Sequence[str],
    act: Callable[..., AssignmentOutcome],
    require_sound: Callable[[AssignmentOutcome], object],
) -> Mapping[str, str]:
    """What else is wrong with an act whose request is faulty, as a dry run of what can be read of it tells.

    ``require_sound`` raises ``Invalid`` with the faults of an outcome.
    """
    faults = parameter_faults(call)
    if faults or not call.parameters.are_read:
        # Whether accounts are free depends on the days.
        return faults
    try:
        require_sound(act(call.installation, call.caller, replace(order_of(call, kind, identifiers), dry_run=True)))
    except Invalid as refusal:
        return refusal.fields
    return {}


def _fault_entry(fault: AccountFault) -> Plain:
    """A faulty entry as the wire has it (``FaultEntry``)."""
    return {"http_status": 422, "error": fault.sentence, "azure_customer_id": fault.identifier}


def add_answer(outcome: AssignmentOutcome) -> Plain:
    """What add and move answer, here and at the command line (``AddAnswer``)."""
    entries = [
        _fault_entry(entry) if isinstance(entry, AccountFault) else _add_entry(entry, outcome)
        for entry in outcome.entries
    ]
    return _act_answer(outcome, entries)


def remove_answer(outcome: AssignmentOutcome) -> Plain:
    """What remove answers, here and at the command line (``RemoveAnswer``)."""
    entries = [
        _fault_entry(entry) if isinstance(entry, AccountFault) else _remove_entry(entry, outcome.dry_run)
        for entry in outcome.entries
    ]
    return _act_answer(outcome, entries)


def _act_answer(outcome: AssignmentOutcome, entries: list[Plain]) -> Plain:
    answer = {"azure_partner_customer_accounts": entries}
    found = spans_transfer(outcome)
    return answer if found is None else {**answer, "spans_transfer": found.model_dump(by_alias=True)}


def spans_transfer(outcome: AssignmentOutcome) -> SpanningUsageAnswer | None:
    """Usage across the changes of owner that an act makes; ``None`` where there is none."""
    found = outcome.spans_transfer
    lines = [_spanning_line(line) for line in found.lines]
    return SpanningUsageAnswer(count=found.count, lines=lines, fault=found.fault) if found.is_told else None


def _spanning_line(line: SpanningLine) -> SpanningUsageLine:
    return SpanningUsageLine(
        data_set_id=line.data_set_id,
        billing_period=str(line.month),
        source_file=line.source_file,
        source_row=line.source_row,
        azure_customer_id=line.azure_customer or "",
        azure_subscription_id=line.subscription or "",
        charge_kind=line.charge_kind,
        commitment_discount_id=None if line.charge_kind is None else line.commitment,
        charge_period_start=line.start,
        charge_period_end=line.end,
        changes_on=line.changes_on,
        billed_cost=text_of(line.billed_cost),
        currency=line.currency,
    )


def _begin(call: Call, identifiers: Sequence[str], act: Callable[..., AssignmentOutcome]) -> Answer:
    outcome = act(call.installation, call.caller, order_of(call, AccountKind.AZURE_CUSTOMER, identifiers))
    return Answer.json(207, add_answer(outcome), {"X-Assigned": str(outcome.done_count)})


def _add_entry(entry: AccountEntry, outcome: AssignmentOutcome) -> Plain:
    account = _account(entry)
    shown = {
        "customer_tenant_name": outcome.customer_name,
        # Published revisions of the call use one key or the other; a client written to either must work.
        "partner_customer_account": account,
        "azure_partner_customer_account": account,
        "assigned": entry.done,
        **_days(entry.days),
    }
    return {**shown, "would_assign": entry.would} if outcome.dry_run else shown


def _remove_entry(entry: AccountEntry, is_trial: bool) -> Plain:
    account = _account(entry)
    shown = {"partner_customer_account": account, "azure_partner_customer_account": account, "removed": entry.done}
    return {**shown, "would_remove": entry.would} if is_trial else shown


def _list_element(assignment: Assignment) -> Plain:
    return {
        "customer_tenant_name": assignment.customer_name,
        "azure_partner_customer_account": _account(assignment),
        **_days(assignment.days),
    }


def _account(source: AccountEntry | Assignment) -> Plain:
    return {
        "name": source.name,
        "domain": source.domain,
        "azure_customer_id": source.identifier,
        "created_at": instant_text(source.created_at),
        "updated_at": instant_text(source.updated_at),
    }


def _days(days: Days) -> Plain:
    first, until = days.first, days.until
    return {
        "effective_from": None if first is None else first.isoformat(),
        "effective_to": None if until is None else until.isoformat(),
    }


def _azure_account_routes() -> tuple[Route, ...]:
    base = "/v1/azure_partner_customer_accounts"
    lists = {200: AssignmentList}
    list_parameters = (*PAGING, *LIST_PARAMETERS)
    return (
        Route(
            "PUT",
            f"{base}/add/{{client_api_id}}",
            Permission.CHANGE,
            add,
            "Assign Azure accounts to a customer",
            {207: AddAnswer},
            BEGIN_PARAMETERS,
            AzureCustomersBody,
            act=Act.ASSIGN_ACCOUNTS,
            headers=ASSIGNED,
            value_faults=parameter_faults,
        ),
        Route(
            "PUT",
            f"{base}/remove/{{client_api_id}}",
            Permission.CHANGE,
            remove,
            "Take Azure accounts away from a customer",
            {207: RemoveAnswer},
            END_PARAMETERS,
            AzureCustomersBody,
            act=Act.REMOVE_ACCOUNTS,
            headers=REMOVED,
            value_faults=parameter_faults,
        ),
        Route(
            "PUT",
            f"{base}/move/{{client_api_id}}",
            Permission.CHANGE,
            move,
            "Move Azure accounts to a customer",
            {207: AddAnswer},
            BEGIN_PARAMETERS,
            MoveBody,
            act=Act.MOVE_ACCOUNTS,
            headers=ASSIGNED,
            value_faults=parameter_faults,
        ),
        Route(
            "GET",
            f"{base}/list",
            Permission.READ_OWN,
            list_accounts,
            "List Azure account assignments",
            lists,
            list_parameters,
        ),
        Route(
            "GET",
            f"{base}/list/{{client_api_id}}",
            Permission.READ_OWN,
            list_accounts,
            "List a customer's Azure account assignments",
            lists,
            list_parameters,
        ),
    )


ROUTES = _azure_account_routes()
