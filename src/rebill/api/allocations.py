"""Allocations: whose the charges are that name neither subscription nor tenant, by commitment or by kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from rebill.api.answer_shapes import AnswerShape, AssignmentActAnswer, Day, SpansTransfer
from rebill.api.answers import Answer
from rebill.api.azure_accounts import (
    BEGIN_PARAMETERS,
    END_PARAMETERS,
    LIST_PARAMETERS,
    faults_of_trial,
    order_of,
    spans_transfer,
)
from rebill.api.call import Call
from rebill.api.paging import PAGING, list_answer, page_of
from rebill.api.query import choice
from rebill.api.route import Route, ValueFaults
from rebill.api.shapes import UNREAD, StrictBody, Text, shape_fault
from rebill.model.assignment import GREATEST_IDENTIFIER_COUNT, AccountEntry, AssignmentOutcome
from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.identifiers import AccountKind, AllocatedKind, account_key
from rebill.services.acting.permission import Permission
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.remove_accounts import remove_accounts

FIELDS = {AccountKind.COMMITMENT: "commitment_discount_ids", AccountKind.CHARGE_KIND: "charge_kinds"}
"""What bodies name allocations by."""
KIND = choice(
    "kind", "`commitment` (unless given) or `charge_kind`.", (AccountKind.COMMITMENT, AccountKind.CHARGE_KIND)
)


class AllocationBody(StrictBody):
    """Commitments, or kinds of charges, to allocate or to take back: one of the two lists."""

    unread_elements: ClassVar[Mapping[str, object]] = dict.fromkeys(FIELDS.values(), UNREAD)
    # Which of them was meant, nobody can say of a list that cannot be read.
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = dict.fromkeys(FIELDS.values(), frozenset(FIELDS.values()))

    commitment_discount_ids: Annotated[list[Text] | None, Field(min_length=1, max_length=GREATEST_IDENTIFIER_COUNT)] = (
        None
    )
    charge_kinds: Annotated[
        list[Text] | None,
        Field(min_length=1, description=f"Of {', '.join(AllocatedKind)}."),
    ] = None

    @model_validator(mode="after")
    def _one_list(self) -> "AllocationBody":
        if (self.commitment_discount_ids is None) == (self.charge_kinds is None):
            raise shape_fault("commitment_discount_ids: give this list or charge_kinds, one of the two")
        return self

    @property
    def kind(self) -> AccountKind:
        """What the body names."""
        return AccountKind.CHARGE_KIND if self.commitment_discount_ids is None else AccountKind.COMMITMENT

    @property
    def identifiers(self) -> list[str]:
        return self.commitment_discount_ids or self.charge_kinds or []


class AllocationEntry(AnswerShape):
    """What became of a commitment or kind of an act."""

    kind: str
    id: str
    effective_from: Annotated[Day, Field(description="First charge day; null: from the beginning.")]
    effective_to: Annotated[Day, Field(description="The day after the last charge day; null: open.")]
    done: Annotated[bool, Field(description="After this call it is so.")]
    would: Annotated[bool, Field(description="It would be so; what a dry run tells.")]


class AllocationActAnswer(AssignmentActAnswer):
    """The answer to an act on allocations: one entry for each distinct id, in the order asked."""

    client_api_id: int
    allocations: list[AllocationEntry]
    spans_transfer: SpansTransfer = None


class AllocationElement(AnswerShape):
    """An allocation in a list."""

    client_api_id: int
    customer: str
    kind: str
    id: str
    effective_from: Day
    effective_to: Day


class AllocationList(AnswerShape):
    """A page of allocations."""

    allocations: list[AllocationElement]


def add(call: Call) -> Answer:
    """Allocate to a customer."""
    return _act(call, assign_accounts)


def move(call: Call) -> Answer:
    """Allocate to a customer, from whoever has it."""
    return _act(call, move_accounts)


def remove(call: Call) -> Answer:
    """End allocations of a customer."""
    return _act(call, remove_accounts)


def list_allocations(call: Call) -> Answer:
    """List allocations, of one customer or of all."""
    kind = AccountKind(call.parameters.text("kind") or AccountKind.COMMITMENT)
    listing = list_assignments(
        call.installation,
        call.caller,
        kind,
        call.customer_id,
        page_of(call.parameters),
        call.parameters.day("as_of"),
        call.parameters.flag("history"),
    )
    elements = [
        AllocationElement(
            client_api_id=one.customer_id,
            customer=one.customer_name,
            kind=kind.value,
            id=one.identifier,
            effective_from=one.days.first,
            effective_to=one.days.until,
        )
        for one in listing.items
    ]
    return list_answer(call, AllocationList(allocations=elements), listing)


def act_answer(outcome: AssignmentOutcome, identifiers: Sequence[str]) -> AllocationActAnswer:
    """What an act answers, here and at the command line; raises ``Invalid`` with every fault where there is any."""
    if outcome.faults:
        places: dict[str, int] = {}
        for place, identifier in enumerate(identifiers):
            places.setdefault(account_key(outcome.kind, identifier), place)
        named = [(places[account_key(outcome.kind, fault.identifier)], fault.sentence) for fault in outcome.faults]
        faults = {f"{FIELDS[outcome.kind]}[{place}]": sentence for place, sentence in named}
        refusal = Invalid(
            "allocations_refused", "Nothing was changed: correct what fields names and send it again.", faults
        )
        refusal.is_recorded = True
        raise refusal
    entries = [_entry(outcome.kind, entry) for entry in outcome.entries if isinstance(entry, AccountEntry)]
    return AllocationActAnswer(
        client_api_id=outcome.customer_id, allocations=entries, spans_transfer=spans_transfer(outcome)
    )


def _entry(kind: AccountKind, entry: AccountEntry) -> AllocationEntry:
    return AllocationEntry(
        kind=kind.value,
        id=entry.identifier,
        effective_from=entry.days.first,
        effective_to=entry.days.until,
        done=entry.done,
        would=entry.would,
    )


def _act(call: Call, act: Callable[..., AssignmentOutcome]) -> Answer:
    body = call.body_as(AllocationBody)
    outcome = act(call.installation, call.caller, order_of(call, body.kind, body.identifiers))
    return Answer.json(200, act_answer(outcome, body.identifiers))


def _faults_of(act: Callable[..., AssignmentOutcome]) -> ValueFaults:
    def faults(call: Call) -> Mapping[str, str]:
        body = call.body_as(AllocationBody)
        return faults_of_trial(
            call, body.kind, body.identifiers, act, lambda outcome: act_answer(outcome, body.identifiers)
        )

    return faults


def _allocation_routes() -> tuple[Route, ...]:
    base = "/v1/cost_allocations"
    allocate = "Allocate charges without an account to a customer"
    acts: tuple[tuple[str, Any, Any, str, Any, Act], ...] = (
        ("add", add, assign_accounts, allocate, BEGIN_PARAMETERS, Act.ASSIGN_ACCOUNTS),
        ("move", move, move_accounts, "Move allocations to a customer", BEGIN_PARAMETERS, Act.MOVE_ACCOUNTS),
        ("remove", remove, remove_accounts, "End allocations of a customer", END_PARAMETERS, Act.REMOVE_ACCOUNTS),
    )
    lists = ((f"{base}/list", "List allocations"), (f"{base}/list/{{client_api_id}}", "List a customer's allocations"))
    return (
        *(
            Route(
                "PUT",
                f"{base}/{name}/{{client_api_id}}",
                Permission.CHANGE,
                handler,
                summary,
                {200: AllocationActAnswer},
                parameters,
                AllocationBody,
                act=act,
                value_faults=_faults_of(service),
            )
            for name, handler, service, summary, parameters, act in acts
        ),
        *(
            Route(
                "GET",
                path,
                Permission.READ,
                list_allocations,
                summary,
                {200: AllocationList},
                (*PAGING, *LIST_PARAMETERS, KIND),
            )
            for path, summary in lists
        ),
    )


ROUTES = _allocation_routes()
