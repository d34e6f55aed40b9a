"""The published rules of FOCUS 1.2, asked of every row of a data set."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from rebill.model.currencies import MINOR_DIGITS

Row = Mapping[str, str | None]
Check = Mapping[str, Any]
_RULES = Path(__file__).parent / "focus_1_2" / "rules.json"
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
OVERSTATED = {
    "InvoiceId-C-004-C": "its check wants no invoice on any row, InvoiceId-C-005-C one on every row",
    "InvoiceId-C-005-C": "its check wants an invoice on every row, InvoiceId-C-004-C none on any row",
    "PricingQuantity-C-008-M": "its check wants a quantity on every row, PricingQuantity-C-004-C none on tax",
    "EffectiveCost-C-005-C": "its sentence is of purchases that cover later charges, its check of licences too",
}
"""Rules whose published checks ask for more than their sentences do, and for what other rules forbid."""


def asking_for_ascii() -> set[str]:
    """The rules of texts: the validator's check of them wants ASCII, StringHandling-A-001-M "valid Unicode strings".

    Our reader asks them as they are meant.
    """
    return {name for name, rule in rules().items() if rule["Requirement"].get("CheckFunction") == "FormatString"}


@cache
def rules() -> Mapping[str, Mapping[str, Any]]:
    """Every rule by its identifier."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(_RULES.read_text(encoding="utf-8"))["ModelRules"]
    return found


def broken_rules(columns: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
    """What must be satisfied and is not: identifier of the rule → what it says. Values are those of a CSV file."""
    broken = {}
    for name, rule in rules().items():
        is_asked = rule["Keyword"] in ("MUST", "MUST NOT") and rule["Type"] == "Static" and name not in OVERSTATED
        if is_asked and not _holds(rule, columns, rows):
            broken[name] = str(rule["MustSatisfy"])
    return broken


def asked_rules(columns: Sequence[str]) -> list[str]:
    """The rules that can be broken by a data set of these columns."""
    return [name for name, rule in rules().items() if rule["Type"] == "Static" and _is_asked(rule, columns)]


def _is_asked(rule: Mapping[str, Any], columns: Sequence[str]) -> bool:
    requirement = rule["Requirement"]
    if not requirement:
        return False
    if requirement["CheckFunction"] == "ColumnPresent":
        return not rule["ApplicabilityCriteria"]
    named = set(_columns_of(requirement)) | set(_columns_of(rule["Condition"]))
    return bool(named) and named <= set(columns)


def _columns_of(check: Any) -> list[str]:
    if isinstance(check, Mapping):
        own = [str(value) for key, value in check.items() if "Column" in key or key == "CheckCondition"]
        return own + [name for value in check.values() for name in _columns_of(value)]
    return [name for one in check for name in _columns_of(one)] if isinstance(check, list) else []


def _holds(rule: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Row]) -> bool:
    if not _is_asked(rule, columns):
        return True
    requirement, condition = rule["Requirement"], rule["Condition"]
    if requirement["CheckFunction"] == "ColumnPresent":
        return requirement["ColumnName"] in columns
    if requirement["CheckFunction"] == "CheckDistinctCount":
        return _distinct(requirement, rows)
    return all(_satisfies(requirement, row) for row in rows if not condition or _satisfies(condition, row))


def _distinct(check: Check, rows: Sequence[Row]) -> bool:
    found: dict[str | None, set[str | None]] = {}
    for row in rows:
        if row[check["ColumnAName"]] is not None:
            found.setdefault(row[check["ColumnAName"]], set()).add(row[check["ColumnBName"]])
    return all(len(values) == check["ExpectedCount"] for values in found.values())


def _satisfies(check: Check, row: Row) -> bool:
    function = check["CheckFunction"]
    if function == "AND":
        return all(_satisfies(one, row) for one in check["Items"])
    if function == "OR":
        return any(_satisfies(one, row) for one in check["Items"])
    if function == "CheckModelRule":
        # Every rule is asked by itself.
        return True
    return _CHECKS[function](check, row)


def _is_value(check: Check, row: Row) -> bool:
    # One of the published rules names its column so.
    value, wanted = row[check.get("ColumnName") or check["CheckCondition"]], check["Value"]
    if wanted is None or value is None:
        return value is wanted
    return _number(value) == wanted if isinstance(wanted, int | float) else value == str(wanted)


def _number(value: str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _is_form(form: Callable[[str], bool]) -> Callable[[Check, Row], bool]:
    def check(asked: Check, row: Row) -> bool:
        value = row[asked["ColumnName"]]
        return value is None or form(value)

    return check


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None


def _is_object(value: str) -> bool:
    return isinstance(json.loads(value), dict)


def _same(check: Check, row: Row) -> bool:
    return row[check["ColumnAName"]] == row[check["ColumnBName"]]


def _product(check: Check, row: Row) -> bool:
    values = [row[check[name]] for name in ("ColumnAName", "ColumnBName", "ResultColumnName")]
    one, other, result = (None if value is None else Decimal(value) for value in values)
    return one is None or other is None or result is None or one * other == result


def _is_at_least(check: Check, row: Row) -> bool:
    value = row[check["ColumnName"]]
    return value is None or Decimal(value) >= check["Value"]


_CHECKS: Mapping[str, Callable[[Check, Row], bool]] = {
    "CheckValue": _is_value,
    "CheckNotValue": lambda check, row: not _is_value(check, row),
    "CheckSameValue": _same,
    "CheckNotSameValue": lambda check, row: not _same(check, row),
    "CheckDecimalValue": _is_form(_is_number),
    "CheckGreaterOrEqualThanValue": _is_at_least,
    "CheckNationalCurrency": _is_form(lambda value: value in MINOR_DIGITS),
    "TypeDecimal": _is_form(_is_number),
    "TypeString": _is_form(bool),
    "TypeDateTime": _is_form(lambda value: _INSTANT.fullmatch(value) is not None),
    "FormatDateTime": _is_form(lambda value: _INSTANT.fullmatch(value) is not None),
    "FormatNumeric": _is_form(_is_number),
    "FormatString": _is_form(lambda value: value == value.strip() and value.isprintable()),
    "FormatUnit": _is_form(bool),
    "FormatKeyValue": _is_form(_is_object),
    "FormatCurrency": _is_form(lambda value: value in MINOR_DIGITS),
    "ColumnByColumnEqualsColumnValue": _product,
}
