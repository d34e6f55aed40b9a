"""Exact arithmetic of money: decimals kept, the one rounding rule, factors, minor units.

The rules stand in ``docs/rating.md`` (Numbers; Minor units). Nothing here, and nothing that
touches money anywhere, goes through a binary float.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from typing import Final

AMOUNT_DECIMALS: Final = 12
"""Decimals kept of a cost or price amount: DECIMAL(28,12)."""
QUANTITY_DECIMALS: Final = 8
"""Decimals kept of a quantity: DECIMAL(20,8)."""
PERCENT_DECIMALS: Final = 4
"""Decimals a percent may have; more is refused, never rounded."""
RATE_DECIMALS: Final = 10
"""Decimals kept of the price of one unit: DECIMAL(17,10)."""
FACTOR_DECIMALS: Final = 6
"""Decimals of a factor, exact because a percent has at most four."""

GREATEST_PERCENT: Final = Decimal("99899.9999")
"""The greatest percent of any kind: 1 + p/100 still fits DECIMAL(9,6)."""
GREATEST_DISCOUNT: Final = Decimal(100)
GREATEST_MARGIN_FLOOR = Decimal("99.8")
GREATEST_RATE: Final = Decimal("9999999.9999999999")
"""The greatest price of one unit, of either sign."""

AMOUNT_BOUND: Final = Decimal(10) ** 16
"""Every amount lies below it on either side of 0."""
MINOR_UNITS_BOUND: Final = 2**62
"""Minor units of statements and their lines lie below it: the record keeps the difference of two of them too."""

ZERO: Final = Decimal(0)
PLAIN_NUMBER_TEXT: Final = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
"""Number text without an exponent."""
NUMBER_TEXT: Final = PLAIN_NUMBER_TEXT + r"([eE][+-]?[0-9]+)?"
"""Accepted number text: optional sign, digits with at most one point, optional exponent."""

_EXACT = Context(prec=90, rounding=ROUND_HALF_UP)
_NUMBER = re.compile(NUMBER_TEXT)


def parse_decimal(text: str) -> Decimal:
    """Read number text exactly. Raises ``ValueError`` for anything ``NUMBER_TEXT`` does not match."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text[:60]!r} is not a number: write digits with at most one point")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:60]!r} has an exponent beyond all measure") from None


def round_half_away(value: Decimal, decimals: int) -> Decimal:
    """``value`` rounded to ``decimals`` places, half away from zero: the one rounding rule. 0 has no sign."""
    with localcontext(_EXACT):
        # Databases and engines know no −0: what is kept of it must be what is computed again.
        return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP) + ZERO


def kept_amount(value: Decimal) -> Decimal:
    """``value`` as an amount is kept: 12 decimals."""
    return round_half_away(value, AMOUNT_DECIMALS)


def entered_amount(value: Decimal) -> Decimal:
    """An amount that somebody gives, as it is kept. Raises ``ValueError`` for one that is too great."""
    # Unlike abs(), copy_abs() does not overflow: exponents may be as great as a text can name.
    if not value.is_finite() or value.copy_abs() >= AMOUNT_BOUND:
        raise ValueError("an amount has at most 16 digits before the point")
    amount = kept_amount(value)
    if abs(amount) >= AMOUNT_BOUND:
        raise ValueError("an amount has at most 16 digits before the point")
    return amount


def can_be_kept(amount: Decimal, minor_digits: int) -> bool:
    """Whether the record can keep ``amount``, exact and in minor units of a currency with ``minor_digits``."""
    return abs(amount) < AMOUNT_BOUND and abs(minor_units(amount, minor_digits)) < MINOR_UNITS_BOUND


def checked_percent(percent: Decimal, greatest: Decimal = GREATEST_PERCENT) -> Decimal:
    """``percent`` if it lies within 0 and ``greatest`` and has at most four decimals.

    Raises ``ValueError`` otherwise: a percent is refused, never rounded.
    """
    if not percent.is_finite() or percent < 0 or percent > greatest:
        raise ValueError(f"a percent here lies between 0 and {greatest}")
    if percent != round_half_away(percent, PERCENT_DECIMALS):
        raise ValueError("a percent has at most four decimals")
    return percent


def checked_rate(rate: Decimal) -> Decimal:
    """``rate`` if it is a price of one unit as it is kept. Raises ``ValueError`` otherwise."""
    if not rate.is_finite() or rate.copy_abs() > GREATEST_RATE:
        raise ValueError(f"a rate lies between -{GREATEST_RATE} and {GREATEST_RATE}")
    if rate != round_half_away(rate, RATE_DECIMALS):
        raise ValueError(f"a rate is kept with {RATE_DECIMALS} decimals")
    return rate


