"""Texts of cost lines as price books see them: compared once for each distinct text, then stood for by a class.

What the words of a book mean on the columns of a line is said here and in ``line_kinds``; ``docs/price-books.md`` holds
the same as a table. Texts of a column that no condition of the month's books tells apart are of one *class*, a
number that stands for them in the key which rules are resolved over.
"""

import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from rebill.model.identifiers import fold
from rebill.model.price_book import DescriptionCondition, InstanceCondition, PriceRule, TextPattern
from rebill.rating.text_matching import ExpressionMatcher, PatternIndex

_DATA_TRANSFER_WORDS: Final = ("datatransfer", "data transfer")
_DATA_TRANSFER_ENDS: Final = ("-in-bytes", "-out-bytes")
_INSTANCE_KEYS: Final = ("InstanceType", "x_InstanceType", "ServiceType", "x_ServiceType")
_AMAZON_INSTANCE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
NO_MARKS: Final[frozenset[Hashable]] = frozenset()


class Mark(Enum):
    """What a text says beside the patterns that it is like."""

    DATA_TRANSFER = "data transfer"
    NAMES_INSTANCE = "names an instance"


@dataclass(frozen=True)
class AskedInstance:
    """The part of an instance condition that is about texts."""

    instance_type: TextPattern | None
    instance_size: TextPattern | None


@dataclass(frozen=True)
class Asked:
    """Every condition that any rule asks of lines, gathered over the books of a month."""

    products: frozenset[str]
    regions: frozenset[TextPattern]
    usage_types: frozenset[TextPattern]
    operations: frozenset[TextPattern]
    record_types: frozenset[TextPattern]
    offering_types: frozenset[TextPattern]
    instances: frozenset[InstanceCondition]
    descriptions: frozenset[DescriptionCondition]
    data_transfer: bool
    fixed_rate: bool

    @property
    def instance_texts(self) -> bool:
        """Whether any rule asks for a type or size of instance."""
        return any(one.instance_type is not None or one.instance_size is not None for one in self.instances)


def asked_by(rules: Iterable[PriceRule]) -> Asked:
    """The conditions of ``rules``."""
    kept = list(rules)
    products = [product for rule in kept for product in rule.products]
    return Asked(
        products=frozenset(one.product_name for one in products if one.product_name is not None),
        regions=frozenset(
            [pattern for one in products for pattern in one.regions]
            + [pattern for rule in kept for pattern in rule.regions]
        ),
        usage_types=frozenset(pattern for one in products for pattern in one.usage_types),
        operations=frozenset(pattern for one in products for pattern in one.operations),
        record_types=frozenset(pattern for one in products for pattern in one.record_types),
        offering_types=frozenset(pattern for one in products for pattern in one.savings_plan_offering_types),
        instances=frozenset(condition for one in products for condition in one.instances),
        descriptions=frozenset(condition for one in products for condition in one.descriptions),
        data_transfer=not all(one.include_data_transfer for one in products),
        fixed_rate=any(rule.adjustment.factor is None for rule in kept),
    )


Marks = frozenset[Hashable]
_Marker = Callable[[Sequence[str], Asked, ExpressionMatcher], list[set[Hashable]]]


@dataclass(frozen=True)
class TextColumn:
    """A column of cost lines whose texts books ask about.

    ``key``: what the class of its text is called in the key that rules are resolved over. ``is_asked``: whether any
    book of a month asks.
    """

    name: str
    key: str
    marks: _Marker
    is_asked: Callable[[Asked], bool]


@dataclass(frozen=True)
class TextClasses:
    """The classes of a column: text → class, and what the texts of a class are like; 0 = like nothing that is asked."""

    column: TextColumn
    by_text: Mapping[str, int]
    marks: tuple[Marks, ...]


def text_classes(
    column: TextColumn, texts: Sequence[str], asked: Asked, match_expressions: ExpressionMatcher
) -> TextClasses:
    """Sort the distinct ``texts`` of ``column`` into classes."""
    numbers: dict[Marks, int] = {NO_MARKS: 0}
    by_text = {}
    for text, found in zip(texts, column.marks(texts, asked, match_expressions), strict=True):
        number = numbers.setdefault(frozenset(found), len(numbers))
        if number:
            by_text[text] = number
    return TextClasses(column, by_text, tuple(numbers))


def is_data_transfer(text: str) -> bool:
    """Whether a meter (a usage type) or a description speaks of data transfer."""
    folded = fold(text)
    return any(word in folded for word in _DATA_TRANSFER_WORDS) or folded.endswith(_DATA_TRANSFER_ENDS)


@dataclass(frozen=True)
class Instance:
    """The instance that a line is for: the names it goes by, and its size."""

    names: tuple[str, ...]
    size: str | None

    def is_like(self, asked: AskedInstance) -> bool:
        """Whether its type and its size are what is asked."""
        named = asked.instance_type is None or any(map(asked.instance_type.matches, self.names))
        sized = asked.instance_size is None or (self.size is not None and asked.instance_size.matches(self.size))
        return named and sized


def instance_of_details(details: str) -> Instance | None:
    """The instance that ``SkuPriceDetails`` (a JSON object) names, if it does."""
    try:
        read = json.loads(details)
    except (ValueError, RecursionError):
        return None
    found: Mapping[str, Any] = read if isinstance(read, dict) else {}
    name = next((found[key] for key in _INSTANCE_KEYS if isinstance(found.get(key), str) and found[key]), None)
    return None if name is None else _instance(name)


