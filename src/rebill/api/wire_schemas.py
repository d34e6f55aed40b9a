"""What the OpenAPI document says of values in bodies: what their readers read, as JSON Schema has it."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from rebill.api.texts import GREATEST_ID
from rebill.model.identifiers import GREATEST_IDENTIFIER_LENGTH

GREATEST_TEXT_LENGTH = 1024
"""Of fields whose own, shorter limit the services know."""
_LINE = r"[^\x00-\x1f\x7f-\x9f]"
_INK = r"[^\x00-\x20\x7f-\x9f]"
_BLANK = r"[ \t\r\n]*"
_ID = r"([1-9][0-9]{0,17}|[1-8][0-9]{18})"
"""As text, the ids next to the greatest that can be stored are left out: no id comes near."""
_MONTH = r"(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])"

TextSchema = Annotated[str, Field(max_length=GREATEST_TEXT_LENGTH, pattern=f"^{_LINE}*$")]
"""A line of text."""
SeveralLinesSchema = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
"""Text that may hold TAB, CR and LF."""
IdentifierSchema = Annotated[
    str, Field(pattern=f"^{_BLANK}{_INK}({_LINE}{{0,{GREATEST_IDENTIFIER_LENGTH - 2}}}{_INK})?{_BLANK}$")
]
FlagSchema = bool | Literal["true", "false"]
TimeSchema = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
                {"type": "string", "enum": [""]},
            ],
            "description": "A time; without zone it is UTC, and a day alone is its start. Empty: none.",
        }
    ),
]
DaySchema = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
MonthSchema = Annotated[str, Field(pattern=f"^{_MONTH}$")]
OptionalMonthSchema = Annotated[str, Field(pattern=f"^({_MONTH})?$")]
NumberSchema = (
    Annotated[Decimal, WithJsonSchema({"type": "number"})]
    | Annotated[str, Field(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,12})?$")]
)
WholeNumberSchema = Annotated[str, Field(pattern=r"^-?[0-9]{1,20}$")]
IdSchema = Annotated[int, Field(ge=1, le=GREATEST_ID)] | Annotated[str, Field(pattern=f"^{_ID}$")]
IdsSchema = list[IdSchema] | Annotated[str, Field(pattern=f"^ *{_ID} *(, *{_ID} *)*$")]
"""A list, or one text with commas between."""
IdsOrAllSchema = (
    list[IdSchema | Literal["all"]] | Annotated[str, Field(pattern=f"^ *(all|{_ID}) *(, *(all|{_ID}) *)*$")]
)
ID_PATTERN = f"^{_ID}$"
OwnerSchema = int | Annotated[str, Field(pattern=f"^{_BLANK}{_INK}({_LINE}{{0,253}}{_INK})?{_BLANK}$")]
"""The id of an account, or ``ALL``."""
NonEmptyOwnersSchema = Annotated[list[OwnerSchema], Field(min_length=1)]


def optional(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` of a field that need not be given, and that ``null`` is as good as absent for."""
    told = {name: schema[name] for name in ("description", "default") if schema.get(name) is not None}
    choices = _choices(schema)
    return {"anyOf": [*choices, {"type": "null"}], **told}


def required(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` of a field that must be given."""
    told = {"description": schema["description"]} if "description" in schema else {}
    choices = _choices(schema)
    return {**choices[0], **told} if len(choices) == 1 else {"anyOf": choices, **told}


def _choices(schema: dict[str, Any]) -> list[Any]:
    """What a field may be besides ``null``."""
    besides = {name: part for name, part in schema.items() if name not in ("title", "description", "default", "anyOf")}
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    return [{**besides, **choice} for choice in choices] if choices else [besides]
