"""What calls answer, as Pydantic models: every documented key stands in every element by construction.

Missing text is ``""``, a missing list ``[]``, a missing number ``0``; ``null`` only in keys of our own.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from rebill.api.pointing import Sentence
from rebill.model.months import instant_text

Instant = Annotated[datetime, PlainSerializer(instant_text, return_type=str)]
OptionalInstantText = Annotated[
    datetime | None,
    PlainSerializer(lambda instant: "" if instant is None else instant_text(instant), return_type=str),
]
OptionalInstant = Annotated[
    datetime | None,
    PlainSerializer(lambda instant: None if instant is None else instant_text(instant), return_type=str | None),
]
Day = Annotated[
    date | None, PlainSerializer(lambda day: None if day is None else day.isoformat(), return_type=str | None)
]
ExactText = Annotated[str, Field(description="Exact decimal text.")]
ExactNumber = Annotated[
    Decimal, PlainSerializer(lambda number: number, return_type=Any), Field(json_schema_extra={"type": "number"})
]


class AnswerShape(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(
        frozen=True,
        populate_by_name=True,
        # Every key stands in every answer, also one that has always the same value.
        json_schema_serialization_defaults_required=True,
    )


class ErrorAnswer(AnswerShape):
    """Every error; ``fields`` stand with 422 only."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    error: Annotated[str, Field(description="A sentence that says what to do.")]
    code: Annotated[str, Field(description="Stable; what a program should look at.")]
    request_id: Annotated[str, Field(description="Finds the request in the server's log.")]
    fields: Annotated[dict[str, str], Field(description="Each fault by its place (the first 100); with 422.")] = {}


class AzureAccount(AnswerShape):
    """An Azure customer account as the record has it."""

    name: str
    domain: str
    azure_customer_id: str
    created_at: Instant
    updated_at: Instant


class AddEntry(AnswerShape):
    """A sound entry of an assignment."""

    customer_tenant_name: str
    partner_customer_account: AzureAccount
    azure_partner_customer_account: AzureAccount
    assigned: Annotated[bool, Field(description="After this call the account is this customer's.")]
    effective_from: Annotated[Day, Field(description="First charge day; null: from the beginning.")]
    effective_to: Annotated[Day, Field(description="The day after the last charge day; null: open.")]


class AddTrialEntry(AddEntry):
    """A sound entry of a dry run."""

    would_assign: bool


class RemoveEntry(AnswerShape):
    """A sound entry of a removal."""

    partner_customer_account: AzureAccount
    azure_partner_customer_account: AzureAccount
    removed: bool


class RemoveTrialEntry(RemoveEntry):
    """A sound entry of a dry run of a removal."""

    would_remove: bool


class FaultEntry(AnswerShape):
    """A faulty entry."""

    http_status: int = 422
    error: str
    azure_customer_id: str


class SpanningUsageLine(AnswerShape):
    """A line of usage of more than a day that goes on across a change of owner."""

    data_set_id: int
    billing_period: str
    source_file: str
    source_row: Annotated[int, Field(description="In the source file, from 1, the header not counted.")]
    azure_customer_id: str
    azure_subscription_id: str
    charge_kind: Annotated[
        str | None,
        Field(
            description="Of a line that names neither: the kind that it may be allocated by.",
            exclude_if=lambda kind: kind is None,
        ),
    ] = None
    commitment_discount_id: Annotated[
        str | None,
        Field(
            description="Of such a line: the commitment that it names, if any.",
            exclude_if=lambda commitment: commitment is None,
        ),
    ] = None
    charge_period_start: Instant
    charge_period_end: Annotated[Instant, Field(description="Not included.")]
    changes_on: Annotated[Day, Field(description="From this day on the account is another customer's, or nobody's.")]
    billed_cost: Annotated[str, Field(description="Exact, in `currency`.")]
    currency: str