def instance_of_meter(meter: str) -> Instance | None:
    """The instance that an Amazon usage type ends in, as in ``USE1-BoxUsage:m5.large``."""
    _, colon, name = meter.rpartition(":")
    return _instance(name) if colon and _AMAZON_INSTANCE.fullmatch(name) else None


def _instance(name: str) -> Instance:
    """``m5.large`` is of the family ``m5`` and large; ``Standard_D2s_v3`` is of size ``D2s_v3``."""
    if _AMAZON_INSTANCE.fullmatch(name):
        family, _, size = name.rpartition(".")
        return Instance((name, family), size)
    return Instance((name,), name.partition("_")[2] or None)


def _like(of: Callable[[Asked], Iterable[TextPattern]]) -> _Marker:
    def marks(texts: Sequence[str], asked: Asked, match_expressions: ExpressionMatcher) -> list[set[Hashable]]:
        return [set(found) for found in PatternIndex(of(asked)).matched(texts, match_expressions)]

    return marks


def _service_code(texts: Sequence[str], asked: Asked, _: ExpressionMatcher) -> list[set[Hashable]]:
    return [{text} if text in asked.products else set() for text in texts]


def _instance_marks(instance: Instance | None, wanted: Iterable[AskedInstance]) -> set[Hashable]:
    if instance is None:
        return set()
    return {Mark.NAMES_INSTANCE, *(one for one in wanted if instance.is_like(one))}


def _asked_instances(asked: Asked) -> set[AskedInstance]:
    return {AskedInstance(one.instance_type, one.instance_size) for one in asked.instances}


def _details(texts: Sequence[str], asked: Asked, _: ExpressionMatcher) -> list[set[Hashable]]:
    wanted = _asked_instances(asked)
    return [_instance_marks(instance_of_details(text), wanted) for text in texts]


def _meter(texts: Sequence[str], asked: Asked, match_expressions: ExpressionMatcher) -> list[set[Hashable]]:
    found = _like(lambda conditions: conditions.usage_types)(texts, asked, match_expressions)
    wanted = _asked_instances(asked)
    for text, marks in zip(texts, found, strict=True):
        if wanted:
            marks.update(_instance_marks(instance_of_meter(text), wanted))
        if asked.data_transfer and is_data_transfer(text):
            marks.add(Mark.DATA_TRANSFER)
    return found


def _description(texts: Sequence[str], asked: Asked, match_expressions: ExpressionMatcher) -> list[set[Hashable]]:
    patterns = {pattern for condition in asked.descriptions for pattern in condition}
    by_pattern: dict[TextPattern, list[DescriptionCondition]] = {}
    for condition in asked.descriptions:
        by_pattern.setdefault(condition[0], []).append(condition)
    found: list[set[Hashable]] = []
    for text, like in zip(texts, PatternIndex(patterns).matched(texts, match_expressions), strict=True):
        begun = (condition for pattern in like for condition in by_pattern.get(pattern, ()))
        marks: set[Hashable] = {condition for condition in begun if like.issuperset(condition)}
        if asked.data_transfer and is_data_transfer(text):
            marks.add(Mark.DATA_TRANSFER)
        found.append(marks)
    return found


def _asks_region(asked: Asked) -> bool:
    return bool(asked.regions)


def _asks_operation(asked: Asked) -> bool:
    return bool(asked.operations)


def _asks_offering_type(asked: Asked) -> bool:
    return bool(asked.offering_types)


_REGION: Final = (_like(lambda asked: asked.regions), _asks_region)
_OPERATION: Final = (_like(lambda asked: asked.operations), _asks_operation)
_OFFERING_TYPE: Final = (_like(lambda asked: asked.offering_types), _asks_offering_type)
TEXT_COLUMNS: Final = (
    TextColumn("x_ServiceCode", "service_code_class", _service_code, lambda asked: bool(asked.products)),
    TextColumn("RegionId", "region_id_class", *_REGION),
    TextColumn("RegionName", "region_name_class", *_REGION),
    TextColumn(
        "SkuMeter",
        "meter_class",
        _meter,
        lambda asked: bool(asked.usage_types) or asked.data_transfer or asked.instance_texts,
    ),
    TextColumn("x_Operation", "operation_class", *_OPERATION),
    TextColumn("x_SkuMeterSubcategory", "meter_subcategory_class", *_OPERATION),
    TextColumn("CommitmentDiscountType", "commitment_type_class", *_OFFERING_TYPE),
    TextColumn("CommitmentDiscountName", "commitment_name_class", *_OFFERING_TYPE),
    TextColumn("SkuPriceDetails", "price_details_class", _details, lambda asked: asked.instance_texts),
    TextColumn(
        "ChargeDescription",
        "description_class",
        _description,
        lambda asked: bool(asked.descriptions) or asked.data_transfer,
    ),
)
"""The columns, in the order in which the key has them."""


def asked_columns(asked: Asked) -> tuple[TextColumn, ...]:
    """The columns that the books of a month ask about."""
    return tuple(column for column in TEXT_COLUMNS if column.is_asked(asked))
