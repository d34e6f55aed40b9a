"""A slow, obvious reader of FOCUS rows in plain Python, to hold the engine against."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rebill.model.cost_line import CHARGE_CATEGORIES, COLUMNS, Column, ColumnType
from rebill.model.currencies import MINOR_DIGITS
from rebill.model.identifiers import cost_line_azure_customer_key, cost_line_subscription_key
from rebill.model.money import AMOUNT_DECIMALS, QUANTITY_DECIMALS, parse_decimal, round_half_away
from rebill.sources.layouts.focus import OTHER_NAMES

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)


class Unreadable(Exception):
    """A row is a reject: the column and the code of its first fault."""

    def __init__(self, column: str, code: str) -> None:
        super().__init__(column, code)
        self.column = column
        self.code = code


def read_row(texts: Mapping[str, str]) -> dict[str, Any]:
    """The cost line of a row (but for its source), or ``Unreadable``."""
    line = {
        column.name: _read(column, _text(texts, column.name)) for column in COLUMNS if column.name[:8] != "x_Source"
    }
    if line["CommitmentDiscountId"] is not None and line["ChargeCategory"] == "Usage":
        status = line["CommitmentDiscountStatus"]
        if status is None:
            raise Unreadable("CommitmentDiscountStatus", "missing_commitment_status")
        if status not in ("Used", "Unused"):
            raise Unreadable("CommitmentDiscountStatus", "unknown_commitment_status")
    if line["BillingPeriodStart"] is None:
        raise Unreadable("BillingPeriodStart", "missing_billing_period")
    return line


def _text(texts: Mapping[str, str], name: str) -> str | None:
    for known in (name, *OTHER_NAMES.get(name, ())):
        for column, text in texts.items():
            if column.lower() == known.lower():
                return None if text in ("", "NULL") else text
    return None


def _read(column: Column, text: str | None) -> Any:
    if text is None:
        if column.required:
            raise Unreadable(column.name, "missing_value")
        return None
    if column.type is ColumnType.AMOUNT:
        return _number(column, text, AMOUNT_DECIMALS, 16)
    if column.type is ColumnType.QUANTITY:
        return _number(column, text, QUANTITY_DECIMALS, 12)
    if column.type is ColumnType.INSTANT:
        return _moment(column, text)
    if column.name == "ChargeCategory" and text not in CHARGE_CATEGORIES:
        raise Unreadable(column.name, "unknown_charge_category")
    if column.name == "BillingCurrency" and text not in MINOR_DIGITS:
        raise Unreadable(column.name, "unknown_currency")
    if column.name == "SubAccountId":
        return cost_line_subscription_key(text) or None
    if column.name == "x_AzureCustomerId":
        return cost_line_azure_customer_key(text) or None
    return text


def _number(column: Column, text: str, decimals: int, whole_digits: int) -> Decimal:
    try:
        value = parse_decimal(text)
    except ValueError:
        raise Unreadable(column.name, "not_a_number") from None
    if abs(value) > Decimal(10) ** whole_digits or abs(round_half_away(value, decimals)) >= Decimal(10) ** whole_digits:
        raise Unreadable(column.name, "number_out_of_range")
    return round_half_away(value, decimals)


def _moment(column: Column, text: str) -> datetime:
    try:
        if not (_DAY.fullmatch(text) or _MOMENT.fullmatch(text)):
            raise ValueError
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(column.name, "not_a_date") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not 2000 <= moment.year <= 2099:
        raise Unreadable(column.name, "date_out_of_range")
    return moment.replace(tzinfo=None)
