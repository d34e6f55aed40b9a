"""Dry runs of price books as they are asked for and answered."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from rebill.api.answer_shapes import AnswerShape
from rebill.api.pointing import Sentence
from rebill.api.price_book_shapes import CustomerNamed, Owner
from rebill.api.shapes import Flag
from rebill.api.wire_schemas import OwnerSchema, TextSchema
from rebill.api.wire_values import Id, Month, listed
from rebill.model.currencies import minor_digits
from rebill.model.dry_run import CurrencyDifference, DryRun, DryRunOrder, DryRunStatus
from rebill.model.money import shortest_text, text_of_minor_units
from rebill.model.price_book import ALL_ACCOUNTS
from rebill.model.price_book_record import GREATEST_ACCOUNT_COUNT


def _accounts(value: object) -> object:
    """A published tool sends an empty text, or ``null``, for all accounts."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


class DryRunBody(CustomerNamed):
    """A price book to be tried on a customer's month."""

    documented_as_required: ClassVar[tuple[str, ...]] = ("price_book_id", "month")

    price_book_id: Id | None = None
    month: Month | None = None
    billing_account_owner_id: Annotated[
        list[Owner],
        BeforeValidator(_accounts, json_schema_input_type=OwnerSchema | Literal[""] | list[OwnerSchema]),
        Field(max_length=GREATEST_ACCOUNT_COUNT, description=f"{ALL_ACCOUNTS}, or an account; all unless given."),
    ] = Field(default_factory=list)
    billing_account_owner_ids: Annotated[
        list[Owner],
        BeforeValidator(listed, json_schema_input_type=TextSchema | list[OwnerSchema]),
        Field(max_length=GREATEST_ACCOUNT_COUNT),
    ] = Field(default_factory=list)
    upload_to_s3: Annotated[Flag, Field(description="Accepted; nothing is uploaded.")] = False

    def order(self) -> DryRunOrder:
        """The order that this body makes."""
        owner_ids = (*self.billing_account_owner_id, *self.billing_account_owner_ids)
        named = () if ALL_ACCOUNTS in owner_ids else tuple(dict.fromkeys(owner_ids))
        field = "billing_account_owner_ids" if self.billing_account_owner_ids else "billing_account_owner_id"
        return DryRunOrder(self.price_book_id, self.named_customer_id, self.month, named, self.customer_field, field)


class ServiceAnswer(AnswerShape):
    """What a service costs the customer now and under the book, exact."""

    service: Annotated[str | None, Field(description="null: the provider names none.")]
    price_today: str
    price_under_book: str
    difference: str


class CurrencyAnswer(AnswerShape):
    """What the customer's statement would total: its services added up and rounded once, to minor digits."""

    currency: str
    price_today: str
    price_under_book: str
    difference: str
    services: list[ServiceAnswer]


class DryRunResult(AnswerShape):
    """What came of a dry run."""

    price_book_id: int
    target_client_api_id: int
    month: str
    billing_account_owner_ids: Annotated[list[str], Field(description="The accounts that the book was tried on.")]
    currencies: list[CurrencyAnswer]


class DryRunAnswer(AnswerShape):
    """How far a dry run is, and what came of it."""

    message: Sentence
    dry_run_id: int
    status: Annotated[str, Field(description="running, done, failed, or interrupted.")]
    result: Annotated[DryRunResult | None, Field(description="Once it is done.")]


def dry_run_answer(dry_run: DryRun) -> DryRunAnswer:
    """A dry run as the API answers it, here and at the command line."""
    messages = {
        DryRunStatus.RUNNING: f"Dry run request processing: GET /v1/price_books/dry_run/{dry_run.dry_run_id} "
        "answers its result in a while.",
        DryRunStatus.DONE: "Dry run finished: nothing was stored in the month."
        if dry_run.differences
        else f"Dry run finished: customer {dry_run.customer_id} has no charge in {dry_run.month} to price.",
        DryRunStatus.FAILED: f"Dry run failed: {dry_run.fault}",
        DryRunStatus.INTERRUPTED: "The server that worked on this dry run was stopped: ask for it again.",
    }
    result = DryRunResult(
        price_book_id=dry_run.price_book_id,
        target_client_api_id=dry_run.customer_id,
        month=str(dry_run.month),
        billing_account_owner_ids=list(dry_run.owner_ids) or [ALL_ACCOUNTS],
        currencies=[_currency(difference) for difference in dry_run.differences],
    )
    return DryRunAnswer(
        message=messages[dry_run.status],
        dry_run_id=dry_run.dry_run_id,
        status=dry_run.status,
        result=result if dry_run.status is DryRunStatus.DONE else None,
    )


def _currency(difference: CurrencyDifference) -> CurrencyAnswer:
    digits = minor_digits(difference.currency)
    today, under_book = difference.today_minor_units, difference.under_book_minor_units
    return CurrencyAnswer(
        currency=difference.currency,
        price_today=text_of_minor_units(today, digits),
        price_under_book=text_of_minor_units(under_book, digits),
        difference=text_of_minor_units(under_book - today, digits),
        services=[
            ServiceAnswer(
                service=one.service,
                price_today=shortest_text(one.today, digits),
                price_under_book=shortest_text(one.under_book, digits),
                difference=shortest_text(one.under_book - one.today, digits),
            )
            for one in difference.services
        ],
    )
