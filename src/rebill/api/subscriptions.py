"""Subscriptions (and other clouds' accounts): add, move, remove, list."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rebill.api.answer_shapes import (
    SubscriptionAddDetail,
    SubscriptionAddition,
    SubscriptionAddTrialDetail,
    SubscriptionDetail,
    SubscriptionDetailAddition,
    SubscriptionDetailList,
    SubscriptionDetailRemoval,
    SubscriptionList,
    SubscriptionRemoval,
    SubscriptionRemoveDetail,
    SubscriptionRemoveTrialDetail,
)
from rebill.api.answers import Answer
from rebill.api.azure_accounts import (
    ASSIGNED,
    BEGIN_PARAMETERS,
    END_PARAMETERS,
    LIST_PARAMETERS,
    REMOVED,
    faults_of_trial,
    order_of,
    spans_transfer,
)
from rebill.api.call import Call
from rebill.api.paging import PAGING, list_answer, page_of
from rebill.api.query import flag
from rebill.api.route import Route, ValueFaults
from rebill.api.shapes import MoveSubscriptionsBody, SubscriptionsBody
from rebill.model.assignment import AccountEntry, Assignment, AssignmentOutcome
from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.identifiers import AccountKind, subscription_key
from rebill.services.acting.permission import Permission
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.list_assignments import assigned_identifiers, list_assignments
from rebill.services.parties.remove_accounts import remove_accounts

DETAIL = flag("detail", "Also `details`: each subscription's name, times and days; a dry run always has them.")


def add(call: Call) -> Answer:
    """Each subscription is billed to the customer, whoever has the Azure customer around it.

    `<GUID>` and `/subscriptions/<GUID>` name one subscription; for other clouds the same call takes the account id
    of an imported cost line. An id must be known from the catalogue or from imported cost, and be free on the days
    that are asked for. Any fault is 422, and nothing is stored. No ids at all is 422 too; it never means all of
    them.

    The answer shows every id that is assigned to the customer now. With `detail=true`, and with every dry run,
    `details` tell what became of each id of the request.
    """
    return _begin(call, assign_accounts)


def move(call: Call) -> Answer:
    """Each subscription is the customer's from `effective_from` on (today unless given), whoever has it now.

    It is one act, with no day between. Any fault is 422, and nothing is stored.
    """
    return _begin(call, move_accounts)


def _begin(call: Call, act: Callable[..., AssignmentOutcome]) -> Answer:
    body = call.body_as(SubscriptionsBody)
    outcome = act(call.installation, call.caller, order_of(call, AccountKind.SUBSCRIPTION, body.identifiers))
    entries = sound_entries(outcome, body.identifiers, body.field_name)
    common = _common(call) | {"spans_transfer": spans_transfer(outcome)}
    headers = {"X-Assigned": str(outcome.done_count)}
    if not _wants_details(call):
        return Answer.json(200, SubscriptionAddition(**common), headers)
    details = [add_detail(entry, outcome.dry_run) for entry in entries]
    return Answer.json(200, SubscriptionDetailAddition(**common, details=details), headers)


def remove(call: Call) -> Answer:
    """The subscriptions are billed to the customer no more from today on, or from `effective_to` on.

    From then on each goes where the Azure customer around it goes. Any fault is 422, and nothing is stored. The
    answer shows every id that is assigned to the customer now, and those that this call removed.
    """
    body = call.body_as(SubscriptionsBody)
    outcome = remove_accounts(
        call.installation, call.caller, order_of(call, AccountKind.SUBSCRIPTION, body.identifiers)
    )
    entries = sound_entries(outcome, body.identifiers, body.field_name)
    common = _common(call) | {"spans_transfer": spans_transfer(outcome)}
    common["removed_azure_subscriptions"] = [entry.identifier for entry in entries if entry.done]
    headers = {"X-Removed": str(outcome.done_count)}
    if not _wants_details(call):
        return Answer.json(200, SubscriptionRemoval(**common), headers)
    details = [remove_detail(entry, outcome.dry_run) for entry in entries]
    return Answer.json(200, SubscriptionDetailRemoval(**common, details=details), headers)


def list_subscriptions(call: Call) -> Answer:
    """The subscriptions that are assigned to the customer today; `as_of` names another day.

    `history=true` shows past and future ones too, `detail=true` the name, times and days of each.
    """
    customer_id = call.ids["client_api_id"]
    listing = list_assignments(
        call.installation,
        call.caller,
        AccountKind.SUBSCRIPTION,
        customer_id,
        page_of(call.parameters),
        call.parameters.day("as_of"),
        call.parameters.flag("history"),
    )
    common: dict[str, Any] = {
        "azure_subscriptions": [assignment.identifier for assignment in listing.items],
        "msp_client_id": customer_id,
    }
    if not call.parameters.flag("detail"):
        return list_answer(call, SubscriptionList(**common), listing)
    details = [SubscriptionDetail(**_described(assignment)) for assignment in listing.items]
    return list_answer(call, SubscriptionDetailList(**common, details=details), listing)


def _faults_of(act: Callable[..., AssignmentOutcome]) -> ValueFaults:
    def faults(call: Call) -> Mapping[str, str]:
        body = call.body_as(SubscriptionsBody)
        return faults_of_trial(
            call,
            AccountKind.SUBSCRIPTION,
            body.identifiers,
            act,
            lambda outcome: sound_entries(outcome, body.identifiers, body.field_name),
        )

    return faults


def _wants_details(call: Call) -> bool:
    # Without them a dry run would tell nothing of what it is asked for.
    return call.parameters.flag("detail") or call.parameters.flag("dry_run")


def _common(call: Call) -> dict[str, Any]:
    customer_id = call.ids["client_api_id"]
    assigned = assigned_identifiers(call.installation, call.caller, AccountKind.SUBSCRIPTION, customer_id)
    return {"azure_subscriptions": assigned, "msp_client_id": customer_id}


def sound_entries(outcome: AssignmentOutcome, identifiers: Sequence[str], field_name: str) -> Sequence[AccountEntry]:
    """The entries of an outcome without fault; ``Invalid`` names each fault where the caller wrote it."""
    if not outcome.faults:
        return [entry for entry in outcome.entries if isinstance(entry, AccountEntry)]
    places: dict[str, int] = {}
    for place, identifier in enumerate(identifiers):
        places.setdefault(subscription_key(identifier), place)
    faults = {f"{field_name}[{places[subscription_key(fault.identifier)]}]": fault.sentence for fault in outcome.faults}
    refusal = Invalid(
        "subscriptions_refused", "Nothing was changed: correct what fields names and send it again.", faults
    )
    refusal.is_recorded = True
    raise refusal


def add_detail(entry: AccountEntry, is_trial: bool) -> SubscriptionAddDetail:
    """What became of a subscription that was to be assigned."""
    common = _described(entry) | {"assigned": entry.done}
    return (
        SubscriptionAddTrialDetail(**common, would_assign=entry.would) if is_trial else SubscriptionAddDetail(**common)
    )


def remove_detail(entry: AccountEntry, is_trial: bool) -> SubscriptionRemoveDetail:
    """What became of a subscription that was to be removed."""
    common = _described(entry) | {"removed": entry.done}
    if is_trial:
        return SubscriptionRemoveTrialDetail(**common, would_remove=entry.would)
    return SubscriptionRemoveDetail(**common)


def _described(source: AccountEntry | Assignment) -> dict[str, Any]:
    return {
        "azure_subscription_id": source.identifier,
        "name": source.name,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
        "effective_from": source.days.first,
        "effective_to": source.days.until,
    }


def _subscription_routes() -> tuple[Route, ...]:
    base = "/v1/azure_subscriptions"
    return (
        Route(
            "PUT",
            f"{base}/add/{{client_api_id}}",
            Permission.CHANGE,
            add,
            "Assign subscriptions to a customer",
            {200: (SubscriptionDetailAddition, SubscriptionAddition)},
            (*BEGIN_PARAMETERS, DETAIL),
            SubscriptionsBody,
            act=Act.ASSIGN_ACCOUNTS,
            headers=ASSIGNED,
            value_faults=_faults_of(assign_accounts),
        ),
        Route(
            "PUT",
            f"{base}/move/{{client_api_id}}",
            Permission.CHANGE,
            move,
            "Move subscriptions to a customer",
            {200: (SubscriptionDetailAddition, SubscriptionAddition)},
            (*BEGIN_PARAMETERS, DETAIL),
            MoveSubscriptionsBody,
            act=Act.MOVE_ACCOUNTS,
            headers=ASSIGNED,
            value_faults=_faults_of(move_accounts),
        ),
        Route(
            "PUT",
            f"{base}/remove/{{client_api_id}}",
            Permission.CHANGE,
            remove,
            "Take subscriptions away from a customer",
            {200: (SubscriptionDetailRemoval, SubscriptionRemoval)},
            (*END_PARAMETERS, DETAIL),
            SubscriptionsBody,
            act=Act.REMOVE_ACCOUNTS,
            headers=REMOVED,
            value_faults=_faults_of(remove_accounts),
        ),
        Route(
            "GET",
            f"{base}/list/{{client_api_id}}",
            Permission.READ_OWN,
            list_subscriptions,
            "List a customer's subscriptions",
            {200: (SubscriptionDetailList, SubscriptionList)},
            (*PAGING, *LIST_PARAMETERS, DETAIL),
        ),
    )


ROUTES = _subscription_routes()
