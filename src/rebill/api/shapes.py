"""Bodies that calls take, as Pydantic models over what ``wire_reading`` parsed.

Shapes of compatible calls read what clients really send: fields they do not know are ignored, ``null`` is
absent, ids and numbers may be text. Shapes of calls of our own (``StrictBody``) refuse unknown fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError

from rebill.api.errors import GREATEST_FAULT_COUNT
from rebill.api.sound_parts import Place, element_of, left_out, put, without
from rebill.api.texts import text_fault
from rebill.api.wire_reading import path_text
from rebill.api.wire_schemas import (
    GREATEST_TEXT_LENGTH,
    FlagSchema,
    IdentifierSchema,
    TextSchema,
    TimeSchema,
    optional,
    required,
)
from rebill.model.assignment import GREATEST_IDENTIFIER_COUNT
from rebill.model.errors import Invalid
from rebill.model.identifiers import GREATEST_IDENTIFIER_LENGTH, subscription_key, trimmed
from rebill.model.months import parse_instant
from rebill.model.party import Classification

Shape = TypeVar("Shape", bound="LenientBody")
UNREAD = "unread"
"""Stands for a text that cannot be read, where what is around it could not be judged without it."""
_AZURE_CUSTOMERS = "azure_customer_ids"
_SUBSCRIPTION_LISTS = ("azure_ids", "azure_subscription_ids")


def shape_fault(sentence: str) -> PydanticCustomError:
    """What a field's reader raises: its fault, as a sentence without its subject."""
    return PydanticCustomError("rebill", "{sentence}", {"sentence": sentence})


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise shape_fault("must be text")
    fault = text_fault(value, GREATEST_TEXT_LENGTH)
    if fault:
        raise shape_fault(fault)
    return value


