"""How amounts, days and names are written on pages."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rebill.model.currencies import MINOR_DIGITS
from rebill.model.money import round_half_away, text_of, without_spare_zeros
from rebill.model.months import BillingMonth
from rebill.model.tax import TaxCategory

NOTHING = "–"
_TAX_CATEGORIES: Mapping[TaxCategory, str] = {
    TaxCategory.STANDARD: "standard rate",
    TaxCategory.ZERO_RATED: "zero rated",
    TaxCategory.EXEMPT: "exempt",
    TaxCategory.REVERSE_CHARGE: "reverse charge",
    TaxCategory.INTRA_COMMUNITY: "inside the Union",
    TaxCategory.EXPORT: "export",
    TaxCategory.NOT_SUBJECT: "not subject to tax",
    TaxCategory.NONE: "no tax is told of",
}
_MONTHS = ("January February March April May June July August September October November December").split()


def amount(value: Decimal | None, currency: str) -> str:
    """An amount in the minor digits of its currency, thousands apart, without the currency."""
    if value is None:
        return NOTHING
    return _signed(round_half_away(value, MINOR_DIGITS.get(currency, 2)), MINOR_DIGITS.get(currency, 2))


def money(value: Decimal | None, currency: str) -> str:
    """An amount with its currency."""
    return NOTHING if value is None else f"{amount(value, currency)} {currency}"


def minor_money(units: int, currency: str) -> str:
    """An amount in minor units, with its currency."""
    return money(of_minor_units(units, currency), currency)


def of_minor_units(units: int, currency: str) -> Decimal:
    """Minor units as an amount."""
    return Decimal(units).scaleb(-MINOR_DIGITS.get(currency, 2))


def exact(value: Decimal | None) -> str:
    """A number with every digit that it has."""
    return NOTHING if value is None else text_of(without_spare_zeros(value))


def percent(value: Decimal | None, digits: int = 1) -> str:
    """A percentage."""
    return NOTHING if value is None else f"{_signed(round_half_away(value, digits), digits)} %"


def change(value: Decimal, currency: str) -> str:
    """By how much an amount is another, with its sign always."""
    said = amount(value, currency)
    return f"{'+' if value > 0 and not _is_nothing(said) else ''}{said} {currency}"


def month_name(month: BillingMonth) -> str:
    """A month in words."""
    return f"{_MONTHS[month.month - 1]} {month.year}"


def short_month(month: BillingMonth) -> str:
    """A month in words where there is little room."""
    return f"{_MONTHS[month.month - 1][:3]} {month.year}"


def instant(moment: datetime | None) -> str:
    """A moment to the minute."""
    return NOTHING if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def day(value: date | None) -> str:
    """A day."""
    return NOTHING if value is None else value.isoformat()


def words(name: Any) -> str:
    """A name of the code as words: ``unassigned_cost`` is “unassigned cost”."""
    return str(name).replace("_", " ")


def tax_category(category: TaxCategory) -> str:
    """A kind of taxation in words, with its code in front."""
    said = _TAX_CATEGORIES[category]
    return said if category is TaxCategory.NONE else f"{category.value}: {said}"


def listed(names: Sequence[str], shown: int = 3) -> str:
    """The first of some names, and how many there are besides."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


def _signed(value: Decimal, digits: int) -> str:
    text = f"{abs(value):,.{digits}f}"
    return f"−{text}" if value < 0 and not _is_nothing(text) else text


def _is_nothing(text: str) -> bool:
    return not text.strip("0.,−")
