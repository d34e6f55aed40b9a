"""Why a month is more than the one before: the parts of a difference add up, and nothing is guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebill.model.month_movement import movements
from rebill.model.statement import LineKind, PricedLine, StatementLine

_QUANTITIES = st.none() | st.integers(0, 10**14).map(lambda number: Decimal(number).scaleb(-8))
_UNITS = st.sampled_from(["GB", "h"])
_LINES = st.lists(
    st.tuples(st.sampled_from(["Storage", "Compute", "Backup"]), _QUANTITIES, _UNITS, st.integers(-(10**9), 10**9)),
    unique_by=lambda line: line[0],
)
_Told = tuple[str, Decimal | None, str, int]


def _line(service: str, quantity: Decimal | str | None, unit: str, minor_units: int) -> StatementLine:
    told = None if quantity is None else Decimal(quantity)
    amount = Decimal(minor_units).scaleb(-2)
    return StatementLine(1, PricedLine("Microsoft", "s-1", service, "Usage", told, unit, amount, 1), minor_units)


@given(_LINES, _LINES)
def test_the_parts_add_up_to_the_difference(before: list[_Told], now: list[_Told]) -> None:
    found = movements([_line(*one) for one in before], [_line(*one) for one in now])
    assert sum(one.difference for one in found) == sum(one[3] for one in now) - sum(one[3] for one in before)
    for one in found:
        assert (one.by_quantity is None) is (one.by_unit_price is None)
        assert one.by_quantity is None or one.by_quantity + (one.by_unit_price or 0) == one.difference
        assert one.by_quantity is None or (one.before is not None and one.now is not None)


@pytest.mark.parametrize(
    ("before", "now", "parts"),
    [
        (("100", "GB", 1000), ("150", "GB", 1500), (500, 0)),
        (("100", "GB", 1000), ("100", "GB", 1200), (0, 200)),
        (("100", "GB", 1000), ("150", "GB", 1800), (500, 300)),
        (("3", "GB", 1000), ("2", "GB", 500), (-333, -167)),
        (("100", "GB", 1000), ("150", "h", 1500), (None, None)),
        ((None, "GB", 1000), ("150", "GB", 1500), (None, None)),
        (("100", "GB", 1000), (None, "GB", 1500), (None, None)),
        (("0", "GB", 1000), ("150", "GB", 1500), (None, None)),
        (("100", "GB", 0), ("150", "GB", 1500), (None, None)),
    ],
)
def test_how_a_difference_is_parted(
    before: tuple[str | None, str, int], now: tuple[str | None, str, int], parts: tuple[int | None, int | None]
) -> None:
    (one,) = movements([_line("Storage", *before)], [_line("Storage", *now)])
    assert (one.by_quantity, one.by_unit_price) == parts


def test_lines_that_are_new_gone_or_the_same() -> None:
    fee = StatementLine(
        9, PricedLine(None, None, None, None, None, None, Decimal(5), 0, LineKind.CUSTOM, 7, "Care"), 500
    )
    before = [_line("Storage", "1", "GB", 100), _line("Compute", "1", "h", 200)]
    now = [_line("Storage", "1", "GB", 100), _line("Backup", "1", "GB", 30), fee]
    found = [(one.priced.service or one.priced.description, one.before, one.now) for one in movements(before, now)]
    assert found == [("Care", None, 500), ("Compute", 200, None), ("Backup", None, 30)]
