"""What the elements of a specification mean, as values of the model; whatever cannot be meant is a fault."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar

from rebill.model.currencies import minor_digits
from rebill.model.money import (
    GREATEST_DISCOUNT,
    GREATEST_PERCENT,
    GREATEST_RATE,
    RATE_DECIMALS,
    checked_percent,
    checked_rate,
    parse_decimal,
    round_half_away,
)
from rebill.model.price_book import (
    ANY_PRODUCT,
    EVERYTHING,
    GREATEST_NAME_LENGTH,
    Adjustment,
    AdjustmentKind,
    DescriptionCondition,
    InstanceCondition,
    PatternKind,
    PriceRule,
    ProductCondition,
    RuleGroup,
    TextPattern,
    name_pattern,
)
from rebill.model.record_types import record_types_like
from rebill.price_books.faults import Faults
from rebill.price_books.regular_expressions import checked_expression
from rebill.price_books.words import Element

T = TypeVar("T")
GREATEST_DIGITS: Final = 40
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_AMERICAN_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
_SHORT_YEAR = re.compile(r"(?<=[0-9])/(?=[0-9]{2}$)")
_TIME = re.compile(r"[T ][0-9:.]+(Z|[+-][0-9:]+)?")


@dataclass(frozen=True)
class Meaning:
    """Reads elements of one rule (``position``; ``None`` = outside of rules), noting faults in ``faults``."""

    faults: Faults
    position: int | None

    def root(self, element: Element) -> None:
        """The book's own attributes: a date, who wrote it and for whom. None of them prices anything.

        A time with the date is let pass, and so is a year of two digits, which books that partners have are dated with.
        """
        self._read(element, "date", lambda text: _day(_SHORT_YEAR.sub("/20", _TIME.sub("", text, count=1))))

    def group(self, element: Element, rules: tuple[PriceRule, ...]) -> RuleGroup | None:
        """A rule group of ``rules``; ``None`` when its days are faulty."""
        start = self._read(element, "startDate", _day)
        end = self._read(element, "endDate", _day)
        enabled = self._read(element, "enabled", _truth)
        try:
            return RuleGroup(rules, start, end, enabled is not False)
        except ValueError:
            self._fault(element.line, f"the rule group ends on {end}, before it begins on {start}")
            return None

    def rule(self, element: Element, position: int) -> PriceRule | None:
        """A billing rule; ``None`` when it is faulty in a way that leaves nothing to build."""
        name = self._read(element, "name", _plain_name)
        includes = self._includes(element, True, True)
        adjustments = [self._adjustment(adjustment) for adjustment in element.all("BasicBillingRule")]
        if len(adjustments) != 1:
            self._fault(element.line, f"BillingRule needs exactly one BasicBillingRule and has {len(adjustments)}")
        adjustment = adjustments[0] if adjustments else None
        regions = self._names(element.all("Region"))
        products = tuple(self._product(product, includes) for product in element.all("Product"))
        if name is None or adjustment is None:
            return None
        return PriceRule(position, name, adjustment, products or (_including(*includes),), regions)

    def _adjustment(self, element: Element) -> Adjustment | None:
        kind = self._read(element, "billingRuleType", _kind)
        currency = self._read(element, "currency", _currency)
        unit = self._read(element, "unit", _plain_name)
        if kind is None:
            self._read(element, "billingAdjustment", _number)
            return None
        value = self._read(element, "billingAdjustment", lambda text: _adjustment_value(kind, text))
        if kind is not AdjustmentKind.FIXED_RATE:
            for name in ("currency", "unit"):
                if name in element.attributes:
                    self._fault(element.line, f"{name} is for a fixedRate only; a {kind} has none")
            return None if value is None else Adjustment(kind, value)
        return None if value is None else Adjustment(kind, value, currency, unit)

    def _product(self, element: Element, includes: tuple[bool, bool]) -> ProductCondition:
        data_transfer, commitment_purchases = self._includes(element, *includes)
        return ProductCondition(
            product_name=self._read(element, "productName", _product_name) or None,
            include_data_transfer=data_transfer,
            include_commitment_purchases=commitment_purchases,
            regions=self._names(element.all("Region")),
            usage_types=self._names(element.all("UsageType")),
            operations=self._names(element.all("Operation")),
            record_types=self._names(element.all("RecordType"), _record_type),
            savings_plan_offering_types=self._names(element.all("SavingsPlanOfferingType")),
            instances=tuple(map(self._instance, element.all("InstanceProperties"))),
            descriptions=tuple(map(self._description, element.all("LineItemDescription"))),
        )

    def _includes(self, element: Element, data_transfer: bool, commitment_purchases: bool) -> tuple[bool, bool]:
        """The two includes of an element, where it does not say those of the one around it."""
        own = self._read(element, "includeDataTransfer", _truth), self._read(element, "includeRIPurchases", _truth)
        return data_transfer if own[0] is None else own[0], commitment_purchases if own[1] is None else own[1]

    def _instance(self, element: Element) -> InstanceCondition:
        reserved = self._read(element, "reserved", _truth)
        return InstanceCondition(
            self._read(element, "instanceType", _pattern), self._read(element, "instanceSize", _pattern), bool(reserved)
        )

    def _description(self, element: Element) -> DescriptionCondition:
        if not element.attributes:
            self._fault(element.line, "LineItemDescription needs one of name, startsWith, contains, matchesRegex")
        readings: tuple[tuple[str, Callable[[str], TextPattern]], ...] = (
            ("name", _pattern),
            ("startsWith", lambda text: TextPattern(PatternKind.STARTS_WITH, _plain_name(text))),
            ("contains", lambda text: TextPattern(PatternKind.CONTAINS, _plain_name(text))),
            ("matchesRegex", lambda text: TextPattern(PatternKind.REGULAR_EXPRESSION, _expression(text))),
        )
        found = (self._read(element, name, read) for name, read in readings)
        return tuple(pattern for pattern in found if pattern is not None)

    def _names(
        self, elements: Iterable[Element], read: Callable[[str], TextPattern] | None = None
    ) -> tuple[TextPattern, ...]:
        found = (self._read(element, "name", read or _pattern) for element in elements)
        return tuple(pattern for pattern in found if pattern is not None)

    def _read(self, element: Element, name: str, read: Callable[[str], T]) -> T | None:
        """The value of an attribute; ``None`` when it is not there, or faulty, which is noted."""
        text = element.attributes.get(name)
        if text is None:
            return None
        try:
            return read(text)
        except ValueError as error:
            self._fault(element.lines.get(name, element.line), f"{element.name} {name} {error}")
            return None

    def _fault(self, line: int, sentence: str) -> None:
        self.faults.add(line, self.position, sentence)


def _including(data_transfer: bool, commitment_purchases: bool) -> ProductCondition:
    if data_transfer and commitment_purchases:
        return EVERYTHING
    return ProductCondition(None, data_transfer, commitment_purchases)


def _day(text: str) -> date:
    """A day written ``yyyy-mm-dd`` or ``mm/dd/yyyy``, from 1900 to 2999."""
    if found := _ISO_DAY.fullmatch(text):
        year, month, day = found.groups()
    elif found := _AMERICAN_DAY.fullmatch(text):
        month, day, year = found.groups()
    else:
        raise ValueError(f"is {text[:40]!r}; write a day as 2024-09-30 or 09/30/2024")
    try:
        read = date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"is {text[:40]!r}; there is no such day") from None
    if not 1900 <= read.year <= 2999:
        raise ValueError(f"is {text[:40]!r}; days lie from 1900 to 2999")
    return read


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"is {text[:40]!r}; write true or false")
    return text == "true"


def _kind(text: str) -> AdjustmentKind:
    try:
        return AdjustmentKind(text)
    except ValueError:
        raise ValueError(f"is {text[:40]!r}; it is one of {', '.join(AdjustmentKind)}") from None


def _currency(text: str) -> str:
    try:
        minor_digits(text)
    except ValueError:
        raise ValueError(f"is {text[:40]!r}, no ISO 4217 code such as USD") from None
    return text


def _number(text: str) -> Decimal:
    try:
        if sum(character.isdigit() for character in text) > GREATEST_DIGITS:
            raise ValueError
        return parse_decimal(text)
    except ValueError:
        raise ValueError(f"is {text[:40]!r}; write digits with at most one point, such as 12.5") from None


def _adjustment_value(kind: AdjustmentKind, text: str) -> Decimal:
    number = _number(text)
    if kind is AdjustmentKind.FIXED_RATE:
        if number.copy_abs() > GREATEST_RATE:
            raise ValueError(f"is {text[:40]}; a fixedRate lies between -{GREATEST_RATE} and {GREATEST_RATE}")
        return checked_rate(round_half_away(number, RATE_DECIMALS))
    greatest = GREATEST_DISCOUNT if kind is AdjustmentKind.PERCENT_DISCOUNT else GREATEST_PERCENT
    try:
        return checked_percent(number, greatest)
    except ValueError:
        bounds = f"a {kind} lies between 0 and {greatest}, with at most four decimals"
        raise ValueError(f"is {text[:40]}; {bounds}") from None


def _plain_name(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    if len(text) > GREATEST_NAME_LENGTH:
        raise ValueError(f"is longer than {GREATEST_NAME_LENGTH:,} characters")
    return text


def _pattern(text: str) -> TextPattern:
    return name_pattern(_plain_name(text))


def _product_name(text: str) -> str:
    """The product's name; ``""`` = any."""
    if "*" in text:
        raise ValueError(f"is exact and takes no asterisk; write {ANY_PRODUCT} for every product")
    return "" if text == ANY_PRODUCT else _plain_name(text)


def _record_type(text: str) -> TextPattern:
    pattern = _pattern(text)
    known, like = record_types_like(pattern)
    if not like:
        raise ValueError(f"is {text[:40]!r}, which is no record type; there are {', '.join(known)}")
    return pattern


def _expression(text: str) -> str:
    return checked_expression(_plain_name(text))
