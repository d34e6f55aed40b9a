"""Query parameters: declared once for each route, read and checked all at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from rebill.api.texts import read_id, text_fault
from rebill.model.months import BillingMonth, parse_day, parse_instant
from rebill.services.acting.secret_keys import holds_key

_WHOLE_NUMBER = re.compile(r"[0-9]+")
_SHOWN_NAME_LENGTH = 64
_SHOWN_KEY = "(an API key)"


@dataclass(frozen=True)
class Parameter:
    """A query parameter that a route takes. ``read`` turns its text into a value or raises ``ValueError``."""

    name: str
    description: str
    read: Callable[[str], Any]
    schema: Mapping[str, object]


def query_pairs(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values of a raw query, in order; bytes that are not UTF-8 become lone surrogates."""
    text = query_string.decode("ascii", "surrogateescape")
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def flag(name: str, description: str) -> Parameter:
    """A parameter that is exactly ``true`` or ``false``."""
    return Parameter(name, description, _read_flag, {"type": "boolean"})


def day(name: str, description: str) -> Parameter:
    """A parameter that is a real date ``YYYY-MM-DD``."""
    return Parameter(name, description, _read_day, {"type": "string", "format": "date"})


def month(name: str, description: str) -> Parameter:
    """A parameter that is a month, ``YYYY-MM`` or its first day ``YYYY-MM-01``."""

    def read(value: str) -> BillingMonth:
        if text_fault(value, 40):
            raise ValueError("must be a month, written YYYY-MM")
        return BillingMonth.parse(value[:-3] if value[7:] == "-01" else value)

    schema = {"type": "string", "pattern": "^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])(-01)?$"}
    return Parameter(name, description, read, schema)


def choice(name: str, description: str, values: Sequence[str]) -> Parameter:
    """A parameter that is one of ``values``, whatever the case."""
    by_folded = {value.casefold(): str(value) for value in values}

    def read(value: str) -> str:
        if value.casefold() not in by_folded:
            raise ValueError(f"must be one of {', '.join(values)}")
        return by_folded[value.casefold()]

    return Parameter(name, description, read, {"type": "string", "enum": [str(value) for value in values]})


def moment(name: str, description: str) -> Parameter:
    """A parameter that is a time; a day alone is its start."""
    forms = [{"type": "string", "format": form} for form in ("date-time", "date")]
    return Parameter(name, description, parse_instant, {"anyOf": forms})


def text(name: str, description: str, greatest_length: int = 255) -> Parameter:
    """A parameter that is free text."""

    def read(value: str) -> str:
        fault = text_fault(value, greatest_length)
        if fault:
            raise ValueError(fault)
        return value

    return Parameter(name, description, read, {"type": "string", "maxLength": greatest_length})


def whole_number(name: str, description: str, least: int, greatest: int) -> Parameter:
    """A parameter that is a whole number of at least ``least``; more than ``greatest`` counts as ``greatest``."""

    def read(value: str) -> int:
        if _WHOLE_NUMBER.fullmatch(value) is None:
            raise ValueError(f"must be a whole number of at least {least}")
        digits = value.lstrip("0") or "0"
        number = greatest if len(digits) > len(str(greatest)) else min(int(digits), greatest)
        if number < least:
            raise ValueError(f"must be a whole number of at least {least}")
        return number

    return Parameter(name, description, read, {"type": "integer", "minimum": least})


def identifier(name: str, description: str) -> Parameter:
    """A parameter that is an id."""
    return Parameter(name, description, _read_identifier, {"type": "integer", "minimum": 1})


def _read_identifier(value: str) -> int:
    number = read_id(value)
    if number is None:
        raise ValueError("must be an id: a whole number above 0")
    return number


def _read_flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("must be exactly true or false")
    return value == "true"


def _read_day(value: str) -> date:
    if text_fault(value, 40):
        raise ValueError("must be a day, written YYYY-MM-DD")
    return parse_day(value)


@dataclass(frozen=True)
class Parameters:
    """The parameters of one request, read. ``given`` keeps their text, for links to other pages."""

    values: Mapping[str, Any]
    given: Mapping[str, str]

    @property
    def are_read(self) -> bool:
        """Whether every one that was given could be read."""
        return self.given.keys() == self.values.keys()

    def flag(self, name: str) -> bool:
        """Whether the flag is ``true``; it is not when it was not given."""
        return bool(self.values.get(name, False))

    def optional_flag(self, name: str) -> bool | None:
        """The flag, ``None`` when it was not given."""
        value = self.values.get(name)
        return None if value is None else bool(value)

    def day(self, name: str) -> date | None:
        """The day, ``None`` when it was not given."""
        value = self.values.get(name)
        return value if isinstance(value, date) else None

    def month(self, name: str) -> BillingMonth | None:
        """The month, ``None`` when it was not given."""
        value = self.values.get(name)
        return value if isinstance(value, BillingMonth) else None

    def text(self, name: str) -> str | None:
        """The text, ``None`` when it was not given."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def number(self, name: str) -> int | None:
        """The number, ``None`` when it was not given."""
        value = self.values.get(name)
        return value if isinstance(value, int) else None


def read_parameters(
    pairs: Sequence[tuple[str, str]], known: Sequence[Parameter], passed_over: Sequence[str], changing: bool
) -> tuple[Parameters, dict[str, str]]:
    """Read the ``known`` parameters; also every fault by name.

    A call that changes something refuses names it does not know and names given twice: what a caller
    misspelt must not run for real. Elsewhere they are ignored, and the last value counts.
    ``passed_over`` are names that something else reads.
    """
    values: dict[str, Any] = {}
    given: dict[str, str] = {}
    faults: dict[str, str] = {}
    by_name = {parameter.name: parameter for parameter in known}
    seen: set[str] = set()
    for name, value in pairs:
        if changing and name in seen:
            faults[shown_name(name)] = "is given twice"
        seen.add(name)
        if name in by_name:
            given[name] = value
        elif changing and name not in passed_over:
            faults[shown_name(name)] = "is not a parameter of this call"
    for name, value in given.items():
        try:
            values[name] = by_name[name].read(value)
        except ValueError as error:
            faults.setdefault(name, str(error))
    return Parameters(values, given), faults


def shown_name(name: str) -> str:
    """``name`` as an error may show it: short, no API key, and nothing in it that does not print."""
    if holds_key(name):
        return _SHOWN_KEY
    short = name[:_SHOWN_NAME_LENGTH]
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in short)