class SpanningUsageAnswer(AnswerShape):
    """Usage that stays whole with the owner on its first day, though the account is another's on its last."""

    count: int
    lines: Annotated[list[SpanningUsageLine], Field(description="The first 100.")]
    fault: Annotated[
        Sentence | None,
        Field(
            description="Why the imported cost could not be read; the act stands, and nothing is known of such usage.",
            exclude_if=lambda fault: fault is None,
        ),
    ] = None


SpansTransfer = Annotated[
    SpanningUsageAnswer | None,
    Field(
        description="Stands only where usage of more than a day goes on across a change of owner that the act makes.",
        exclude_if=lambda found: found is None,
    ),
]


class AssignmentActAnswer(AnswerShape):
    """The answer to an act on assignments: `spans_transfer` is left out where there is nothing to tell."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)


class AddAnswer(AssignmentActAnswer):
    """The answer to add and move: one entry for each distinct id, in the order asked."""

    azure_partner_customer_accounts: list[AddTrialEntry | AddEntry | FaultEntry]
    spans_transfer: SpansTransfer = None


class RemoveAnswer(AssignmentActAnswer):
    """The answer to remove."""

    azure_partner_customer_accounts: list[RemoveTrialEntry | RemoveEntry | FaultEntry]
    spans_transfer: SpansTransfer = None


class AssignmentElement(AnswerShape):
    """An assignment in a list."""

    customer_tenant_name: str
    azure_partner_customer_account: AzureAccount
    effective_from: Day
    effective_to: Day


class AssignmentList(AnswerShape):
    """A page of assignments."""

    azure_partner_customer_accounts: list[AssignmentElement]


class SubscriptionDetail(AnswerShape):
    """A subscription, with ``?detail=true``."""

    azure_subscription_id: str
    name: str
    created_at: Instant
    updated_at: Instant
    effective_from: Day
    effective_to: Day


class SubscriptionAddDetail(SubscriptionDetail):
    """What became of a subscription that was to be assigned."""

    assigned: bool


class SubscriptionAddTrialDetail(SubscriptionAddDetail):
    """What would become of it."""

    would_assign: bool


class SubscriptionRemoveDetail(SubscriptionDetail):
    """What became of a subscription that was to be removed."""

    removed: bool


class SubscriptionRemoveTrialDetail(SubscriptionRemoveDetail):
    """What would become of it."""

    would_remove: bool


class SubscriptionList(AnswerShape):
    """The subscriptions of a customer."""

    code: int = 200
    azure_subscriptions: Annotated[list[str], Field(description="Bare ids of those assigned.")]
    msp_client_id: int


class SubscriptionDetailList(SubscriptionList):
    """The same, with ``?detail=true``."""

    details: Sequence[
        SubscriptionAddTrialDetail
        | SubscriptionAddDetail
        | SubscriptionRemoveTrialDetail
        | SubscriptionRemoveDetail
        | SubscriptionDetail
    ]


class SubscriptionAddition(SubscriptionList, AssignmentActAnswer):
    """The answer to an addition."""

    spans_transfer: SpansTransfer = None


class SubscriptionDetailAddition(SubscriptionDetailList, SubscriptionAddition):
    """The same, with ``?detail=true`` or as a dry run."""


class SubscriptionRemoval(SubscriptionList, AssignmentActAnswer):
    """The answer to a removal."""

    removed_azure_subscriptions: list[str]
    spans_transfer: SpansTransfer = None


class SubscriptionDetailRemoval(SubscriptionDetailList, SubscriptionRemoval):
    """The same, with ``?detail=true`` or as a dry run."""


class CatalogueElement(AnswerShape):
    """An Azure customer of the partner's catalogue."""

    id: int
    azure_customer_id: str
    name: str
    domain: str
    relationship: str
    assigned_to: Annotated[int | None, Field(description="The client_api_id that has it today.")]
    first_seen_at: Instant
    last_seen_at: Instant
    status: Annotated[str, Field(description="active, or gone when no longer listed.")]


