"""What calls about users, keys and the partner's settings take and answer: calls of our own, so strict ones."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer

from rebill.api.answer_shapes import AnswerShape, Instant, OptionalInstant
from rebill.api.shapes import Flag, StrictBody, Text, Time, shape_fault
from rebill.api.wire_values import Id, Month, Number, WholeNumber, word_of
from rebill.model.callers import ApiKey, NewKey, NewUser, User, UserChange
from rebill.model.closing import LateCost, Numbering
from rebill.model.money import shortest_text
from rebill.model.months import BillingMonth
from rebill.model.partner import PartnerSettings, PartnerSettingsChange
from rebill.model.party import Role
from rebill.services.callers.keys import GREATEST_OVERLAP, IssuedKey

NullableMonth = Annotated[
    BillingMonth | None, PlainSerializer(lambda month: None if month is None else str(month), return_type=str | None)
]


def _read_overlap(value: object) -> int:
    greatest = GREATEST_OVERLAP // timedelta(seconds=1)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= greatest:
        raise shape_fault(f"must be a whole number of seconds from 0 to {greatest}")
    return value


RoleWord = Annotated[
    Role,
    BeforeValidator(word_of(Role), json_schema_input_type=str),
    Field(json_schema_extra={"enum": [role.value for role in Role]}),
]
Overlap = Annotated[
    int,
    BeforeValidator(
        _read_overlap, json_schema_input_type=Annotated[int, Field(ge=0, le=GREATEST_OVERLAP // timedelta(seconds=1))]
    ),
]


class NewUserBody(StrictBody):
    """A new user; ``customer_id`` with the role ``customer_read_only`` only."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"name": "unread", "role": Role.READ_ONLY.value}
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {"role": frozenset({"customer_id"})}

    name: Text
    role: RoleWord
    email: Text = ""
    customer_id: Id | None = None

    @property
    def customers_named(self) -> Mapping[str, int | None]:
        """Whose user it is to be."""
        return {"customer_id": self.customer_id}

    def new_user(self) -> NewUser:
        """The user that is asked for."""
        return NewUser(self.name, self.role, self.customer_id, self.email)


class UserChangeBody(StrictBody):
    """What is to be other of a user."""

    name: Text | None = None
    role: RoleWord | None = None
    email: Text | None = None
    disabled: Flag | None = None

    def change(self) -> UserChange:
        """The change that is asked for."""
        return UserChange(self.name, self.email, self.role, self.disabled)


class NewKeyBody(StrictBody):
    """A new key of a user; without ``role`` it may what its user may, without ``expires_at`` it does not expire."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {"user_id": 1}
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {"user_id": frozenset({"role"})}

    user_id: Id
    name: Text = ""
    role: RoleWord | None = None
    expires_at: Time = None

    def new_key(self) -> NewKey:
        """The key that is asked for."""
        return NewKey(self.user_id, self.name, self.role, self.expires_at)


class RotationBody(StrictBody):
    """How long the old key lives beside the new one, and until when the new one does."""

    overlap_seconds: Overlap = 0
    expires_at: Time = None


class PartnerSettingsBody(StrictBody):
    """What is to be other of the partner's settings."""

    null_says_something: ClassVar[tuple[str, ...]] = ("billing_start",)

    name: Text | None = None
    currency: Text | None = None
    bill_input_tax: Flag | None = None
    billing_start: Annotated[Month | None, Field(description="`YYYY-MM`; `null`: no month is closed by it.")] = None
    unassigned_threshold: Number | None = None
    close_day: WholeNumber | None = None
    needs_approval: Flag | None = None
    numbering: Annotated[Numbering, BeforeValidator(word_of(Numbering), json_schema_input_type=str)] | None = None
    late_cost: Annotated[LateCost, BeforeValidator(word_of(LateCost), json_schema_input_type=str)] | None = None
    tolerance_percent: Number | None = None
    tolerance_amount: Number | None = None
    movement_percent: Number | None = None

    def change(self) -> PartnerSettingsChange:
        """The change that is asked for."""
        return PartnerSettingsChange(
            self.name,
            self.currency,
            self.bill_input_tax,
            self.billing_start,
            changes_billing_start="billing_start" in self.model_fields_set,
            unassigned_threshold=self.unassigned_threshold,
            close_day=self.close_day,
            needs_approval=self.needs_approval,
            numbering=self.numbering,
            late_cost=self.late_cost,
            tolerance_percent=self.tolerance_percent,
            tolerance_amount=self.tolerance_amount,
            movement_percent=self.movement_percent,
        )


