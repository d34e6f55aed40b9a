"""Names of a book that are like no line's, but for the case of letters: found for every word, and only then."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rebill.model.price_book import Adjustment, AdjustmentKind, PriceRule, ProductCondition, name_pattern
from rebill.rating.near_misses import asked_texts, near_misses

TEN_PERCENT = Adjustment(AdjustmentKind.PERCENT_INCREASE, Decimal(10))
NAMES = st.text("aAbB", min_size=1, max_size=3)
WORDS = st.tuples(st.sampled_from(["", "*"]), NAMES, st.sampled_from(["", "*"])).map("".join)


def rule(position: int, *usage_types: str) -> PriceRule:
    patterns = tuple(name_pattern(name) for name in usage_types)
    return PriceRule(position, f"Rule {position}", TEN_PERCENT, (ProductCondition(usage_types=patterns),))


@given(st.lists(WORDS, min_size=1, max_size=4, unique=True), st.lists(NAMES, max_size=5, unique=True))
def test_what_is_told_is_like_no_line_and_would_be_in_other_case(words: list[str], texts: list[str]) -> None:
    told = {one.asked: one.meant for one in near_misses([rule(1, *words)], {"UsageType": texts})}
    for word in words:
        pattern, folded = name_pattern(word), name_pattern(word.lower())
        near = sorted(text for text in texts if folded.matches(text.lower()))
        missed = not any(pattern.matches(text) for text in texts)
        assert told.pop(word, None) == (near[0] if missed and near else None)
    assert told == {}


def test_every_rule_that_asks_is_told_in_the_order_of_the_book() -> None:
    found = near_misses([rule(1, "BOX"), rule(2, "Box"), rule(3, "box*", "BOX")], {"UsageType": ["Box"]})
    assert [(one.position, one.asked, one.meant) for one in found] == [
        (1, "BOX", "Box"),
        (3, "box*", "Box"),
        (3, "BOX", "Box"),
    ]


def test_a_product_that_means_any_in_small_letters_is_told() -> None:
    products = [PriceRule(1, "All", TEN_PERCENT, (ProductCondition(product_name="any"),))]
    (found,) = near_misses(products, {"Product": ["Storage"]})
    assert (found.word, found.asked, found.meant) == ("Product", "any", "ANY")
    assert near_misses(products, {"Product": ["any"]}) == ()


def test_of_very_many_the_first_are_told() -> None:
    rules = [rule(position, "BOX") for position in range(1, 50_001)]
    assert [one.position for one in near_misses(rules, {"UsageType": ["Box"]})] == list(range(1, 101))


def test_only_words_that_a_book_uses_are_read() -> None:
    assert [named.word for named in asked_texts([rule(1, "Box")])] == ["UsageType"]
    assert asked_texts([rule(1)]) == ()


def test_every_word_is_compared_with_the_columns_that_it_asks() -> None:
    words = ("Product", "Region", "UsageType", "Operation", "SavingsPlanOfferingType")
    every = ProductCondition(
        product_name="any machine",
        regions=(name_pattern("EAST"),),
        usage_types=(name_pattern("*BOX"),),
        operations=(name_pattern("*RUN*"),),
        savings_plan_offering_types=(name_pattern("COMPUTE*"),),
    )
    rules = [PriceRule(4, "All", TEN_PERCENT, (every,), regions=(name_pattern("West"),))]
    assert [(named.word, named.columns) for named in asked_texts(rules)] == [
        ("Product", ("ServiceName", "x_ServiceCode")),
        ("Region", ("RegionId", "RegionName")),
        ("UsageType", ("SkuMeter",)),
        ("Operation", ("x_Operation", "x_SkuMeterSubcategory")),
        ("SavingsPlanOfferingType", ("CommitmentDiscountType", "CommitmentDiscountName")),
    ]
    meant = ("Any Machine", "east", "big Box", "to Run it", "Compute Plan")
    texts = {word: [text] for word, text in zip(words, meant, strict=True)} | {"Region": ["east", "west"]}
    assert [(one.position, one.rule_name, one.word, one.asked, one.meant) for one in near_misses(rules, texts)] == [
        (4, "All", "Product", "any machine", "Any Machine"),
        (4, "All", "Region", "West", "west"),
        (4, "All", "Region", "EAST", "east"),
        (4, "All", "UsageType", "*BOX", "big Box"),
        (4, "All", "Operation", "*RUN*", "to Run it"),
        (4, "All", "SavingsPlanOfferingType", "COMPUTE*", "Compute Plan"),
    ]
    only_by_rule = [PriceRule(1, "Of a rule", TEN_PERCENT, regions=(name_pattern("West"),))]
    assert [named.word for named in asked_texts(only_by_rule)] == ["Region"]
