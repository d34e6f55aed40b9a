"""SQL that several layouts make cost line columns with: dates of other styles, categories, exact products."""

from collections.abc import Mapping
from typing import Final

from rebill.model.credit_rate import credit_percent_sql
from rebill.model.money import NUMBER_TEXT
from rebill.model.sql_text import sql_text
from rebill.sources.layouts.layout import Computed, Fields
from rebill.sources.number_texts import has_exponent, written_out_sql

_ENGINE_DIGITS: Final = 37
_LIMB_DIGITS: Final = 18
_GREATEST_LIMBS: Final = 100
_OUT_OF_RANGE: Final = "1" + "0" * 40


def day_after(*names: str) -> Computed:
    """The end of a charge of one day: the start of the day after the one that the column names."""
    rule = "the start of the day after it"
    return Computed(names, lambda fields: day_after_sql(fields.iso(*names)), rule, "TIMESTAMP")


def day_after_sql(text: str) -> str:
    """SQL of the moment on which the day of an ISO text ends; NULL where there is no such day."""
    return f"CAST(TRY_CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE) + 1 AS TIMESTAMP)"


def mapped_sql(text: str, words: Mapping[str, str]) -> str:
    """SQL of ``text`` in other words, whatever its case; a word that is not known stays, to be refused by name."""
    cases = " ".join(f"WHEN {sql_text(word)} THEN {sql_text(meaning)}" for word, meaning in words.items())
    return f"CASE lower({text}) {cases} ELSE {text} END"


def is_any_sql(text: str, *words: str) -> str:
    """SQL: whether ``text`` is one of ``words`` (in lower case), whatever its case; false where it is absent."""
    # An IN list becomes a join, and behind a join the engine no longer keeps the order of rows.
    return f"coalesce(regexp_full_match(lower({text}), {sql_text('|'.join(words))}), false)"


def tags_in_braces(*names: str) -> Computed:
    """Tags as a JSON object: some exports leave out the outer braces."""

    def build(fields: Fields) -> str:
        text = fields(*names)
        return f"CASE WHEN starts_with(ltrim({text}), '\"') THEN '{{' || {text} || '}}' ELSE {text} END"

    return Computed(names, build, "in braces where the export left them out")


def credit_percent(*names: str) -> Computed:
    """A rate of the partner earned credit in percent; a text that is none stays as it is."""

    def build(fields: Fields) -> str:
        text = fields(*names)
        return f"coalesce(CAST({credit_percent_sql(text)} AS VARCHAR), {text})"

    rule = "in percent: below 1 it is a share, unless it bears a percent sign; a text that is no rate stays"
    return Computed(names, build, rule)


def taken_back_sql(retail: str, cost: str) -> str:
    """SQL of what a charge is at ``retail``, below 0 where its cost is.

    Files tell a refund by quantity, by one of its prices, by both or by its cost alone: at a retail price above 0 it
    would be a charge.
    """
    is_above = "starts_with(retail, '+') OR left(retail, 1) BETWEEN '0' AND '9' OR starts_with(retail, '.')"
    is_charge = f"coalesce(starts_with({cost}, '-') AND ({is_above}), false)"
    negated = f"CASE WHEN {is_charge} THEN '-' || ltrim(retail, '+') ELSE retail END"
    return f"list_transform([{retail}], lambda retail: {negated})[1]"


def product_sql(*factors: str) -> str:
    """SQL of the exact product of two or three number texts, as text; NULL where one is absent.

    A text that is no number comes back as it is, so that the row is refused by its name; what has more than 1,800
    digits, or the product of the first two if there is a third, comes back as a number that is out of range.
    """
    absent = " OR ".join(f"{factor} IS NULL" for factor in factors)
    unreadable = " ".join(
        f"WHEN NOT regexp_full_match({factor}, {sql_text(NUMBER_TEXT)}) THEN {factor}" for factor in factors
    )
    plain = ", ".join(
        f"'n{number}': CASE WHEN {has_exponent(factor)} THEN {written_out_sql(factor)} ELSE {factor} END"
        for number, factor in enumerate(factors)
    )
    product = "t.n0"
    for number in range(1, len(factors)):
        product = f"list_transform([{product}], lambda first: {_product('first', f't.n{number}')})[1]"
    return f"CASE WHEN {absent} THEN NULL {unreadable} ELSE list_transform([{{{plain}}}], lambda t: {product})[1] END"


