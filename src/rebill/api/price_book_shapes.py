"""Price books and their assignments as they are asked for and answered."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, RootModel, model_validator

from rebill.api.answer_shapes import AnswerShape, Instant
from rebill.api.pointing import Sentence
from rebill.api.shapes import LenientBody, Text, shape_fault
from rebill.api.wire_schemas import NonEmptyOwnersSchema, OwnerSchema, SeveralLinesSchema, TextSchema
from rebill.api.wire_values import Id, OptionalMonth, listed
from rebill.model.months import BillingMonth
from rebill.model.near_miss import NearMisses
from rebill.model.price_book import ALL_ACCOUNTS
from rebill.model.price_book_record import (
    GREATEST_ACCOUNT_COUNT,
    AccountAssignment,
    AccountsOrder,
    BookAssignment,
    BookAssignmentOrder,
    PriceBookOrder,
    PriceBookRecord,
    billing_account_owner,
)

_CUSTOMER_FIELDS = ("target_client_api_id", "client_api_id", "customer_id")
_OWNER_FIELDS = ("billing_account_owner_id", "billing_account_owner_ids")
"""Names of the customer that an assignment is for, as published revisions have them; the first is answered."""


def _read_specification(value: object) -> str:
    if not isinstance(value, str):
        raise shape_fault("must be text: the specification in XML, or in YAML")
    return value


def _read_owner(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise shape_fault(f"must be {ALL_ACCOUNTS}, or the id of an account: text or a whole number")
    try:
        return billing_account_owner(value)
    except ValueError as error:
        raise shape_fault(str(error)) from None


def _one_or_several(value: object) -> object:
    return value if isinstance(value, list) else [value]


Owner = Annotated[str, BeforeValidator(_read_owner, json_schema_input_type=OwnerSchema)]
"""The id of an account, or ``ALL``."""
Specification = Annotated[str, BeforeValidator(_read_specification, json_schema_input_type=SeveralLinesSchema)]
_Owners = Annotated[list[Owner], Field(min_length=1, max_length=GREATEST_ACCOUNT_COUNT)]


class PriceBookBody(LenientBody):
    """What of a price book is to change."""

    book_name: Text | None = None
    specification: Specification | None = None

    def order(self) -> PriceBookOrder:
        """The order that this body makes."""
        return PriceBookOrder(self.book_name, self.specification)


class NewPriceBookBody(PriceBookBody):
    """A price book to be made."""

    documented_as_required: ClassVar[tuple[str, ...]] = ("book_name", "specification")


class CustomerNamed(LenientBody):
    """A body that names a customer under any of its published names."""

    judged_with: ClassVar[Mapping[str, frozenset[str]]] = dict.fromkeys(_CUSTOMER_FIELDS, frozenset(_CUSTOMER_FIELDS))

    target_client_api_id: Id | None = None
    client_api_id: Id | None = None
    customer_id: Id | None = None

    @model_validator(mode="after")
    def _one_customer(self) -> "CustomerNamed":
        if len({getattr(self, field) for field in self._customer_fields}) > 1:
            first, other = self._customer_fields[:2]
            raise shape_fault(f"{other}: differs from {first}: send one of the two")
        return self

    @property
    def customers_named(self) -> Mapping[str, int | None]:
        """The customer, by the name that the caller used."""
        return {} if self.named_customer_id is None else {self.customer_field: self.named_customer_id}

    @property
    def _customer_fields(self) -> list[str]:
        return [field for field in _CUSTOMER_FIELDS if getattr(self, field) is not None]

    @property
    def customer_field(self) -> str:
        """The name that the caller used."""
        return (self._customer_fields or list(_CUSTOMER_FIELDS))[0]

    @property
    def named_customer_id(self) -> int | None:
        """The customer that is named, if any."""
        found: int | None = getattr(self, self.customer_field)
        return found


class BookAssignmentBody(CustomerNamed):
    """What of an assignment is to change."""

    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {
        **CustomerNamed.judged_with,
        "start_month": frozenset({"end_month"}),
        "end_month": frozenset({"start_month"}),
    }
    price_book_id: Id | None = None
    start_month: OptionalMonth = None
    end_month: OptionalMonth = None

    def order(self) -> BookAssignmentOrder:
        """The order that this body makes."""
        return BookAssignmentOrder(
            price_book_id=self.price_book_id,
            customer_id=self.named_customer_id,
            start_month=self.start_month,
            end_month=self.end_month,
            always=self.start_month is None and "start_month" in self.model_fields_set,
            without_end=self.end_month is None and "end_month" in self.model_fields_set,
            customer_field=self.customer_field,
        )


class NewBookAssignmentBody(BookAssignmentBody):
    """A book to be assigned to a customer, under any of its three names."""

    documented_as_required: ClassVar[tuple[str, ...]] = ("price_book_id",)


class AccountAssignmentBody(CustomerNamed):
    """The account that is to be priced instead."""

    # Under either name: which of them was meant, nobody can say of a list that cannot be read.
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {
        **CustomerNamed.judged_with,
        **dict.fromkeys(_OWNER_FIELDS, frozenset(_OWNER_FIELDS)),
    }
    price_book_assignment_id: Id | None = None
    billing_account_owner_id: (
        Annotated[_Owners, BeforeValidator(_one_or_several, json_schema_input_type=OwnerSchema | NonEmptyOwnersSchema)]
        | None
    ) = None
    billing_account_owner_ids: (
        Annotated[_Owners, BeforeValidator(listed, json_schema_input_type=TextSchema | NonEmptyOwnersSchema)] | None
    ) = None

    @model_validator(mode="after")
    def _sound(self) -> "AccountAssignmentBody":
        one, several = self.billing_account_owner_id, self.billing_account_owner_ids
        if one is not None and several is not None and one != several:
            raise shape_fault("billing_account_owner_ids: stands beside billing_account_owner_id: send one of the two")
        return self

    def missing(self, is_new: bool) -> dict[str, str]:
        """What must be given and is not."""
        faults = {}
        if is_new and self.price_book_assignment_id is None:
            faults["price_book_assignment_id"] = "is required"
        if is_new and not self.owner_ids:
            faults["billing_account_owner_id"] = f"is required: {ALL_ACCOUNTS}, or the id of an account"
        if not is_new and len(self.owner_ids) > 1:
            faults["billing_account_owner_id"] = "may name one account here: assign others by assignments of their own"
        return faults

    @property
    def owner_ids(self) -> Sequence[str]:
        """The accounts, under either name."""
        return self.billing_account_owner_id or self.billing_account_owner_ids or []

    def order(self) -> AccountsOrder:
        """The order that this body makes."""
        field = "billing_account_owner_id" if self.billing_account_owner_id is not None else "billing_account_owner_ids"
        is_single = field == "billing_account_owner_id" and len(self.owner_ids) == 1
        fields = [field if is_single else f"{field}[{place}]" for place in range(len(self.owner_ids))]
        return AccountsOrder(
            self.price_book_assignment_id or 0, tuple(self.owner_ids), tuple(fields), self.named_customer_id
        )


class NewAccountAssignmentBody(AccountAssignmentBody):
    """Accounts that an assigned book is to price, under either name."""

    documented_as_required: ClassVar[tuple[str, ...]] = ("price_book_assignment_id",)


class PriceBookAnswer(AnswerShape):
    """A price book."""

    id: int
    book_name: str
    file_hash: Annotated[str, Field(description="The first 32 hexadecimal digits of the specification's SHA-256.")]
    created_at: Instant
    updated_at: Instant


class NewPriceBookAnswer(AnswerShape):
    """A price book that was made."""

    price_book: PriceBookAnswer


class PriceBookList(RootModel[list[PriceBookAnswer]]):
    """A page of price books: a bare array."""


class SpecificationAnswer(AnswerShape):
    """What a book says, byte for byte as it was written."""

    specification: str


class NearMissAnswer(AnswerShape):
    """A name that a rule asks for, and what a line has instead."""

    rule_position: Annotated[int, Field(description="The rule's place in the book, from 1.")]
    rule: str
    element: Annotated[str, Field(description="The element of the price book language that holds the name.")]
    asked: str
    meant: Annotated[str, Field(description="What a line has: the same but for the case of its letters.")]
    sentence: Sentence


class RatePassedOverAnswer(AnswerShape):
    """A fixed rate that does not price lines which its rule is for."""

    rule_position: Annotated[int, Field(description="The rule's place in the book, from 1.")]
    rule: str
    lines: Annotated[int, Field(description="How many of the month's lines.")]
    reason: Annotated[str, Field(description="What they are that the rate is not of.")]
    sentence: Sentence


class NearMissesAnswer(AnswerShape):
    """What comparing a book with the last imported month found."""

    month: str | None
    near_misses: list[NearMissAnswer]
    rates_passed_over: list[RatePassedOverAnswer]
    fault: Annotated[Sentence, Field(description="Why the lines could not be read; empty where they were.")]


class BookAssignmentAnswer(AnswerShape):
    """A book that is assigned to a customer."""

    id: int
    price_book_id: int
    target_client_api_id: int
    created_at: Instant
    updated_at: Instant
    start_month: Annotated[str | None, Field(description="The first month; null: from the beginning.")]
    end_month: Annotated[str | None, Field(description="The last month; null: none.")]


class BookAssignmentList(AnswerShape):
    """A page of assignments."""

    price_book_assignments: list[BookAssignmentAnswer]


class AccountAssignmentAnswer(AnswerShape):
    """An account, or all accounts of a customer, that an assigned book prices."""

    id: int
    target_client_api_id: int
    price_book_assignment_id: int
    billing_account_owner_id: Annotated[str, Field(description=f"{ALL_ACCOUNTS}, or the id of an account.")]


class AccountAssignmentList(AnswerShape):
    """A page of account assignments, or those that were just made."""

    price_book_account_assignments: list[AccountAssignmentAnswer]


def price_book_answer(book: PriceBookRecord) -> PriceBookAnswer:
    """A book as the API answers it, here and at the command line."""
    return PriceBookAnswer(
        id=book.price_book_id,
        book_name=book.book_name,
        file_hash=book.file_hash,
        created_at=book.created_at,
        updated_at=book.updated_at,
    )


def near_misses_answer(found: NearMisses) -> NearMissesAnswer:
    """What comparing a book with the last imported month found, as the API answers it."""
    month = found.month
    shown = [
        NearMissAnswer(
            rule_position=one.position,
            rule=one.rule_name,
            element=one.word,
            asked=one.asked,
            meant=one.meant,
            sentence="" if month is None else one.sentence(month),
        )
        for one in found.found
    ]
    rates = [
        RatePassedOverAnswer(
            rule_position=one.position,
            rule=one.rule_name,
            lines=one.lines,
            reason=one.reason,
            sentence="" if month is None else one.sentence(month),
        )
        for one in found.passed_over
    ]
    return NearMissesAnswer(
        month=_month_text(month), near_misses=shown, rates_passed_over=rates, fault=found.fault or ""
    )


def book_assignment_answer(assignment: BookAssignment) -> BookAssignmentAnswer:
    """An assignment as the API answers it, here and at the command line."""
    return BookAssignmentAnswer(
        id=assignment.assignment_id,
        price_book_id=assignment.price_book_id,
        target_client_api_id=assignment.customer_id,
        created_at=assignment.created_at,
        updated_at=assignment.updated_at,
        start_month=_month_text(assignment.months.first),
        end_month=_month_text(assignment.months.last),
    )


def account_assignment_answer(account: AccountAssignment) -> AccountAssignmentAnswer:
    """An account's assignment as the API answers it, here and at the command line."""
    return AccountAssignmentAnswer(
        id=account.account_assignment_id,
        target_client_api_id=account.customer_id,
        price_book_assignment_id=account.assignment_id,
        billing_account_owner_id=account.billing_account_owner_id,
    )


def _month_text(month: BillingMonth | None) -> str | None:
    return None if month is None else str(month)