def _read_text_or_whole_number(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise shape_fault("must be text or a whole number")
    return _read_text(value)


def read_identifier(value: object) -> str:
    """The trimmed id that a JSON text or whole number writes; raises the fault of a field otherwise."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise shape_fault("must be an id: text, or a whole number")
    return _read_text_identifier(value)


def _read_text_identifier(value: object) -> str:
    if not isinstance(value, str):
        raise shape_fault("must be an id, written as text")
    identifier = trimmed(value)
    if not identifier:
        raise shape_fault("must not be empty")
    fault = text_fault(identifier, GREATEST_IDENTIFIER_LENGTH)
    if fault:
        raise shape_fault(fault)
    return identifier


def _read_absent_where_empty(value: object) -> object:
    """Answers write what is missing as empty text, and who sends them back means the same."""
    return None if value == "" else value


def _read_subscription(value: object) -> str:
    identifier = read_identifier(value)
    if not subscription_key(identifier):
        raise shape_fault("names no subscription")
    return identifier


def _read_flag(value: object) -> bool:
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise shape_fault("must be true or false")


def _read_time(value: object) -> datetime | None:
    if value == "":
        return None
    try:
        return parse_instant(value if isinstance(value, str) else "")
    except ValueError as error:
        raise shape_fault(str(error)) from None


Text = Annotated[str, BeforeValidator(_read_text, json_schema_input_type=TextSchema)]
TextOrWholeNumber = Annotated[str, BeforeValidator(_read_text_or_whole_number, json_schema_input_type=TextSchema | int)]
Identifier = Annotated[
    str,
    BeforeValidator(read_identifier, json_schema_input_type=IdentifierSchema | int),
    Field(description="1 to 128 characters after trimming; compared without regard to the case of A to Z."),
]
TextIdentifier = Annotated[
    str,
    BeforeValidator(_read_text_identifier, json_schema_input_type=IdentifierSchema),
    Field(description="1 to 128 characters after trimming; compared without regard to the case of A to Z."),
]
Subscription = Annotated[
    str,
    BeforeValidator(_read_subscription, json_schema_input_type=IdentifierSchema | int),
    Field(description="`<GUID>` or `/subscriptions/<GUID>`, or another cloud's account id."),
]
Flag = Annotated[bool, BeforeValidator(_read_flag, json_schema_input_type=FlagSchema)]
Time = Annotated[datetime | None, BeforeValidator(_read_time, json_schema_input_type=TimeSchema)]


class LenientBody(BaseModel):
    """A body of a compatible call, or a part of one."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    documented_as_required: ClassVar[tuple[str, ...]] = ()
    """Fields that only the service asks for, so that it can tell all faults at once."""
    null_says_something: ClassVar[tuple[str, ...]] = ()
    """Fields that ``null`` takes away; in all others it is as good as absent."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {}
    """What stands for a field that cannot be read, by path, where the others could not be judged without it."""
    unread_elements: ClassVar[Mapping[str, object]] = {}
    """What stands for an element that cannot be read, by list, where the others are judged without it."""
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Fields of which nothing can be said while that one cannot be read."""

    @property
    def customers_named(self) -> Mapping[str, int | None]:
        """The customers that it names, by field; ``None``: all of them, or the partner itself."""
        named = getattr(self, "client_api_id", None)
        return {} if named is None else {"client_api_id": named}

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kept = set(cls.null_says_something)
        if cls.model_config.get("extra") == "forbid":
            # An unknown field is one whatever stands in it: a misspelt one must not pass unseen.
            kept |= value.keys() - cls.model_fields.keys()
        return {name: part for name, part in value.items() if part is not None or name in kept}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The shape as JSON Schema: what need not be given may be ``null``."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        names = [*schema.get("required", []), *cls.documented_as_required]
        schema["properties"] = {
            name: required(part) if name in names else optional(part)
            for name, part in schema.get("properties", {}).items()
        }
        if names:
            schema["required"] = names
        return reference


class StrictBody(LenientBody):
    """A body of a call of our own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AzureCustomersBody(LenientBody):
    """Azure customers to assign or to remove."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {_AZURE_CUSTOMERS: [UNREAD]}
    unread_elements: ClassVar[Mapping[str, object]] = {_AZURE_CUSTOMERS: UNREAD}
    azure_customer_ids: Annotated[list[TextIdentifier], Field(min_length=1, max_length=GREATEST_IDENTIFIER_COUNT)]


class MoveBody(StrictBody):
    """Azure customers to move."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = AzureCustomersBody.unread_stand_ins
    unread_elements: ClassVar[Mapping[str, object]] = AzureCustomersBody.unread_elements
    azure_customer_ids: Annotated[list[TextIdentifier], Field(min_length=1, max_length=GREATEST_IDENTIFIER_COUNT)]


class SubscriptionsBody(LenientBody):
    """Subscriptions to assign or to remove; the two names mean the same."""

    unread_elements: ClassVar[Mapping[str, object]] = dict.fromkeys(_SUBSCRIPTION_LISTS, UNREAD)
    # Which of them was meant, nobody can say of a list that cannot be read.
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = dict.fromkeys(
        _SUBSCRIPTION_LISTS, frozenset(_SUBSCRIPTION_LISTS)
    )

    azure_ids: Annotated[list[Subscription] | None, Field(min_length=1, max_length=GREATEST_IDENTIFIER_COUNT)] = None
    azure_subscription_ids: Annotated[
        list[Subscription] | None, Field(min_length=1, max_length=GREATEST_IDENTIFIER_COUNT)
    ] = None

    @model_validator(mode="after")
    def _one_list(self) -> "SubscriptionsBody":
        if self.azure_ids is None and self.azure_subscription_ids is None:
            raise shape_fault("azure_ids: is required: send the list of subscription ids")
        if None not in (self.azure_ids, self.azure_subscription_ids) and self.azure_ids != self.azure_subscription_ids:
            raise shape_fault("azure_subscription_ids: differs from azure_ids: send one of the two")
        return self

    @property
    def field_name(self) -> str:
        """The name that the caller used."""
        return "azure_ids" if self.azure_ids is not None else "azure_subscription_ids"

    @property
    def identifiers(self) -> list[str]:
        return self.azure_ids or self.azure_subscription_ids or []


class MoveSubscriptionsBody(SubscriptionsBody, StrictBody):
    """Subscriptions to move."""


class AddressBody(LenientBody):
    """A postal address."""

    street1: Text = ""
    street2: Text = ""
    city: Text = ""
    state: Text = ""
    zipcode: TextOrWholeNumber = ""
    country: Text = ""

    address_parts: ClassVar[tuple[str, ...]] = ("street1", "street2", "city", "state", "zipcode", "country")

    @model_validator(mode="before")
    @classmethod
    def _as_published_examples_spell(cls, value: Any) -> Any:
        if isinstance(value, dict) and ("State" in value or "Country" in value):
            spelt = {"state": value.get("State"), "country": value.get("Country"), **value}
            return {name: part for name, part in spelt.items() if part is not None}
        return value

    @property
    def given_parts(self) -> dict[str, str]:
        """The parts that were given; an address of empty parts only is absent."""
        given = {part: getattr(self, part) for part in self.address_parts if part in self.model_fields_set}
        return given if any(given.values()) else {}


class BillingConfigurationBody(LenientBody):
    """Whether the customer gets statements, and the folder they belong in."""

    enabled: Flag = False
    folder: Text = ""


class TagBody(LenientBody):
    """A tag of a customer."""

    key: TextOrWholeNumber = ""
    value: TextOrWholeNumber = ""


class NewCustomerBody(AddressBody):
    """A new customer. ``street1`` … ``country`` at the top level count as the address's fields."""

    documented_as_required: ClassVar[tuple[str, ...]] = ("name",)
    # Without a part that cannot be read an address could be empty, and so be none.
    unread_stand_ins: ClassVar[Mapping[str, object]] = {
        f"{place}{part}": UNREAD for place in ("", "address.") for part in AddressBody.address_parts
    }
    # What must be given, the service knows: it tells all faults of a customer at once.
    name: Text = ""
    address: AddressBody | None = None
    classification: Annotated[Text, Field(json_schema_extra={"enum": [*Classification, ""]})] = ""
    trial_expiration: Time = None
    trial_expiration_date: Time = None
    billing_contact: Text = ""
    partner_billing_configuration: BillingConfigurationBody = BillingConfigurationBody()
    tags: list[TagBody] = []

    @property
    def address_given(self) -> dict[str, str]:
        """The address's fields from either place; what is not empty decides, and of both the nested one."""
        outer = self.given_parts
        nested = self.address.given_parts if self.address else {}
        return {**outer, **{part: text or outer.get(part, "") for part, text in nested.items()}}


class CustomerChangeBody(NewCustomerBody):
    """What is to change of a customer: what is not given stays, and the address changes field by field."""

    documented_as_required: ClassVar[tuple[str, ...]] = ()


class NewAzureCustomerBody(NewCustomerBody):
    """A new customer, together with the Azure customer to assign to it."""

    azure_customer_id: Annotated[
        Identifier | None,
        BeforeValidator(_read_absent_where_empty, json_schema_input_type=IdentifierSchema | int | Literal[""] | None),
    ] = None


@dataclass(frozen=True)
class ReadShape(Generic[Shape]):
    """A body as read, with the faults of its form by path.

    ``shape``: of all that can be read, so that it can be judged too; ``None`` where that makes no body. ``unread``: the
    places that are not in it as they were sent, of which therefore nothing can be said.
    """

    shape: Shape | None
    faults: Mapping[str, str]
    unread: frozenset[str] = frozenset()


def read_shape(kind: type[Shape], value: object) -> ReadShape[Shape]:
    """``value`` as a ``kind``, with every fault by its path."""
    if not isinstance(value, Mapping):
        return ReadShape(None, {"body": "must be a JSON object"})
    try:
        return ReadShape(kind.model_validate(value), {})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=False)
    faults: dict[str, str] = {}
    for detail in details[:GREATEST_FAULT_COUNT]:
        path, sentence = _place_and_sentence(detail)
        faults.setdefault(path, sentence)
    return _of_sound_parts(kind, value, [detail["loc"] for detail in details], faults)