def increase_factor(percent: Decimal) -> Decimal:
    """``1 + percent/100``, exact, six decimals."""
    return round_half_away(1 + checked_percent(percent) / 100, FACTOR_DECIMALS)


def discount_factor(percent: Decimal) -> Decimal:
    """``1 − percent/100``, exact, six decimals."""
    return round_half_away(1 - checked_percent(percent, GREATEST_DISCOUNT) / 100, FACTOR_DECIMALS)


def margin_floor_factor(percent: Decimal) -> Decimal:
    """``1 / (1 − percent/100)``, six decimals, rounded up: cost × this is the least price of so much margin."""
    whole = int(checked_percent(percent, GREATEST_MARGIN_FLOOR).scaleb(PERCENT_DECIMALS))
    hundred = 100 * 10**PERCENT_DECIMALS
    return Decimal(-(-(hundred * 10**FACTOR_DECIMALS) // (hundred - whole))).scaleb(-FACTOR_DECIMALS)


def share_of(percent: Decimal) -> Decimal:
    """``percent/100``, exact, six decimals."""
    return round_half_away(checked_percent(percent) / 100, FACTOR_DECIMALS)


def product_of(amount: Decimal, factor: Decimal) -> Decimal:
    """``amount × factor``, rounded once to the decimals of an amount."""
    with localcontext(_EXACT):
        return kept_amount(amount * factor)


def minor_units(amount: Decimal, minor_digits: int) -> int:
    """``amount`` in whole minor units of a currency with ``minor_digits``, half away from zero."""
    return int(round_half_away(amount, minor_digits).scaleb(minor_digits))


def shown_minor_units(exact_amounts: Sequence[Decimal], minor_digits: int) -> list[int]:
    """Deal the rounded total of a statement over its lines; the result adds up to the total.

    A line that is exact in minor units never moves (``docs/rating.md``, Minor units).
    """
    with localcontext(_EXACT):
        total = minor_units(sum(exact_amounts, ZERO), minor_digits)
    return dealt_minor_units(exact_amounts, total, minor_digits)


def dealt_minor_units(exact_amounts: Sequence[Decimal], total: int, minor_digits: int) -> list[int]:
    """Deal ``total`` minor units over lines; the result adds up to it.

    Each line starts at the floor of its exact amount in minor units; the missing units go one
    each to the lines with the greatest part above their floor, ties to the earlier line. A total that is
    itself a difference of rounded totals (a correction's) may lie one unit beyond what its lines alone would
    round to: below every floor the first line loses one; above, the next in the same order gets one.
    """
    with localcontext(_EXACT):
        scaled = [amount.scaleb(minor_digits) for amount in exact_amounts]
        floors = [int(value.to_integral_value(rounding=ROUND_FLOOR)) for value in scaled]
        missing = total - sum(floors)
        by_remainder = sorted(range(len(scaled)), key=lambda index: (floors[index] - scaled[index], index))
    shown = list(floors)
    if missing == -1 and shown:
        shown[0] -= 1
    for index in by_remainder[: max(missing, 0)]:
        shown[index] += 1
    if sum(shown) != total:
        raise AssertionError("shown lines must add up to the shown total")
    return shown


def text_of(amount: Decimal) -> str:
    """``amount`` as plain decimal text, never in exponent form, all its decimals kept."""
    return format(amount, "f")


def without_spare_zeros(value: Decimal, least_decimals: int = 0) -> Decimal:
    """The same number without zeros at its end that say nothing, but with ``least_decimals`` at least."""
    with localcontext(_EXACT):
        exponent = value.normalize().as_tuple().exponent
        decimals = max(least_decimals, -exponent if isinstance(exponent, int) else 0)
        return value.quantize(Decimal(1).scaleb(-decimals))


def shortest_text(value: Decimal, least_decimals: int = 0) -> str:
    """``value`` as plain decimal text without zeros at its end that say nothing."""
    return text_of(without_spare_zeros(value, least_decimals))


def text_of_minor_units(units: int, minor_digits: int) -> str:
    """Minor units as decimal text with exactly the currency's minor digits (``-105, 2`` → ``-1.05``)."""
    return text_of(Decimal(units).scaleb(-minor_digits))
