"""The first rule of a book that matches a kind of line, for books of very many rules.

Every alternative of every rule (a rule's ``Product``) is a bit of one long number, in the order in which rules are
tried. For each thing that rules may ask, the alternatives that a kind of line satisfies are a number; those that it
satisfies in everything are their conjunction, whose lowest bit is the first match.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rebill.model.price_book import (
    AdjustmentKind,
    PriceRule,
    ProductCondition,
)

NO_RECORD_TYPE: Final = "no record type"
_KEPT_BITS: Final = 8 * 64 * 1024 * 1024
"""Of numbers that are kept because the next kind of line may need them again."""


@dataclass(frozen=True)
class LineKind:
    """All that rules may ask of lines of one kind: which conditions, of those that any book asks, they satisfy.

    ``products``: the names that the product goes by. ``record_types`` holds ``NO_RECORD_TYPE`` where rules that name
    none may match. ``rated_in``: the (currency, pricing unit) in which a fixed rate can price the lines.
    """

    products: frozenset[Hashable]
    regions: frozenset[Hashable]
    usage_types: frozenset[Hashable]
    operations: frozenset[Hashable]
    record_types: frozenset[Hashable]
    offering_types: frozenset[Hashable]
    instances: frozenset[Hashable]
    descriptions: frozenset[Hashable]
    data_transfer: bool
    commitment_purchase: bool
    rated_in: frozenset[Hashable]


@dataclass(frozen=True)
class _Alternative:
    """A product of a rule, and the currency of the rule's fixed rate where it names none."""

    rule: PriceRule
    product: ProductCondition
    home_currency: str

    @property
    def rate(self) -> tuple[tuple[str, str | None], ...]:
        adjustment = self.rule.adjustment
        if adjustment.kind is not AdjustmentKind.FIXED_RATE:
            return ()
        return ((adjustment.currency or self.home_currency, adjustment.unit),)


_Asks = Callable[[_Alternative], Iterable[Hashable]]
_Satisfies = Callable[[LineKind], frozenset[Hashable] | tuple[Hashable, ...]]
_QUESTIONS: Final[tuple[tuple[_Asks, _Satisfies], ...]] = (
    (lambda one: (one.product.product_name,) if one.product.product_name else (), lambda kind: kind.products),
    (lambda one: one.product.regions, lambda kind: kind.regions),
    (lambda one: one.rule.regions, lambda kind: kind.regions),
    (lambda one: one.product.usage_types, lambda kind: kind.usage_types),
    (lambda one: one.product.operations, lambda kind: kind.operations),
    (lambda one: one.product.record_types or (NO_RECORD_TYPE,), lambda kind: kind.record_types),
    (lambda one: one.product.savings_plan_offering_types, lambda kind: kind.offering_types),
    (lambda one: one.product.instances, lambda kind: kind.instances),
    (lambda one: one.product.descriptions, lambda kind: kind.descriptions),
    (lambda one: () if one.product.include_data_transfer else (False,), lambda kind: (kind.data_transfer,)),
    (
        lambda one: () if one.product.include_commitment_purchases else (False,),
        lambda kind: (kind.commitment_purchase,),
    ),
    (lambda one: one.rate, lambda kind: kind.rated_in),
)
"""What an alternative asks (nothing: it does not ask; several: any of them), and what of it kinds of lines satisfy."""


class _Question:
    """One thing that rules may ask: which alternatives do not ask it, and which ask for what."""

    def __init__(self, alternatives: Sequence[_Alternative], asks: _Asks, satisfies: _Satisfies) -> None:
        self._satisfies = satisfies
        self._size = len(alternatives)
        self._asking: dict[Hashable, list[int]] = defaultdict(list)
        unasking = []
        for number, alternative in enumerate(alternatives):
            conditions = tuple(asks(alternative))
            for condition in conditions:
                self._asking[condition].append(number)
            if not conditions:
                unasking.append(number)
        self._unasking = _bits(unasking, self._size)
        self._known: dict[Hashable, int] = {}

    @property
    def is_asked(self) -> bool:
        return bool(self._asking)

    def satisfied(self, kind: LineKind) -> int:
        """The alternatives that this does not keep from matching lines of ``kind``."""
        conditions = self._satisfies(kind)
        known = self._known.get(conditions)
        if known is None:
            asking = (number for condition in conditions for number in self._asking.get(condition, ()))
            known = self._unasking | _bits(asking, self._size)
            if len(self._known) * self._size > _KEPT_BITS:
                self._known.clear()
            self._known[conditions] = known
        return known


def _bits(numbers: Iterable[int], size: int) -> int:
    octets = bytearray(size // 8 + 1)
    for number in numbers:
        octets[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")


class BookMatcher:
    """Finds the first of ``rules`` that matches. ``home_currency``: of fixed rates that name none."""

    def __init__(self, rules: Sequence[PriceRule], home_currency: str) -> None:
        alternatives = [_Alternative(rule, product, home_currency) for rule in rules for product in rule.products]
        self._positions = [alternative.rule.position for alternative in alternatives]
        asked = (_Question(alternatives, *question) for question in _QUESTIONS)
        self._questions = [question for question in asked if question.is_asked]

    def first_match(self, kind: LineKind) -> int | None:
        """The position in its book of the first rule that matches lines of ``kind``."""
        matching = (1 << len(self._positions)) - 1
        for question in self._questions:
            matching &= question.satisfied(kind)
            if not matching:
                return None
        return self._positions[(matching & -matching).bit_length() - 1]
