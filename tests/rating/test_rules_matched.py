"""Which rule prices a line, found without an engine, as the oracle finds it by trying every rule on every line."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebill.model.price_book import (
    Adjustment,
    AdjustmentKind,
    PatternKind,
    PriceBook,
    PriceRule,
    ProductCondition,
    TextPattern,
)
from rebill.model.rating import CommitmentRole
from rebill.price_books.regular_expressions import matching_numbers
from rebill.rating.book_matching import BookMatcher
from rebill.rating.line_columns import TextClasses, asked_by, asked_columns, text_classes
from rebill.rating.rule_matching import first_matches, kinds_of
from rebill.rating.text_matching import PatternIndex
from tests.rating import oracle_rules
from tests.rating.books import CURRENCIES, price_book
from tests.rating.lines import Line
from tests.rating.months import COLUMNS, MONTH, many_lines

WORDS = st.text("aB.", min_size=1, max_size=3)
PATTERNS = st.one_of(
    st.builds(TextPattern, st.sampled_from([kind for kind in PatternKind if kind.value != "matches"]), WORDS),
    st.sampled_from(["a+", ".*B", "", "(?s).*", "[aB]."]).map(
        lambda text: TextPattern(PatternKind.REGULAR_EXPRESSION, text)
    ),
)
PRODUCT: dict[str, Any] = {
    "product_number": 1,
    "service": "Storage",
    "charge_category": "Usage",
    "pricing_unit": "1 Hour",
    "currency": "USD",
    "commitment_role": CommitmentRole.NONE,
    "quantified": True,
}


@settings(max_examples=200)
@given(st.sets(PATTERNS, max_size=12), st.lists(st.text("aB.", max_size=6), max_size=5))
def test_a_text_finds_the_patterns_it_is_like_among_few_and_among_many(
    patterns: set[TextPattern], texts: list[str]
) -> None:
    found = PatternIndex(patterns).matched(texts, matching_numbers)
    assert found == [{pattern for pattern in patterns if oracle_rules.like(pattern, text)} for text in texts]


def role_of(line: Line) -> CommitmentRole:
    if not oracle_rules.is_commitment(line):
        return CommitmentRole.NONE
    if line.category == "Purchase":
        return CommitmentRole.PURCHASE
    return CommitmentRole.USED if line.commitment_status == "Used" else CommitmentRole.UNUSED


def text_of(line: Line, column: str) -> str | None:
    field, _ = COLUMNS[column]
    text: str | None = getattr(line, field)
    return text


def distinct_texts(lines: Sequence[Line], column: str) -> list[str]:
    return sorted({text for line in lines if (text := text_of(line, column)) is not None})


def product_of(number: int, line: Line, classes: Sequence[TextClasses]) -> dict[str, Any]:
    """The row of ``products`` that a line is of."""
    texts = {one.column: text_of(line, one.column.name) for one in classes}
    return {
        "product_number": number,
        "service": line.service,
        "charge_category": line.category,
        "pricing_unit": line.unit,
        "currency": line.currency,
        "commitment_role": role_of(line),
        "savings_plan": oracle_rules.is_savings_plan(line),
        "recurring": line.frequency == "Recurring",
        "taken_back": line.billed < 0 or line.charge_class == "Correction",
        "quantified": line.quantity is not None,
        # A line without a text is of no class of texts, not even of those that are like "".
        **{one.column.key: 0 if (text := texts[one.column]) is None else one.by_text.get(text, 0) for one in classes},
    }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(price_book(MONTH.first_day), min_size=1, max_size=3),
    many_lines((10,)),
    st.sampled_from(CURRENCIES),
    st.booleans(),
)
def test_the_first_rule_that_matches_a_line_is_found_for_every_book(
    books: list[PriceBook], lines: list[Line], home_currency: str, bill_input_tax: bool
) -> None:
    every_rule = [tuple(rule for group in book.groups for rule in group.rules) for book in books]
    matchers = [rules for rules in every_rule if rules]
    asked = asked_by(rule for rules in matchers for rule in rules)
    classes = [
        text_classes(column, distinct_texts(lines, column.name), asked, matching_numbers)
        for column in asked_columns(asked)
    ]
    products = [product_of(number, line, classes) for number, line in enumerate(lines, 1)]
    found = first_matches(matchers, kinds_of(products, asked, classes, bill_input_tax), home_currency)
    positions: dict[tuple[int, int | None], int] = {(one, kind): position for one, kind, position in found.found}

    def first_rule(line: Line, rules: Sequence[PriceRule]) -> int | None:
        is_priced = bill_input_tax or line.category != "Tax"
        like = (rule.position for rule in rules if oracle_rules.matches(line, rule, home_currency))
        return next(like, None) if is_priced else None

    for number, line in enumerate(lines, 1):
        for matcher, rules in enumerate(matchers, 1):
            assert positions.get((matcher, found.kinds.get(number))) == first_rule(line, rules)


def test_of_very_many_rules_the_first_that_names_a_product_is_found() -> None:
    count = 1_000
    double = Adjustment(AdjustmentKind.PERCENT_INCREASE, Decimal(100))
    rules = [
        PriceRule(
            position, "", double, tuple(ProductCondition(f"Service {number}") for number in (position, position * 2))
        )
        for position in range(1, count + 1)
    ]
    matcher = BookMatcher(rules, "USD")
    kinds = kinds_of(
        [{**PRODUCT, "service": f"Service {number}"} for number in range(1, 2 * count + 3)], asked_by(rules), (), False
    )
    halves = [number // 2 if number % 2 == 0 else number for number in range(1, 2 * count + 3)]
    assert [matcher.first_match(kind) for _, kind in kinds] == [one if one <= count else None for one in halves]


RATED: frozenset[tuple[str, str | None]] = frozenset({("USD", None), ("USD", "1 Hour")})


@pytest.mark.parametrize(
    ("rate", "other", "rated"),
    [
        # What a fixed rate asks is asked where any rule has one, beside what others ask or alone.
        (True, True, RATED),
        (True, False, RATED),
        (False, True, frozenset()),
    ],
)
def test_rates_are_asked_for_where_any_rule_has_one(rate: bool, other: bool, rated: frozenset[object]) -> None:
    kinds = [AdjustmentKind.FIXED_RATE] * rate + [AdjustmentKind.PERCENT_INCREASE] * other
    asked = asked_by([PriceRule(1, "", Adjustment(kind, Decimal(1))) for kind in kinds])
    ((_, kind),) = kinds_of([PRODUCT], asked, (), False)
    assert (asked.fixed_rate, kind.rated_in) == (rate, rated)
    for other_product in ({**PRODUCT, "quantified": False}, {**PRODUCT, "commitment_role": CommitmentRole.USED}):
        ((_, kind),) = kinds_of([other_product], asked, (), False)
        assert kind.rated_in == frozenset()