class CatalogueList(AnswerShape):
    """A page of the catalogue."""

    azure_partner_customers: list[CatalogueElement]


class AddressAnswer(AnswerShape):
    """A postal address."""

    street1: str
    street2: str
    city: str
    state: str
    zipcode: str
    country: str


class TagAnswer(AnswerShape):
    """A tag of a customer."""

    key: str
    value: str


class BillingConfigurationAnswer(AnswerShape):
    """Whether the customer gets statements, and their folder."""

    enabled: bool
    folder: str


class BillingStatus(AnswerShape):
    """``enabled`` or ``disabled``."""

    status: str


class Link(AnswerShape):
    """Where something is."""

    href: str


class SelfLink(AnswerShape):
    """Where the customer is."""

    own: Annotated[Link, Field(alias="self")]


class OwnCustomerAnswer(AnswerShape):
    """A customer as its own key sees it."""

    id: int
    name: str
    address: AddressAnswer
    azure_customer_id: Annotated[str, Field(description="The Azure customer assigned first of those it has today.")]
    classification: str
    trial_expiration_date: OptionalInstantText
    trial_expiration: OptionalInstantText
    billing_contact: str
    partner_billing_configuration: BillingConfigurationAnswer
    tags: list[TagAnswer]
    created_at: Instant
    updated_at: Instant
    generated_external_id: str
    billing_configuration: BillingStatus
    deleted_at: Annotated[OptionalInstant, Field(description="When it was deleted; null: it is not.")]
    links: Annotated[SelfLink, Field(alias="_links")]


class CustomerAnswer(OwnCustomerAnswer):
    """A customer as its partner sees it."""

    margin_percentage: Annotated[ExactNumber, Field(description="Of the last statement, percent of its price.")]


class CustomerList(AnswerShape):
    """A page of customers."""

    customers: list[CustomerAnswer]


class Nothing(AnswerShape):
    """What DELETE answers to who insists on JSON: ``{}``."""


class AuditCaller(AnswerShape):
    """By whom: a key, of a user or of nobody in particular, or the command line."""

    channel: Annotated[str, Field(description="`api`, `console` (the pages) or `command_line`.")]
    role: str
    customer_id: Annotated[int | None, Field(description="Whose key it is, where it is a customer's.")]
    user_id: int | None
    key_id: Annotated[int | None, Field(description="From which key; null at the command line.")]
    operating_system_user: Annotated[str, Field(description="Who was signed in where the command ran.")]


class AuditRefusal(AnswerShape):
    """Why an act was not done."""

    code: str
    message: str
    fields: Annotated[dict[str, str], Field(description="The first twenty faulty fields.")]
    field_count: int


class AuditEntryAnswer(AnswerShape):
    """An entry of the audit trail."""

    number: Annotated[int, Field(description="In the partner's chain, from 1, without gaps.")]
    at: Annotated[str, Field(description="To the microsecond, in UTC.")]
    act: str
    outcome: Annotated[str, Field(description="`done` or `refused`.")]
    subject_kind: str
    subject_id: Annotated[int | None, Field(description="As asked; null where the act has no one subject.")]
    customer_id: Annotated[int | None, Field(description="The customer that it concerns, if it is one.")]
    by: AuditCaller
    request_id: str
    reason: Annotated[str, Field(description="From `X-Reason`, or `--reason`.")]
    before: Annotated[Any, Field(description="What the act changed, as it stood.")]
    after: Annotated[Any, Field(description="What the act changed, as it stands then.")]
    refusal: AuditRefusal | None
    left_out: Annotated[bool, Field(description="`before` and `after` are too long for a list: show the entry itself.")]
    content_sha256: Annotated[str, Field(description="Of what the entry tells.")]
    chain_sha256: Annotated[str, Field(description="Over number, the chain hash before, and content_sha256.")]


class AuditEntryList(AnswerShape):
    """Entries of the audit trail."""

    audit_entries: list[AuditEntryAnswer]


class Status(AnswerShape):
    """How the server is."""

    status: str
