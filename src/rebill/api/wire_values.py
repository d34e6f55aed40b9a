"""Values that bodies of several resources have: numbers, months, ids, lists of ids, words of a list."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

from rebill.api.shapes import shape_fault
from rebill.api.texts import read_id
from rebill.api.wire_reading import GREATEST_NUMBER_DIGITS
from rebill.api.wire_schemas import (
    IdSchema,
    IdsOrAllSchema,
    IdsSchema,
    MonthSchema,
    NumberSchema,
    OptionalMonthSchema,
    WholeNumberSchema,
)
from rebill.model.money import parse_decimal
from rebill.model.months import BillingMonth

Word = TypeVar("Word", bound=StrEnum)

GREATEST_LIST_LENGTH = 10_000
UNREAD_MONTH = "2000-01"
"""Stands for a month that cannot be read, where what is around it could not be judged without it."""


def _read_number(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, str):
        raise shape_fault("must be a number")
    if len(value) > GREATEST_NUMBER_DIGITS + 8:
        raise shape_fault(f"may have at most {GREATEST_NUMBER_DIGITS} digits")
    try:
        number = parse_decimal(value)
    except ValueError as error:
        raise shape_fault(str(error)) from None
    # Written out it would be longer than what a JSON number may be.
    if number and not -GREATEST_NUMBER_DIGITS < number.adjusted() < GREATEST_NUMBER_DIGITS:
        raise shape_fault(f"may have at most {GREATEST_NUMBER_DIGITS} digits")
    return number


def _read_whole_number(value: object) -> int:
    number = _read_number(value)
    if number != number.to_integral_value():
        raise shape_fault("must be a whole number")
    return int(number)


def _read_month(value: object) -> BillingMonth:
    try:
        return BillingMonth.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise shape_fault("must be a month, written YYYY-MM") from None


def read_wire_id(value: object) -> int:
    """The id that a JSON number or text writes; raises the fault of a field otherwise."""
    number = read_id(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    if number is None:
        raise shape_fault("must be an id: a whole number above 0")
    return number


def _read_id_or_all(value: object) -> int | str:
    return "all" if value == "all" else read_wire_id(value)


def listed(value: object) -> object:
    """A list, also where it was written as one text with commas between."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) and value.strip() else value


def word_of(words: type[Word], also: dict[str, Word] | None = None) -> Callable[[object], Word]:
    """A reader of one of ``words``; ``also`` are other spellings that are read."""

    def read(value: object) -> Word:
        if isinstance(value, str):
            if value in list(words):
                return words(value)
            if also is not None and value in also:
                return also[value]
        raise shape_fault(f"must be one of {', '.join(words)}")

    return read


WholeNumber = Annotated[int, BeforeValidator(_read_whole_number, json_schema_input_type=int | WholeNumberSchema)]
Number = Annotated[Decimal, BeforeValidator(_read_number, json_schema_input_type=NumberSchema)]
Month = Annotated[
    BillingMonth, BeforeValidator(_read_month, json_schema_input_type=MonthSchema), Field(description="`YYYY-MM`.")
]
OptionalMonth = Annotated[
    Month | None,
    BeforeValidator(lambda value: None if value == "" else value, json_schema_input_type=OptionalMonthSchema),
    Field(description="`YYYY-MM`; empty: none."),
]
"""A month that a caller can take back: what was sent as ``""`` is given, and ``None``."""
Id = Annotated[int, BeforeValidator(read_wire_id, json_schema_input_type=IdSchema)]
Ids = Annotated[
    list[Id],
    BeforeValidator(listed, json_schema_input_type=IdsSchema),
    Field(max_length=GREATEST_LIST_LENGTH),
]
IdsOrAll = Annotated[
    list[Annotated[int | str, BeforeValidator(_read_id_or_all, json_schema_input_type=int | WholeNumberSchema)]],
    BeforeValidator(listed, json_schema_input_type=IdsOrAllSchema),
    Field(max_length=GREATEST_LIST_LENGTH, description="Ids of customers, or `all`: those to come too."),
]