class UserAnswer(AnswerShape):
    """A user."""

    id: int
    name: str
    email: str
    role: str
    customer_id: Annotated[int | None, Field(description="The client_api_id whose user this is; null: the partner's.")]
    disabled: bool
    created_at: Instant
    updated_at: Instant
    disabled_at: OptionalInstant

    @classmethod
    def of(cls, user: User) -> "UserAnswer":
        """``user`` as calls and commands show it."""
        return cls(
            id=user.user_id,
            name=user.name,
            email=user.email,
            role=user.role.value,
            customer_id=user.customer_id,
            disabled=user.disabled_at is not None,
            created_at=user.created_at,
            updated_at=user.updated_at,
            disabled_at=user.disabled_at,
        )


class UserList(AnswerShape):
    """A page of users."""

    users: list[UserAnswer]


class KeyAnswer(AnswerShape):
    """A key, without its secret."""

    id: int
    user_id: int
    name: str
    role: Annotated[str, Field(description="What it opens: never more than its user's role now.")]
    customer_id: int | None
    usable: Annotated[bool, Field(description="Whether it opens anything now.")]
    created_at: Instant
    expires_at: OptionalInstant
    revoked_at: OptionalInstant
    last_used_at: Annotated[OptionalInstant, Field(description="May lag by a minute.")]

    @classmethod
    def of(cls, key: ApiKey) -> "KeyAnswer":
        """``key`` as calls show it."""
        return cls(**_described(key))


class IssuedKeyAnswer(KeyAnswer):
    """A new key, shown this once."""

    api_key: str

    @classmethod
    def of_issued(cls, issued: IssuedKey) -> "IssuedKeyAnswer":
        """The key with what it says."""
        return cls(**_described(issued.key), api_key=issued.api_key)


class KeyList(AnswerShape):
    """A page of keys."""

    api_keys: list[KeyAnswer]


class PartnerSettingsAnswer(AnswerShape):
    """The partner's own settings."""

    name: str
    currency: Annotated[str, Field(description="ISO 4217: the partner's home currency.")]
    bill_input_tax: Annotated[bool, Field(description="The partner cannot reclaim input tax, and bills it on.")]
    billing_start: Annotated[NullableMonth, Field(description="Months before it are closed.")]
    unassigned_threshold: Annotated[
        str, Field(description="The greatest unassigned cost, in any currency, that holds no month back.")
    ]
    close_day: Annotated[int, Field(description="Of the following month: from it on a month may be closed.")]
    needs_approval: Annotated[bool, Field(description="A second person approves what is issued.")]
    numbering: Annotated[str, Field(description="`gapless`, or `external`: the partner's own system numbers.")]
    late_cost: Annotated[str, Field(description="Corrections are a `note`, or a block on the `next` statement.")]
    tolerance_percent: Annotated[str, Field(description="Of a Microsoft invoice: imported cost may differ so much.")]
    tolerance_amount: Annotated[str, Field(description="So much it may differ in any case, in any currency.")]
    movement_percent: Annotated[str, Field(description="What moves more than this from month to month is odd.")]

    @classmethod
    def of(cls, settings: PartnerSettings) -> "PartnerSettingsAnswer":
        """``settings`` as calls and commands show them."""
        closing = settings.closing
        return cls(
            name=settings.name,
            currency=settings.currency,
            bill_input_tax=settings.bill_input_tax,
            billing_start=settings.billing_start,
            unassigned_threshold=shortest_text(closing.unassigned_threshold),
            close_day=closing.close_day,
            needs_approval=closing.needs_approval,
            numbering=closing.numbering.value,
            late_cost=closing.late_cost.value,
            tolerance_percent=shortest_text(closing.tolerance_percent),
            tolerance_amount=shortest_text(closing.tolerance_amount),
            movement_percent=shortest_text(closing.movement_percent),
        )


def _described(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "user_id": key.user_id,
        "name": key.name,
        "role": key.role.value,
        "customer_id": key.customer_id,
        "usable": key.usable,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
