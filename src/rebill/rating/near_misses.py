"""Which names of a price book are like no line's, and would be if case did not count.

Compared are names and words with asterisks. Record types are checked where a book is read; descriptions and instances
are as many as lines are, and regular expressions say themselves whether case counts: these are left alone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rebill.model.near_miss import NearMiss
from rebill.model.price_book import ANY_PRODUCT, PatternKind, PriceRule, ProductCondition, TextPattern
from rebill.rating.text_matching import PatternIndex

GREATEST_COUNT: Final = 100
"""How many are told at most; a book in which more is wrong is wrong in the same way all over."""


@dataclass(frozen=True)
class NamedText:
    """A word of the language, and the columns of a line of which it asks one to be like its names.

    ``own_words``: what may stand for a name without being one.
    """

    word: str
    columns: tuple[str, ...]
    of_product: Callable[[ProductCondition], tuple[TextPattern, ...]]
    of_rule: Callable[[PriceRule], tuple[TextPattern, ...]] = lambda rule: ()
    own_words: tuple[str, ...] = ()

    def asked(self, rule: PriceRule) -> Iterator[TextPattern]:
        """The patterns of this word in a rule."""
        yield from self.of_rule(rule)
        for product in rule.products:
            yield from self.of_product(product)


def _product_name(product: ProductCondition) -> tuple[TextPattern, ...]:
    return () if product.product_name is None else (TextPattern(PatternKind.EXACT, product.product_name),)


NAMED_TEXTS: Final = (
    NamedText("Product", ("ServiceName", "x_ServiceCode"), _product_name, own_words=(ANY_PRODUCT,)),
    NamedText("Region", ("RegionId", "RegionName"), lambda one: one.regions, lambda rule: rule.regions),
    NamedText("UsageType", ("SkuMeter",), lambda one: one.usage_types),
    NamedText("Operation", ("x_Operation", "x_SkuMeterSubcategory"), lambda one: one.operations),
    NamedText(
        "SavingsPlanOfferingType",
        ("CommitmentDiscountType", "CommitmentDiscountName"),
        lambda one: one.savings_plan_offering_types,
    ),
)
"""What is compared, word by word."""


def asked_texts(rules: Collection[PriceRule]) -> tuple[NamedText, ...]:
    """The words that any of ``rules`` uses: only their columns need to be read."""
    return tuple(named for named in NAMED_TEXTS if any(True for rule in rules for _ in named.asked(rule)))


def near_misses(rules: Collection[PriceRule], texts: Mapping[str, Sequence[str]]) -> tuple[NearMiss, ...]:
    """The first of them in the order of ``rules``; ``texts``: word → the distinct texts that lines have for it."""
    meant = {
        named.word: _meant(
            {pattern for rule in rules for pattern in named.asked(rule)}, (*texts[named.word], *named.own_words)
        )
        for named in asked_texts(rules)
    }
    found = (
        NearMiss(rule.position, rule.name, named.word, _written(pattern), meant[named.word][pattern])
        for rule in rules
        for named in NAMED_TEXTS
        for pattern in dict.fromkeys(named.asked(rule))
        if pattern in meant.get(named.word, {})
    )
    return tuple(one for one, _ in zip(found, range(GREATEST_COUNT), strict=False))


def _meant(patterns: Iterable[TextPattern], texts: Sequence[str]) -> dict[TextPattern, str]:
    """For each pattern that no text is like: the first text that is like it but for case."""
    ordered = sorted(texts)
    like = PatternIndex(patterns).matched(ordered, _no_expressions)
    missing = set(patterns).difference(*like)
    by_folded: dict[TextPattern, list[TextPattern]] = {}
    for pattern in missing:
        by_folded.setdefault(TextPattern(pattern.kind, pattern.text.casefold()), []).append(pattern)
    folded = PatternIndex(by_folded).matched([text.casefold() for text in ordered], _no_expressions)
    found: dict[TextPattern, str] = {}
    for text, like_folded in zip(ordered, folded, strict=True):
        for one in like_folded:
            for pattern in by_folded[one]:
                found.setdefault(pattern, text)
    return found


def _no_expressions(expressions: Sequence[str], texts: Sequence[str]) -> Iterable[Collection[int]]:
    raise AssertionError("no name is a regular expression")


def _written(pattern: TextPattern) -> str:
    """A pattern as the language writes it."""
    before = "*" if pattern.kind in (PatternKind.ENDS_WITH, PatternKind.CONTAINS) else ""
    after = "*" if pattern.kind in (PatternKind.STARTS_WITH, PatternKind.CONTAINS) else ""
    return f"{before}{pattern.text}{after}"
