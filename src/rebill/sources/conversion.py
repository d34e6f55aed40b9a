"""The SQL that turns a file's columns into a cost line, and says of each row what is wrong with it.

Texts are checked against rebill's own grammar before the engine casts them: the engine's casts
accept more (``1_000``, ``infinity``) and drop time offsets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rebill.model.cost_line import (
    CHARGE_CATEGORIES,
    COLUMNS,
    COMMITMENT_STATUSES,
    ROUNDED_VALUES,
    Column,
    ColumnType,
)
from rebill.model.currencies import MINOR_DIGITS
from rebill.model.data_set import REJECT_SENTENCES, RejectCode
from rebill.model.identifiers import NO_RESELLER, ZERO_GUID
from rebill.model.money import NUMBER_TEXT, PLAIN_NUMBER_TEXT
from rebill.model.months import BillingMonth
from rebill.model.sql_text import sql_text
from rebill.sources.layouts.layout import Recognition
from rebill.sources.number_texts import has_exponent, has_more_decimals, written_out_sql
from rebill.sources.source_column import SourceColumn

DATE_TEXT: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
"""Accepted date text: a plain day, or a day and a time of day; without an offset it is UTC."""
_QUICK_DATE_TEXT: Final = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?Z?)?"
"""Date text that is UTC and within range as it stands: what sound files hold, and cheap to cast."""

EARLIEST: Final = "2000-01-01"
LATEST: Final = "2099-12-31"
"""Cloud charges are of this century: a date of another one is a slip of a digit, or a default such as year 1."""
CURRENCY_COLUMN: Final = "BillingCurrency"
PERIOD_COLUMN: Final = "BillingPeriodStart"
INVOICE_COLUMN: Final = "InvoiceId"
ROW_NUMBER: Final = "rebill_source_row_number"
"""What the source relation calls the number of a data row."""
RAW_CHARACTERS: Final = 4000
"""How much of a broken row's text is kept."""

_IN_64_BITS: Final = {ColumnType.AMOUNT: "DECIMAL(18,12)", ColumnType.QUANTITY: "DECIMAL(18,8)"}
"""The type with as many decimals as a kind of number has, and as many digits as 64 bits hold."""
_USUAL_CURRENCIES: Final = ("USD", "EUR", "GBP")
_USUAL_CATEGORIES: Final = ("Usage", "Purchase")
"""To look for these first takes a quarter of the time that a pattern does."""
_NUMBERS: Final = (ColumnType.AMOUNT, ColumnType.QUANTITY)
_FOLD_FROM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Fault:
    """A condition under which a row is a reject. ``condition`` and ``value`` are SQL."""

    condition: str
    column: str
    code: RejectCode
    value: str


@dataclass(frozen=True)
class Conversion:
    """What to select from a source relation, and which rows of it to refuse.

    ``columns``: ``(SQL, name)`` in the order they are kept. ``unlike``: conditions of rows that are not as the source's
    columns say; of such rows nothing else here holds.
    """

    columns: tuple[tuple[str, str], ...]
    unlike: tuple[str, ...]
    faults: tuple[Fault, ...]
    billed_cost: str
    currency: str
    period: str

    @property
    def selected(self) -> str:
        """SQL: the select list of a cost line."""
        return ", ".join(f"{sql} AS {quoted_name(name)}" for sql, name in self.columns)

    @property
    def faulty(self) -> str:
        """SQL: true for a row that is a reject, else false or NULL."""
        return " OR ".join(f"({fault.condition})" for fault in self.faults)


