"""JSON on its way out: exact numbers, and only what a shape says."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rebill.api.answers import json_bytes


@pytest.mark.parametrize(
    "text", ["0.10", "-12345678901234567890123456.000000000001", "1E-12", "0E-12", "0", "18446744073709551617"]
)
def test_a_decimal_keeps_exactly_its_digits(text: str) -> None:
    assert json_bytes({"amount": Decimal(text)}) == f'{{"amount":{text}}}'.encode()
    # Beside what is written another way, too.
    assert json_bytes([2**70, Decimal(text)]) == f"[1180591620717411303424,{text}]".encode()


def test_text_is_utf_8_and_half_a_surrogate_pair_does_no_harm() -> None:
    assert json_bytes(["Zürich", "\n", "\U0001f600"]) == '["Zürich","\\n","\U0001f600"]'.encode()
    assert json.loads(json_bytes({"fields": {"\ud800": "is unknown"}})) == {"fields": {"?": "is unknown"}}


@dataclass(frozen=True)
class Thing:
    """Nothing that a shape made."""

    name: str


@pytest.mark.parametrize(
    "value",
    [Decimal("NaN"), Decimal("Infinity"), datetime(2024, 10, 15, tzinfo=UTC), date(2024, 10, 15), Thing("x")],
)
def test_what_has_no_form_on_the_wire_is_a_fault(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        json_bytes({"value": value})