def _of_sound_parts(
    kind: type[Shape], value: Mapping[str, Any], faulty: Sequence[Place], faults: Mapping[str, str]
) -> ReadShape[Shape]:
    elements = {one for one in (element_of(place, kind.unread_elements) for place in faulty) if one}
    lists = {place[0] for place in elements}
    gone = left_out(value, [place for place in faulty if place[:2] not in elements])
    kept = without({name: _elements(part) if name in lists else part for name, part in value.items()}, gone)
    unread = {path_text(place) for place in (*gone, *elements)}
    for place in elements:
        put(kept, place, kind.unread_elements[str(place[0])])
    for path in kind.unread_stand_ins.keys() & faults.keys():
        unread.add(path)
        put(kept, path.split("."), kind.unread_stand_ins[path])
    unread |= {one for path in unread for one in kind.judged_with.get(path, ())}
    try:
        sound = kind.model_validate(kept)
    except ValidationError as error:
        # What is wrong with the whole was not looked for while parts could not be read.
        found = [_place_and_sentence(detail) for detail in error.errors(include_url=False, include_input=False)]
        return ReadShape(None, {**{path: fault for path, fault in found if path not in unread}, **faults})
    return ReadShape(sound, faults, frozenset(unread))


def _elements(part: Any) -> list[Any]:
    # Some lists may be written as one text with commas between.
    return part.split(",") if isinstance(part, str) else list(part)


def require_shape(faults: Mapping[str, str]) -> None:
    """Raise ``Invalid`` when there are ``faults`` of parameters or body."""
    if faults:
        raise Invalid("invalid_request", "Nothing was done: correct what fields names and send it again.", faults)


def _place_and_sentence(detail: ErrorDetails) -> tuple[str, str]:
    kind = detail["type"]
    context = detail.get("ctx", {})
    # Of an object whose names mean something, pydantic tells a faulty name as if it were a part of the value.
    place = detail["loc"][:-1] if detail["loc"][-1:] == ("[key]",) else detail["loc"]
    path = path_text(place)
    if kind == "rebill":
        sentence = str(context["sentence"])
        if not detail["loc"] and ": " in sentence:
            path, _, sentence = sentence.partition(": ")
        return path, sentence
    sentences = {
        "missing": "is required",
        "extra_forbidden": "is not a field of this call",
        "list_type": "must be a list",
        "dict_type": "must be an object",
        "too_short": f"must hold at least {context.get('min_length', 1)} element",
        "too_long": f"may hold at most {context.get('max_length', 0):,} elements",
        "model_type": "must be an object",
        "model_attributes_type": "must be an object",
        "enum": f"must be one of {context.get('expected', '')}",
    }
    return path, sentences.get(kind, "cannot be accepted as it stands")