def quoted_name(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def conversion(
    recognition: Recognition,
    source: tuple[SourceColumn, ...],
    file_name: str,
    period: BillingMonth | None,
    currency: str | None,
    quick: bool = False,
    invoice_months: Mapping[str, BillingMonth] | None = None,
) -> Conversion:
    """How each column of the cost line comes from ``source``, the columns of a file in their order.

    ``period`` and ``currency`` stand in where the file names none; before ``period`` comes the month of the invoice
    that a line names, by ``invoice_months``. ``quick``: for files without rejects; casts raise, and rare but sound
    forms of dates count as faulty. What passes has the same values either way.
    """
    by_name = recognition.columns_of(source)
    by_invoice = _month_of_invoice(by_name.get(INVOICE_COLUMN), invoice_months or {})
    if by_invoice and PERIOD_COLUMN not in by_name:
        by_name[PERIOD_COLUMN] = by_invoice
    columns: list[tuple[str, str]] = []
    faults: list[Fault] = []
    for column in COLUMNS:
        value = _value(column, by_name.get(column.name), file_name, currency, quick)
        if column.name == PERIOD_COLUMN and by_invoice:
            value = f"coalesce({value}, {by_invoice.sql})"
        columns.append((value, column.name))
        if column.name in by_name:
            faults += column_faults(column, by_name[column.name], quick)
    faults += _commitment_faults(by_name)
    faults += _period_faults(by_name.get(PERIOD_COLUMN), by_invoice, period)
    faults += _layout_faults(recognition, source)
    values = {name: sql for sql, name in columns}
    columns += recognition.kept_columns(source)
    columns.append((_rounded_values(recognition, by_name), ROUNDED_VALUES))
    return Conversion(
        columns=tuple(columns),
        unlike=_unlike(source, by_name),
        faults=tuple(faults),
        billed_cost=_readable_cost(by_name.get("BilledCost")),
        currency=f"CASE WHEN {_known_currency(values[CURRENCY_COLUMN])} THEN {values[CURRENCY_COLUMN]} END",
        period=values[PERIOD_COLUMN],
    )


def _unlike(source: tuple[SourceColumn, ...], by_name: dict[str, SourceColumn]) -> tuple[str, ...]:
    """SQL: when a row has a word that means none, or no plain number, in a column that was taken to have no such."""
    words = (f"{column.sql} = '' OR {column.sql} = 'NULL'" for column in source if column.assumes_no_null_words)
    numbers = (by_name[column.name] for column in COLUMNS if column.type in _NUMBERS and column.name in by_name)
    return (
        *words,
        *(
            f"NOT regexp_full_match({number.text}, {sql_text(PLAIN_NUMBER_TEXT)})"
            for number in numbers
            if number.assumes_no_exponents
        ),
    )


def _rounded_values(recognition: Recognition, by_name: dict[str, SourceColumn]) -> str:
    """SQL: how many numbers of the row have more decimals than are kept; NULL where none has."""
    counted = [
        f"CASE WHEN {lost} THEN 1 ELSE 0 END"
        for column in COLUMNS
        if column.type in _NUMBERS and column.name in recognition.positions
        if (lost := loses_decimals(column.type, by_name[column.name]))
    ]
    return f"CAST(nullif({' + '.join(counted) or '0'}, 0) AS TINYINT)"


def loses_decimals(kind: ColumnType, source: SourceColumn) -> str | None:
    """SQL: whether a number has more decimals than are kept; ``None`` where its type says that none has."""
    if source.decimals is None:
        return has_more_decimals(source.text, kind.decimals, source.has_exponents)
    if source.decimals <= kind.decimals:
        return None
    loses = f"{source.sql} <> TRY_CAST({source.sql} AS {kind})"
    narrow = source.narrow_decimal
    return f"coalesce({narrow} <> CAST({narrow} AS {_IN_64_BITS[kind]}), {loses})" if narrow else loses


def _value(column: Column, source: SourceColumn | None, file_name: str, currency: str | None, quick: bool) -> str:
    if column.name == "x_SourceFile":
        return sql_text(file_name)
    if column.name == "x_SourceRow":
        return f"CAST({ROW_NUMBER} AS BIGINT)"
    if source is None:
        given = currency if column.name == CURRENCY_COLUMN else None
        return sql_text(given) if given else f"CAST(NULL AS {column.type})"
    if column.type in _NUMBERS:
        return number_sql(column.type, source, quick)
    if column.type is ColumnType.INSTANT:
        return instant_sql(source, quick)
    if column.name == "SubAccountId":
        return subscription_key_sql(source.text)
    if column.name == "x_AzureCustomerId":
        return azure_customer_key_sql(source.text)
    if column.name == "x_ResellerId":
        return f"nullif({source.text}, '{NO_RESELLER}')"
    return source.text


def number_sql(kind: ColumnType, source: SourceColumn, quick: bool = False) -> str:
    """SQL of a number, rounded to the decimals of ``kind``; NULL (``quick``: an error) where it is out of range."""
    cast = "CAST" if quick else "TRY_CAST"
    if source.is_exact_number:
        wide = f"{cast}({source.sql} AS {kind})"
        narrow = source.narrow_decimal if (source.decimals or 0) > kind.decimals else None
        # To round a decimal of 128 bits takes eight times as long.
        return f"coalesce(CAST(CAST({narrow} AS {_IN_64_BITS[kind]}) AS {kind}), {wide})" if narrow else wide
    if source.assumes_no_exponents:
        narrow = f"TRY_CAST({source.text} AS {_IN_64_BITS[kind]})"
        return f"coalesce(CAST({narrow} AS {kind}), {cast}({source.text} AS {kind}))"
    # DuckDB 2.0 misreads some texts with an exponent: '1000000000.0e7' becomes a DECIMAL(28,12) of 17 whole
    # digits, '0.0667E+17' is refused, and many leading zeros lose the rest. Written out they are read rightly.
    text = f"CASE WHEN {has_exponent(source.text)} THEN {written_out_sql(source.text)} ELSE {source.text} END"
    # What fits into 64 bits is read there, to the same value in a fifteenth of the time.
    narrow = f"CASE WHEN NOT {has_exponent(source.text)} THEN TRY_CAST({source.text} AS {_IN_64_BITS[kind]}) END"
    return f"coalesce(CAST({narrow} AS {kind}), {cast}({text} AS {kind}))"


def instant_sql(source: SourceColumn, quick: bool = False) -> str:
    """SQL of a moment in UTC; ``quick`` reads only texts without an offset rightly."""
    if source.is_instant:
        return f"CAST({source.sql} AS TIMESTAMP)"
    if quick:
        return f"CAST({source.text} AS TIMESTAMP)"
    return f"CAST(TRY_CAST({source.text} AS TIMESTAMPTZ) AS TIMESTAMP)"


def subscription_key_sql(text: str) -> str:
    """SQL of ``model.identifiers.cost_line_subscription_key``; empty = NULL."""
    bare = f"CASE WHEN starts_with(lower({text}), '/subscriptions/') THEN substr({text}, 16) ELSE {text} END"
    # As Microsoft writes it.
    usual = f"WHEN {_is_plain(text)} AND starts_with({text}, '/subscriptions/') THEN lower(substr({text}, 16))"
    any_text = f"regexp_replace({_folded(text)}, '^/subscriptions/', '')"
    key = f"CASE {usual} WHEN {_is_plain(text)} THEN lower({bare}) ELSE {any_text} END"
    return f"nullif(nullif({key}, '{ZERO_GUID}'), '')"


def azure_customer_key_sql(text: str) -> str:
    """SQL of ``model.identifiers.cost_line_azure_customer_key``; empty = NULL."""
    any_text = f"regexp_replace({_folded(text)}, '^org:', '')"
    key = f"CASE WHEN {_is_plain(text)} AND NOT contains({text}, ':') THEN lower({text}) ELSE {any_text} END"
    return f"nullif(nullif({key}, '{ZERO_GUID}'), '')"


def _is_plain(text: str) -> str:
    """SQL: whether a text is ASCII without white space: then ``lower`` folds it, in a thirtieth of the time.

    ``lower`` folds other alphabets too. A text has as many bytes as characters only where all are ASCII.
    """
    spaces = " AND ".join(f"NOT contains({text}, chr({code}))" for code in (9, 10, 13, 32))
    return f"strlen({text}) = length({text}) AND {spaces}"


def _folded(text: str) -> str:
    return f"translate(trim({text}, ' ' || chr(9) || chr(10) || chr(13)), '{_FOLD_FROM}', '{_FOLD_FROM.lower()}')"


def column_faults(column: Column, source: SourceColumn, quick: bool = False) -> list[Fault]:
    """When a value of ``column`` makes its row a reject; ``quick`` as for ``conversion``."""
    checks: list[tuple[str, RejectCode]] = []
    if column.required:
        checks.append((source.absent, RejectCode.MISSING_VALUE))
    if column.type in _NUMBERS:
        checks += _number_checks(column.type, source, quick)
    elif column.type is ColumnType.INSTANT:
        checks += _date_checks(source, quick)
    elif not source.nulls_read:
        checks.append((f"contains({source.text}, chr(0))", RejectCode.NUL_CHARACTER))
    if column.name == "ChargeCategory":
        checks.append(
            (f"NOT {_one_of(source.text, CHARGE_CATEGORIES, _USUAL_CATEGORIES)}", RejectCode.UNKNOWN_CHARGE_CATEGORY)
        )
    if column.name == CURRENCY_COLUMN:
        checks.append((f"NOT {_known_currency(source.text)}", RejectCode.UNKNOWN_CURRENCY))
    return [Fault(condition, source.label or column.name, code, source.text) for condition, code in checks]


def _layout_faults(recognition: Recognition, source: tuple[SourceColumn, ...]) -> list[Fault]:
    fields = recognition.fields(source)
    return [
        Fault(fault.condition(fields), fields.first(*fault.names) or "", fault.code, fields(*fault.names))
        for fault in recognition.layout.faults
    ]


def _number_checks(kind: ColumnType, source: SourceColumn, quick: bool) -> list[tuple[str, RejectCode]]:
    is_number = f"regexp_full_match({source.text}, {sql_text(NUMBER_TEXT)})"
    if source.is_exact_number:
        is_number = f"NOT {source.absent}"
    is_told = source.is_exact_number or (quick and source.assumes_no_exponents)
    checks = [] if is_told else [(f"NOT {is_number}", RejectCode.NOT_A_NUMBER)]
    if not quick:
        checks.append((f"{is_number} AND {number_sql(kind, source)} IS NULL", RejectCode.NUMBER_OUT_OF_RANGE))
    return checks


def _date_checks(source: SourceColumn, quick: bool) -> list[tuple[str, RejectCode]]:
    if quick and not source.is_instant:
        return [(f"NOT regexp_full_match({source.text}, {sql_text(_QUICK_DATE_TEXT)})", RejectCode.NOT_A_DATE)]
    instant = instant_sql(source)
    in_range = f"{instant} BETWEEN TIMESTAMP '{EARLIEST}' AND TIMESTAMP '{LATEST} 23:59:59.999999'"
    checks = [(f"NOT {in_range}", RejectCode.DATE_OUT_OF_RANGE)]
    if not source.is_instant:
        unreadable = f"NOT regexp_full_match({source.text}, {sql_text(DATE_TEXT)}) OR {instant} IS NULL"
        checks.insert(0, (f"{source.text} IS NOT NULL AND ({unreadable})", RejectCode.NOT_A_DATE))
    return checks


def _readable_cost(source: SourceColumn | None) -> str:
    if source is None:
        return "NULL"
    checks = " OR ".join(found.condition for found in column_faults(Column("BilledCost", ColumnType.AMOUNT), source))
    return f"CASE WHEN {checks} THEN NULL ELSE {number_sql(ColumnType.AMOUNT, source)} END"


def _known_currency(text: str) -> str:
    return _one_of(text, MINOR_DIGITS, _USUAL_CURRENCIES)


def _one_of(text: str, names: Iterable[str], usual: Iterable[str] = ()) -> str:
    """SQL: whether a text is one of ``names``; the ``usual`` ones of them are looked for first."""
    # An IN list becomes a join, and behind a join the engine no longer keeps the order of rows.
    first = "".join(f"{text} = '{name}' OR " for name in usual)
    return f"({first}regexp_full_match({text}, '{'|'.join(names)}'))"


def _commitment_faults(by_name: dict[str, SourceColumn]) -> list[Fault]:
    commitment = by_name.get("CommitmentDiscountId")
    if commitment is None:
        return []
    status = by_name.get("CommitmentDiscountStatus", SourceColumn("CAST(NULL AS VARCHAR)")).text
    usage = f"{commitment.text} IS NOT NULL AND {by_name['ChargeCategory'].text} = 'Usage'"
    unknown = f"{usage} AND NOT {_one_of(status, COMMITMENT_STATUSES)}"
    column = "CommitmentDiscountStatus"
    return [
        Fault(f"{usage} AND {status} IS NULL", column, RejectCode.MISSING_COMMITMENT_STATUS, status),
        Fault(unknown, column, RejectCode.UNKNOWN_COMMITMENT_STATUS, status),
    ]


def _month_of_invoice(invoice: SourceColumn | None, months: Mapping[str, BillingMonth]) -> SourceColumn | None:
    """The start of the month of the invoice that a line names; absent where that is not known."""
    if invoice is None or not months:
        return None
    known = ", ".join(f"{sql_text(number)}: TIMESTAMP '{month.first_day}'" for number, month in months.items())
    return SourceColumn(f"MAP {{{known}}}[trim({invoice.text})]", "TIMESTAMP", label=invoice.label)


def _period_faults(
    source: SourceColumn | None, by_invoice: SourceColumn | None, period: BillingMonth | None
) -> list[Fault]:
    if source is None or period is not None:
        return []
    absent = f"{source.absent} AND {by_invoice.absent}" if by_invoice else source.absent
    return [Fault(absent, PERIOD_COLUMN, RejectCode.MISSING_BILLING_PERIOD, source.text)]


def reason_sql(code: str, value: str) -> str:
    """SQL of a reject's sentence: ``code`` and ``value`` are SQL."""
    sentences = ", ".join(f"'{kind}': {sql_text(text)}" for kind, text in REJECT_SENTENCES.items())
    shown = f"'''' || left(coalesce({value}, ''), 60) || ''''"
    return f"replace(MAP {{{sentences}}}[{code}], '{{value}}', {shown})"


def reason(code: RejectCode, value: str) -> str:
    """A reject's sentence, for rows the engine never saw."""
    return REJECT_SENTENCES[code].replace("{value}", value)
