"""Price books: ordered rules, the first match prices a line (``docs/price-books.md``).

A book is read from its specification, the text that a partner wrote; these are its rules as values.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rebill.model.money import (
    GREATEST_DISCOUNT,
    checked_percent,
    checked_rate,
    discount_factor,
    increase_factor,
)

GREATEST_RULE_COUNT: Final = 50_000
"""Rules that one book may hold."""
GREATEST_NAME_LENGTH: Final = 1_000
"""Characters of a rule's name, of a pattern and of a regular expression."""
ALL_ACCOUNTS: Final = "ALL"
"""Stands for every account of a customer that no other assignment of a book names."""
ANY_PRODUCT: Final = "ANY"
"""The product name that stands for every product."""


class AdjustmentKind(StrEnum):
    """How a rule prices what it matches; the words are those of the price book language."""

    PERCENT_DISCOUNT = "percentDiscount"
    PERCENT_INCREASE = "percentIncrease"
    FIXED_RATE = "fixedRate"


@dataclass(frozen=True)
class Adjustment:
    """What a rule does to a price.

    ``value``: a percent (at most four decimals), or the price of one unit (ten decimals). ``currency`` and
    ``unit`` are a fixed rate's: the currency it is in (``None`` = the partner's own), and the pricing unit
    that it is for (``None`` = any). Raises ``ValueError`` for a value out of bounds.
    """

    kind: AdjustmentKind
    value: Decimal
    currency: str | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.kind is AdjustmentKind.FIXED_RATE:
            checked_rate(self.value)
        elif self.currency is not None or self.unit is not None:
            raise ValueError("only a fixedRate has a currency or a unit")
        else:
            checked_percent(self.value, *((GREATEST_DISCOUNT,) if self.is_discount else ()))

    @property
    def is_discount(self) -> bool:
        """Whether it takes a percent off."""
        return self.kind is AdjustmentKind.PERCENT_DISCOUNT

    @property
    def factor(self) -> Decimal | None:
        """What the base is multiplied with: exact, six decimals. ``None`` for a fixed rate."""
        if self.kind is AdjustmentKind.FIXED_RATE:
            return None
        return discount_factor(self.value) if self.is_discount else increase_factor(self.value)


class PatternKind(StrEnum):
    """How a pattern's text is compared with a line's."""

    EXACT = "exact"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"
    CONTAINS = "contains"
    REGULAR_EXPRESSION = "matches"
    """RE2 syntax, on the whole text. This room compares no regular expression; ``price_books`` does."""


@dataclass(frozen=True)
class TextPattern:
    """What a text must be like. Case counts; an absent text is like nothing."""

    kind: PatternKind
    text: str

    def matches(self, text: str) -> bool:
        """Whether ``text`` is like this. Raises ``AssertionError`` for a regular expression."""
        if self.kind is PatternKind.EXACT:
            return text == self.text
        if self.kind is PatternKind.STARTS_WITH:
            return text.startswith(self.text)
        if self.kind is PatternKind.ENDS_WITH:
            return text.endswith(self.text)
        if self.kind is PatternKind.CONTAINS:
            return self.text in text
        raise AssertionError("regular expressions are compared where they are read")


def name_pattern(name: str) -> TextPattern:
    """Read a name as the language writes it: exact, ``word*``, ``*word`` or ``*word*``.

    Raises ``ValueError`` for an asterisk anywhere else, and for one without a word.
    """
    word = name.removeprefix("*").removesuffix("*")
    if not word:
        raise ValueError("needs a word; to match everything leave the condition out")
    if "*" in word:
        raise ValueError("may have an asterisk only at its beginning and at its end")
    if name == word:
        return TextPattern(PatternKind.EXACT, word)
    if not name.startswith("*"):
        return TextPattern(PatternKind.STARTS_WITH, word)
    return TextPattern(PatternKind.CONTAINS if name.endswith("*") else PatternKind.ENDS_WITH, word)


@dataclass(frozen=True)
class InstanceCondition:
    """What kind of instance a line is for, and whether a commitment covers it. All of it is required."""

    instance_type: TextPattern | None = None
    instance_size: TextPattern | None = None
    reserved: bool = False


DescriptionCondition = tuple[TextPattern, ...]
"""Patterns of which a description must match every one."""


@dataclass(frozen=True)
class ProductCondition:
    """What a rule asks of a line. Of each kind one pattern suffices; every kind that is named is required.

    ``product_name``: exact; ``None`` = any product. The two ``include_`` tell whether lines of data transfer,
    and purchases of commitments, are matched at all.
    """

    product_name: str | None = None
    include_data_transfer: bool = True
    include_commitment_purchases: bool = True
    regions: tuple[TextPattern, ...] = ()
    usage_types: tuple[TextPattern, ...] = ()
    operations: tuple[TextPattern, ...] = ()
    record_types: tuple[TextPattern, ...] = ()
    savings_plan_offering_types: tuple[TextPattern, ...] = ()
    instances: tuple[InstanceCondition, ...] = ()
    descriptions: tuple[DescriptionCondition, ...] = ()


EVERYTHING: Final = ProductCondition()
"""The condition of a rule that names none."""


@dataclass(frozen=True)
class PriceRule:
    """One rule of a book: its place in the book (from 1), its name, what it does, and what it asks of a line.

    A line must match one of ``products``, and one of ``regions`` where any are named.
    """

    position: int
    name: str
    adjustment: Adjustment
    products: tuple[ProductCondition, ...] = (EVERYTHING,)
    regions: tuple[TextPattern, ...] = ()


@dataclass(frozen=True)
class RuleGroup:
    """Rules in force on the charge days from ``start_day`` to ``end_day``, both inclusive, ``None`` = open."""

    rules: tuple[PriceRule, ...]
    start_day: date | None = None
    end_day: date | None = None
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.start_day is not None and self.end_day is not None and self.end_day < self.start_day:
            raise ValueError("a rule group ends before it begins")

    def is_in_force(self, day: date) -> bool:
        """Whether its rules price charges of ``day``."""
        begun = self.start_day is None or self.start_day <= day
        return self.enabled and begun and (self.end_day is None or day <= self.end_day)


@dataclass(frozen=True)
class PriceBook:
    """What a specification says: groups of rules, tried from the top."""

    groups: tuple[RuleGroup, ...]

    @property
    def rules(self) -> Iterator[PriceRule]:
        """Every rule in its order, whether its group is in force or not."""
        return (rule for group in self.groups for rule in group.rules)


class SpecificationFormat(StrEnum):
    """How a specification is written."""

    XML = "xml"
    YAML = "yaml"


def markup_adjustment(percent: Decimal) -> Adjustment:
    """A markup over everything: an increase, or a discount where ``percent`` is negative (to −100).

    Raises ``ValueError`` for a percent out of bounds or with more than four decimals.
    """
    kind = AdjustmentKind.PERCENT_DISCOUNT if percent < 0 else AdjustmentKind.PERCENT_INCREASE
    return Adjustment(kind, percent.copy_abs())


@dataclass(frozen=True)
class Specification:
    """A price book as it was written, kept byte for byte."""

    text: str
    written_as: SpecificationFormat

    @property
    def sha256(self) -> str:
        """Of the text in UTF-8, 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class RecordedBook:
    """A book as it stands in a month: its specification, and the month from which that is in force."""

    price_book_id: int
    name: str
    from_month: str
    specification: Specification
    book: PriceBook


@dataclass(frozen=True)
class AccountBook:
    """Which book prices an account of a customer (``account_key`` as accounts are compared; ``None`` = all others)."""

    customer_id: int
    account_key: str | None
    price_book_id: int
