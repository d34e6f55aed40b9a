"""What the engine makes of texts, held against the model's own reading of them."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rebill.lake.session import engine_session
from rebill.model.cost_line import Column, ColumnType
from rebill.model.identifiers import cost_line_azure_customer_key, cost_line_subscription_key
from rebill.model.money import PLAIN_NUMBER_TEXT, kept_amount, parse_decimal, round_half_away
from rebill.sources.conversion import (
    azure_customer_key_sql,
    column_faults,
    instant_sql,
    loses_decimals,
    number_sql,
    subscription_key_sql,
)
from rebill.sources.source_column import SourceColumn

Evaluate = Callable[[str, list[str]], list[Any]]
TEXT = SourceColumn("text")


@pytest.fixture(scope="module")
def evaluate() -> Iterator[Evaluate]:
    """Answers the value of an SQL expression over ``text`` for each of some texts, in their order."""
    with engine_session("200MB") as connection:

        def values(expression: str, texts: list[str]) -> list[Any]:
            connection.execute("CREATE OR REPLACE TABLE texts (number INTEGER, text VARCHAR)")
            connection.execute("INSERT INTO texts SELECT unnest(?), unnest(?)", [list(range(len(texts))), texts])
            return [
                found for (found,) in connection.execute(f"SELECT {expression} FROM texts ORDER BY number").fetchall()
            ]

        yield values


def _codes(kind: ColumnType) -> str:
    faults = column_faults(Column("BilledCost", kind), TEXT)
    return (
        "coalesce("
        + ", ".join(f"CASE WHEN {found.condition} THEN '{found.code}' END" for found in faults)
        + ", 'sound')"
    )


def _amount(text: str) -> Decimal | str:
    try:
        value = parse_decimal(text)
    except ValueError:
        return "not_a_number"
    if abs(value) > Decimal(10) ** 16:
        return "number_out_of_range"
    kept = kept_amount(value)
    return kept if abs(kept) < Decimal(10) ** 16 else "number_out_of_range"


def _read_amounts(evaluate: Evaluate, texts: list[str]) -> list[Decimal | str]:
    codes = evaluate(_codes(ColumnType.AMOUNT), texts)
    values = evaluate(number_sql(ColumnType.AMOUNT, TEXT), texts)
    return [value if code == "sound" else code for code, value in zip(codes, values, strict=True)]


def test_every_short_text_over_the_letters_of_numbers_is_read_as_the_model_reads_it(evaluate: Evaluate) -> None:
    texts = ["".join(found) for length in range(1, 6) for found in itertools.product("09.eE+-", repeat=length)]
    assert _read_amounts(evaluate, texts) == [_amount(text) for text in texts]


digits = st.text("0123456789", max_size=24)
exponents = st.one_of(st.builds("e{}".format, st.integers(-40, 40)), st.builds("E{:+}".format, st.integers(-25, 20)))
signs = st.sampled_from(["", "+", "-"])
numbers = st.one_of(
    st.builds("{}{}{}{}".format, signs, digits, st.sampled_from(["", "."]), digits),
    st.builds("{}{}{}{}{}".format, signs, digits, st.sampled_from(["."]), digits, exponents),
    st.builds("{}{}{}".format, signs, digits, exponents),
)
oddities = st.text("0123456789.eE+-_ ,'\t٣¹xinfNa", min_size=1, max_size=12)


@example(["0", "1000000000.0000000000000e7", "0.0667E+17", "123456789012345678901e-10", "-1267580551667171706E-10"])
@example(["0." + "0" * 51 + "123e50", "1e-99999", "0e99999", "9" * 60 + "e-50", "1.e0001"])
@given(st.lists(st.one_of(numbers.filter(bool), oddities), min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_number_texts_are_accepted_and_rounded_as_the_model_does(evaluate: Evaluate, texts: list[str]) -> None:
    assert _read_amounts(evaluate, texts) == [_amount(text) for text in texts]


_DECIMALS_OF_A_FILE = tuple(
    (f"DECIMAL({digits},{decimals})", digits, decimals)
    for digits, decimals in ((28, 15), (38, 18), (19, 13), (18, 15), (38, 20), (28, 12), (19, 9))
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(_DECIMALS_OF_A_FILE), units=st.lists(st.integers(-(10**38) + 1, 10**38 - 1), min_size=1))
@example(
    kind=("DECIMAL(28,15)", 28, 15),
    units=[
        sign * (whole * 10**15 + rest)
        for sign in (1, -1)
        for whole in (0, 1, 999, 1000, 10**12)
        for rest in (0, 1, 499, 500, 501, 999_999_999_999_499, 999_999_999_999_500, 999_999_999_999_999)
    ],
)
def test_decimals_of_a_parquet_file_are_rounded_and_counted_as_the_model_does(
    evaluate: Evaluate, kind: tuple[str, int, int], units: list[int]
) -> None:
    """In 64 bits where they fit, and as they are where they do not."""
    name, digits, decimals = kind
    with localcontext(prec=60):
        values = [Decimal(unit % 10**digits * (1 if unit > 0 else -1)).scaleb(-decimals) for unit in units]
        # The smaller ones too: they are what 64 bits hold.
        values += [Decimal(int(value.scaleb(decimals)) % 10**17).scaleb(-decimals) for value in values]
        values = [value for value in values if abs(value) < Decimal(10) ** 16 - 1]
        kept = [round_half_away(value, 12) for value in values]
        loses = [round_half_away(value, 12) != value for value in values]
    texts = [format(value, "f") for value in values]
    column = SourceColumn(f"CAST(text AS {name})", name)
    for quick in (True, False):
        assert evaluate(number_sql(ColumnType.AMOUNT, column, quick), texts) == kept
    lost = loses_decimals(ColumnType.AMOUNT, column)
    assert [bool(one) for one in evaluate(lost or "FALSE", texts)] == loses


@pytest.mark.parametrize("kind", ["DECIMAL(28,15)", "DECIMAL(18,4)", "TIMESTAMP", "BIGINT"])
def test_a_value_that_is_absent_is_told_by_its_type_as_by_its_text(evaluate: Evaluate, kind: str) -> None:
    texts = ["NULL", "2024-09-01" if kind == "TIMESTAMP" else "12"]
    column = SourceColumn(f"CAST(nullif(text, 'NULL') AS {kind})", kind)
    assert evaluate(column.absent, texts) == evaluate(f"{column.text} IS NULL", texts) == [True, False]


@given(st.lists(numbers.filter(bool), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_quantities_keep_eight_decimals_half_away_from_zero(evaluate: Evaluate, texts: list[str]) -> None:
    read = evaluate(number_sql(ColumnType.QUANTITY, TEXT), texts)
    for text, value in zip(texts, read, strict=True):
        if _amount(text) == "not_a_number":
            continue
        within = abs(Decimal(text)) < Decimal(10) ** 12 and abs(round_half_away(Decimal(text), 8)) < Decimal(10) ** 12
        assert value == (round_half_away(Decimal(text), 8) if within else None)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0.0000000000005", "0.000000000001"),
        ("-0.0000000000005", "-0.000000000001"),
        ("4.9999999999999999999999e-13", "0"),
        ("5e-13", "0.000000000001"),
        ("1.0000000000004999999999999999999999999999", "1"),
    ],
)
def test_more_decimals_than_kept_are_rounded_half_away_from_zero(evaluate: Evaluate, text: str, kept: str) -> None:
    assert evaluate(number_sql(ColumnType.AMOUNT, TEXT), [text]) == [Decimal(kept)]


plain_numbers = st.from_regex(PLAIN_NUMBER_TEXT, fullmatch=True).filter(str.isascii)


@given(st.lists(plain_numbers, min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_plain_numbers_are_the_same_where_no_exponent_is_expected(evaluate: Evaluate, texts: list[str]) -> None:
    expecting_none = SourceColumn("text", has_exponents=False)
    for kind in (ColumnType.AMOUNT, ColumnType.QUANTITY):
        assert evaluate(number_sql(kind, expecting_none), texts) == evaluate(number_sql(kind, TEXT), texts)
        lost = [loses_decimals(kind, column) or "" for column in (expecting_none, TEXT)]
        assert evaluate(lost[0], texts) == evaluate(lost[1], texts)


identifiers = st.text(
    st.one_of(
        st.sampled_from(" \t\r\n/:-ABCabcK\u212aİſßÅ\u00a0"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=12,
)
prefixed = st.builds(
    lambda before, prefix, text: before + prefix + text,
    st.sampled_from(["", " ", "\t", "\u00a0"]),
    st.sampled_from(["", "/subscriptions/", "/SUBSCRIPTIONS/", "org:", "ORG:"]),
    identifiers | st.just("00000000-0000-0000-0000-000000000000"),
)


@given(st.lists(prefixed, min_size=1, max_size=80))
@settings(max_examples=200, deadline=None)
def test_identifiers_are_normalised_as_the_model_does(evaluate: Evaluate, texts: list[str]) -> None:
    assert evaluate(subscription_key_sql("text"), texts) == [cost_line_subscription_key(text) or None for text in texts]
    assert evaluate(azure_customer_key_sql("text"), texts) == [
        cost_line_azure_customer_key(text) or None for text in texts
    ]


SOUND_DATES = {
    "2024-09-30": datetime(2024, 9, 30, tzinfo=UTC),
    "2024-09-30 23:00:00": datetime(2024, 9, 30, 23, tzinfo=UTC),
    "2024-09-30T23:00Z": datetime(2024, 9, 30, 23, tzinfo=UTC),
    "2024-09-30T23:00:00Z": datetime(2024, 9, 30, 23, tzinfo=UTC),
    "2024-09-30T23:00:00.5Z": datetime(2024, 9, 30, 23, 0, 0, 500_000, tzinfo=UTC),
    "2024-09-30T23:00:00.123456789Z": datetime(2024, 9, 30, 23, 0, 0, 123_456, tzinfo=UTC),
    "2024-10-01T01:00:00+02:00": datetime(2024, 9, 30, 23, tzinfo=UTC),
    "2024-09-30T19:30:00-0330": datetime(2024, 9, 30, 23, tzinfo=UTC),
    "2024-10-01T01:00+02": datetime(2024, 9, 30, 23, tzinfo=UTC),
    "2000-01-01": datetime(2000, 1, 1, tzinfo=UTC),
    "2099-12-31T23:59:59Z": datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC),
    "2024-02-29": datetime(2024, 2, 29, tzinfo=UTC),
}
UNSOUND_DATES = {
    "infinity": "not_a_date",
    "epoch": "not_a_date",
    "now": "not_a_date",
    "2023-02-29": "not_a_date",
    "2024-9-1": "not_a_date",
    "2024/09/01": "not_a_date",
    "01.09.2024": "not_a_date",
    "2024-09-01 24:00:00": "not_a_date",
    "2024-09-01T10:00:61Z": "not_a_date",
    "2024-09-01T10:00:00 Europe/Berlin": "not_a_date",
    "2024-09-01T10Z": "not_a_date",
    " 2024-09-01": "not_a_date",
    "45536": "not_a_date",
    "1899-12-31": "date_out_of_range",
    "3000-01-01": "date_out_of_range",
    "2000-01-01T00:00:00+02:00": "date_out_of_range",
}


def test_dates_are_read_in_utc(evaluate: Evaluate) -> None:
    read = evaluate(instant_sql(TEXT), list(SOUND_DATES))
    assert [found.replace(tzinfo=UTC) for found in read] == list(SOUND_DATES.values())
    assert set(evaluate(_codes(ColumnType.INSTANT), list(SOUND_DATES))) == {"sound"}


def test_what_is_no_date_is_told(evaluate: Evaluate) -> None:
    assert evaluate(_codes(ColumnType.INSTANT), list(UNSOUND_DATES)) == list(UNSOUND_DATES.values())


@pytest.mark.parametrize("text", [*SOUND_DATES, *UNSOUND_DATES])
def test_the_quick_reading_of_dates_takes_nothing_that_the_careful_one_reads_otherwise(
    evaluate: Evaluate, text: str
) -> None:
    (check,) = column_faults(Column("BillingPeriodEnd", ColumnType.INSTANT), TEXT, quick=True)
    if evaluate(check.condition, [text]) == [True]:
        assert text in UNSOUND_DATES or "+" in text or text.count("-") > 2
        return
    try:
        read = evaluate(instant_sql(TEXT, quick=True), [text])
    except duckdb.ConversionException:
        assert text in UNSOUND_DATES
    else:
        assert [found.replace(tzinfo=UTC) for found in read] == [SOUND_DATES[text]]
