"""Random price books, in the words that the random months of ``tests.rating.months`` are made of."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from rebill.model.price_book import (
    Adjustment,
    AdjustmentKind,
    InstanceCondition,
    PatternKind,
    PriceBook,
    PriceRule,
    ProductCondition,
    RecordedBook,
    RuleGroup,
    Specification,
    SpecificationFormat,
    TextPattern,
)
from rebill.model.record_types import KNOWN

SERVICES = ("Storage", "Virtual Machines", "ångström", "Bandwidth", "AWS Support (Business)")
SERVICE_CODES = ("AmazonEC2", "Storage")
REGIONS = ("eastus", "westeurope", "East US", "us-east-1")
METERS = ("D2s v3", "USE1-BoxUsage:m5.large", "USE1-DataTransfer-Out-Bytes", "LRS Data Stored", "P10:x.Y")
OPERATIONS = ("RunInstances", "Dv3/DSv3 Series", "Tables")
DETAILS = (
    '{"InstanceType": "m5.large"}',
    '{"x_ServiceType": "Standard_D2s_v3"}',
    '{"ServiceType": 3}',
    "{}",
    "[1]",
    "broken",
)
DESCRIPTIONS = ("$0.096 per hour", "Standard Data Transfer Out", "Tables - LRS Data Stored", "100% off", "a.b*c")
PLANS = ("ComputeSavingsPlans", "Savings Plan", "Reservation")
CURRENCIES = ("USD", "EUR", "JPY", "KWD")
UNITS = (None, "1 Hour", "1 GB")
EXPRESSIONS = (".*", "[^D]*Data.*", "(a|b|\\.|\\*|c)+", "\\$0\\.[0-9]+ per hour", "(?i).*TRANSFER.*", "")


NAME_KINDS = (PatternKind.EXACT, PatternKind.STARTS_WITH, PatternKind.ENDS_WITH, PatternKind.CONTAINS)


@st.composite
def pattern(draw: st.DrawFn, texts: tuple[str, ...]) -> TextPattern:
    """A name that is like some of ``texts``, or nearly so."""
    text = draw(st.sampled_from(texts))
    first = draw(st.integers(0, len(text) - 1))
    until = draw(st.integers(first + 1, len(text)))
    kind = draw(st.sampled_from(NAME_KINDS))
    part = {
        PatternKind.EXACT: text,
        PatternKind.STARTS_WITH: text[:until],
        PatternKind.ENDS_WITH: text[first:],
        PatternKind.CONTAINS: text[first:until],
    }[kind]
    return TextPattern(kind, draw(st.sampled_from([part, part, part, part.swapcase()])))


def patterns(texts: tuple[str, ...]) -> st.SearchStrategy[tuple[TextPattern, ...]]:
    return st.lists(pattern(texts), min_size=1, max_size=2).map(tuple)


record_type_patterns = st.sampled_from(KNOWN).flatmap(
    lambda word: st.sampled_from([TextPattern(PatternKind.EXACT, word), TextPattern(PatternKind.STARTS_WITH, word[:3])])
)
descriptions = st.one_of(
    st.lists(pattern(DESCRIPTIONS), min_size=1, max_size=2).map(tuple),
    st.sampled_from(EXPRESSIONS).map(lambda text: (TextPattern(PatternKind.REGULAR_EXPRESSION, text),)),
    st.tuples(pattern(DESCRIPTIONS), st.just(TextPattern(PatternKind.REGULAR_EXPRESSION, ".*[a-z].*"))),
)
instances = st.builds(
    InstanceCondition,
    st.one_of(st.none(), pattern(("m5.large", "m5", "Standard_D2s_v3", "x.Y"))),
    st.one_of(st.none(), pattern(("large", "D2s_v3"))),
    st.booleans(),
)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=1, max_size=2).map(tuple)


CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "product_name": st.sampled_from([*SERVICES, *SERVICE_CODES, "storage"]),
    "include_data_transfer": st.just(False),
    "include_commitment_purchases": st.just(False),
    "regions": patterns(REGIONS),
    "usage_types": patterns(METERS),
    "operations": patterns(OPERATIONS),
    "record_types": several(record_type_patterns),
    "savings_plan_offering_types": patterns(PLANS),
    "instances": several(instances),
    "descriptions": several(descriptions),
}


@st.composite
def product(draw: st.DrawFn) -> ProductCondition:
    """One that asks little, so that it matches now and then."""
    asked = draw(st.sets(st.sampled_from(sorted(CONDITIONS)), max_size=draw(st.sampled_from([1, 1, 1, 2, 3]))))
    return ProductCondition(**{name: draw(CONDITIONS[name]) for name in sorted(asked)})


percents = st.one_of(
    st.integers(0, 1_000_000).map(lambda units: Decimal(units).scaleb(-4)),
    st.sampled_from([Decimal(0), Decimal(100), Decimal("12.5")]),
)
increases = st.one_of(percents, st.just(Decimal("99899.9999")))
rates = st.one_of(
    st.integers(-(10**17) + 1, 10**17 - 1).map(lambda units: Decimal(units).scaleb(-10)),
    st.sampled_from([Decimal(0), Decimal("0.0400000000"), Decimal("0.0000000001")]),
)
adjustments = st.one_of(
    st.builds(Adjustment, st.just(AdjustmentKind.PERCENT_DISCOUNT), percents),
    st.builds(Adjustment, st.just(AdjustmentKind.PERCENT_INCREASE), increases),
    st.builds(
        Adjustment,
        st.just(AdjustmentKind.FIXED_RATE),
        rates,
        st.sampled_from([None, None, None, *CURRENCIES]),
        st.sampled_from([None, *UNITS]),
    ),
)


@st.composite
def price_book(draw: st.DrawFn, first_day: date) -> PriceBook:
    """Up to three groups, with windows about the month, of up to four rules each."""
    groups, position = [], 0
    for _ in range(draw(st.integers(1, 3))):
        rules = []
        for _ in range(draw(st.sampled_from([3, 2, 4, 1, 0]))):
            position += 1
            regions = draw(st.one_of(st.just(()), st.just(()), st.just(()), patterns(REGIONS)))
            asked = draw(several(product()))
            rules.append(PriceRule(position, f"Rule {position}", draw(adjustments), asked, regions))
        start = draw(st.one_of(st.none(), st.integers(-5, 20)))
        length = draw(st.one_of(st.none(), st.none(), st.integers(0, 30)))
        begins = None if start is None else first_day + timedelta(days=start)
        ends = None if length is None else (begins or first_day) + timedelta(days=length)
        groups.append(RuleGroup(tuple(rules), begins, ends, draw(st.sampled_from([True] * 6 + [False]))))
    return PriceBook(tuple(groups))


def recorded(book_id: int, book: PriceBook) -> RecordedBook:
    """A book as the record has it; its text is not read here, but tells books apart."""
    return RecordedBook(book_id, f"Book {book_id}", "0000-00", Specification(repr(book), SpecificationFormat.XML), book)