def _product(first: str, second: str) -> str:
    """SQL of the product of two plain number texts, multiplied as whole numbers of at most 38 digits in two pieces.

    The few that have more digits than that are multiplied as one does on paper (``_long_product``).
    Of ``first = head × 10^k + tail`` each piece times ``second`` fits; the digits of the product are those of the
    head's, with the carry of the tail's, followed by the last ``k`` of the tail's.
    """
    lengths = f"length({_digits(first)}) + length({_digits(second)})"
    minus = f"starts_with({first}, '-') <> starts_with({second}, '-')"
    parts = (
        f"{{'digits': {_digits(first)}, 'others': {_digits(second)}, "
        f"'k': CAST(greatest(0, {lengths} - {_ENGINE_DIGITS}) AS INTEGER), "
        f"'scale': CAST({_decimals(first)} + {_decimals(second)} AS INTEGER), "
        f"'sign': CASE WHEN {minus} THEN '-' ELSE '' END}}"
    )
    others = "CAST('0' || p.others AS HUGEINT)"
    head = f"CAST('0' || left(p.digits, length(p.digits) - p.k) AS HUGEINT) * {others}"
    tail = f"CAST('0' || right(p.digits, p.k) AS HUGEINT) * {others}"
    power = "CAST('1' || repeat('0', p.k) AS HUGEINT)"
    is_within = (
        f"length(p.others) < {_ENGINE_DIGITS} AND length(p.digits) + 2 * length(p.others) <= {2 * _ENGINE_DIGITS}"
    )
    digits = (
        f"CASE WHEN p.k = 0 THEN CAST({head} AS VARCHAR) "
        f"ELSE CAST({head} + ({tail}) // {power} AS VARCHAR) || lpad(CAST(({tail}) % {power} AS VARCHAR), p.k, '0') END"
    )
    is_measured = f"greatest(length(p.digits), length(p.others)) <= {_LIMB_DIGITS * _GREATEST_LIMBS}"
    digits = f"CASE WHEN {is_within} THEN {digits} ELSE {_long_product('p.digits', 'p.others')} END"
    padded = f"list_transform([{digits}], lambda d: lpad(d, CAST(greatest(length(d), p.scale + 1) AS INTEGER), '0'))[1]"
    pointed = "left(q, length(q) - p.scale) || '.' || right(q, p.scale)"
    return (
        f"CASE WHEN {second} = '1' THEN {first} ELSE list_transform([{parts}], lambda p: CASE WHEN {is_measured} THEN "
        f"p.sign || list_transform([{padded}], lambda q: {pointed})[1] ELSE {sql_text(_OUT_OF_RANGE)} END)[1] END"
    )


def _long_product(first: str, second: str) -> str:
    """SQL of the product of two texts of digits, multiplied as on paper, with limbs of 18 digits, the last first.

    A column adds up at most 100 products of two limbs, which a HUGEINT holds.
    """
    base = f"CAST('1{'0' * _LIMB_DIGITS}' AS HUGEINT)"
    columns = (
        "list_transform(range(0, len(m.a) + len(m.b) - 1), lambda c: list_reduce(list_transform("
        "range(greatest(0, c - len(m.b) + 1), least(c, len(m.a) - 1) + 1), lambda i: m.a[i + 1] * m.b[c - i + 1]), "
        "lambda x, y: x + y))"
    )
    carried = (
        f"list_reduce(list_transform({columns}, lambda v: {{'carry': v, 'digits': ''}}), lambda s, n: "
        f"{{'carry': n.carry + s.carry // {base}, "
        f"'digits': lpad(CAST(s.carry % {base} AS VARCHAR), {_LIMB_DIGITS}, '0') || s.digits}})"
    )
    factors = f"{{'a': {_limbs(first)}, 'b': {_limbs(second)}}}"
    written = f"list_transform([{carried}], lambda w: CAST(w.carry AS VARCHAR) || w.digits)[1]"
    return f"list_transform([{factors}], lambda m: {written})[1]"


def _limbs(digits: str) -> str:
    """SQL of a text of digits as whole numbers of 18 of them each, the last first; one 0 where there are none."""
    ends = f"range(length({digits}), least(length({digits}), 1) - 1, -{_LIMB_DIGITS})"
    start = f"greatest(0, e - {_LIMB_DIGITS})"
    limb = f"CAST('0' || substr({digits}, {start} + 1, e - {start}) AS HUGEINT)"
    return f"list_transform({ends}, lambda e: {limb})"


def _digits(text: str) -> str:
    return f"ltrim(translate({text}, '+-.', ''), '0')"


def _decimals(text: str) -> str:
    return f"CASE WHEN contains({text}, '.') THEN length({text}) - instr({text}, '.') ELSE 0 END"
