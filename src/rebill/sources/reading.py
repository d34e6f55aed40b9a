"""Reading one cost file: recognised by its header, converted to cost lines and rejects as Parquet.

Three ways, from fast to slow: the engine reads the file whole and stops at the first fault; it
reads it twice, for lines and for rejects; or ``csv_rows`` takes it apart first. They agree on
every row, and each next one is taken only where the one before cannot answer.
"""

import csv
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from rebill.model.cost_line import LINE_KEY, LINE_KEYS, ROUNDED_VALUES
from rebill.model.counting import counted
from rebill.model.data_set import ConvertedFile, FileFault, RejectCode
from rebill.model.sql_text import sql_path, sql_text
from rebill.sources.conversion import (
    CURRENCY_COLUMN,
    INVOICE_COLUMN,
    PERIOD_COLUMN,
    RAW_CHARACTERS,
    ROW_NUMBER,
    Conversion,
    conversion,
    quoted_name,
    reason,
    reason_sql,
)
from rebill.sources.cost_files import (
    CostFile,
    FileForm,
    FileMark,
    FileRefused,
    csv_header,
    first_bytes,
    form_of,
    is_beyond_measure,
    require_rows,
    require_unchanged,
    unpack,
)
from rebill.sources.csv_rows import CsvRow, csv_relation, csv_rows
from rebill.sources.date_styles import require_iso_dates
from rebill.sources.fallbacks import Fallbacks
from rebill.sources.json_lines import json_relation, names_in
from rebill.sources.layouts import recognise
from rebill.sources.layouts.focus import FOCUS
from rebill.sources.layouts.layout import MADE_OF, Recognition
from rebill.sources.source_column import SourceColumn

_FAULT_FOUND: Final = "rebill: this row is a reject"
_UNLIKE_FOUND: Final = "rebill: this row has a word for none, or no plain number, where that was not expected"
_ROWS_LOOKED_AT: Final = 10_000
"""In so many rows of a Parquet file words that mean none are looked for before it is read."""
_ROWS_OF_FEW_BYTES: Final = 1_000_000
"""From here on a row of a Parquet file takes a byte at least: no two charges are alike in all."""
_PARQUET: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 122880"
LINE_KEY_SQL: Final = f"CAST(hash({', '.join(LINE_KEYS)}) >> 1 AS BIGINT)"
"""A number for what rating tells lines apart by. Two that have one alike by chance are found beside their lines."""
_RESERVED_COLUMN: Final = "file_row_number"
_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}
_REJECT_COLUMNS: Final = (
    "SourceFile VARCHAR, SourceRow BIGINT, ColumnName VARCHAR, Code VARCHAR, Reason VARCHAR, RawText VARCHAR, "
    "BilledCost DECIMAL(28,12), BillingCurrency VARCHAR, BillingPeriodStart TIMESTAMP"
)


@dataclass(frozen=True)
class RecognisedFile:
    """A cost file whose header is understood. ``header_in_first_line``: no blank line comes before it."""

    file: CostFile
    mark: FileMark
    form: FileForm
    recognition: Recognition
    columns: tuple[SourceColumn, ...]
    header_in_first_line: bool = True


def recognised(
    connection: duckdb.DuckDBPyConnection, file: CostFile, mark: FileMark, fallbacks: Fallbacks, workspace: Path
) -> RecognisedFile:
    """Tell the layout of ``file``. Raises ``FileRefused`` with what is missing when it is none rebill reads."""
    form = form_of(file)
    in_first_line = True
    if form is FileForm.PARQUET:
        header, columns = _parquet_columns(connection, file, workspace)
        recognition = recognise(header, fallbacks.layout, fallbacks.view)
    elif form.is_json:
        header, columns = _json_columns(connection, file, mark, form, workspace)
        recognition = recognise(header, fallbacks.layout, fallbacks.view)
    else:
        start = first_bytes(file, form)
        try:
            header, in_first_line = csv_header(start)
        except FileRefused:
            _refuse_other_separators(start, fallbacks.layout)
            raise
        recognition = recognise(header, fallbacks.layout, fallbacks.view)
        if recognition.missing:
            _refuse_other_separators(start, fallbacks.layout)
        columns = tuple(SourceColumn(f"c{position}", has_exponents=False) for position in range(len(header)))
    _refuse_reserved(header)
    _require_complete(recognition, fallbacks)
    return RecognisedFile(file, mark, form, replace(recognition, dates=fallbacks.date_order), columns, in_first_line)


def _refuse_other_separators(start: bytes, wanted: str) -> None:
    for separator, name in _SEPARATORS.items():
        header: list[str] = []
        with suppress(FileRefused):
            header, _ = csv_header(start, separator)
        if not recognise(header, wanted).missing:
            raise FileRefused(
                FileFault.WRONG_DELIMITER, f"is separated by {name}; export it with commas between the columns"
            )


def _refuse_reserved(header: list[str]) -> None:
    if _RESERVED_COLUMN in (name.strip().lower() for name in header):
        raise FileRefused(
            FileFault.RESERVED_COLUMN,
            f"has a column named {_RESERVED_COLUMN}, by which rows are counted here; rename that column",
        )


def _require_complete(recognition: Recognition, fallbacks: Fallbacks) -> None:
    missing = [name for name in recognition.missing if name != CURRENCY_COLUMN]
    if missing:
        raise _not_recognised(recognition, missing)
    if recognition.doubled:
        raise FileRefused(FileFault.DUPLICATE_COLUMN, f"names {', '.join(recognition.doubled)} twice in its header")
    if recognition.has(CURRENCY_COLUMN) and fallbacks.currency:
        raise FileRefused(FileFault.CURRENCY_NAMED, "names its currency itself; import it without --currency")
    if not recognition.has(CURRENCY_COLUMN) and not fallbacks.currency:
        raise FileRefused(FileFault.CURRENCY_MISSING, f"has no {CURRENCY_COLUMN} column; add --currency CODE")
    by_invoice = bool(fallbacks.invoice_months) and recognition.has(INVOICE_COLUMN)
    if not recognition.has(PERIOD_COLUMN) and fallbacks.period is None and not by_invoice:
        raise FileRefused(FileFault.PERIOD_MISSING, "names no billing period; add --period YYYY-MM")


_IN_ENGLISH: Final = "; if its header is in another language, export it in English"


def _not_recognised(recognition: Recognition, missing: list[str]) -> FileRefused:
    lacks = f"its header lacks {', '.join(missing)}"
    if recognition.layout is FOCUS:
        return FileRefused(FileFault.NOT_FOCUS, f"is not a FOCUS file, nor of another layout: {lacks}{_IN_ENGLISH}")
    return FileRefused(
        FileFault.LAYOUT_NOT_RECOGNISED,
        f"has the header of no layout that rebill reads; the nearest is {recognition.name}, but {lacks}{_IN_ENGLISH}",
    )


def convert(
    connection: duckdb.DuckDBPyConnection, found: RecognisedFile, fallbacks: Fallbacks, workspace: Path, number: int
) -> ConvertedFile:
    """Write the cost lines and rejects of file ``number`` of a delivery as Parquet into ``workspace``.

    Raises ``FileRefused`` when the file turns out to be damaged, or changes meanwhile; ``OtherDates`` when it has dates
    that are not in ISO style while nobody has told their order.
    """
    reader = _Reader(connection, found, fallbacks, workspace, number)
    try:
        if found.form is FileForm.PARQUET:
            converted = reader.parquet()
        else:
            converted = reader.json_lines() if found.form.is_json else reader.csv()
    finally:
        reader.clear()
    require_unchanged(found.file, found.mark)
    require_rows(found.file, converted.row_count + converted.reject_count)
    return converted


def _parquet_columns(
    connection: duckdb.DuckDBPyConnection, file: CostFile, workspace: Path
) -> tuple[list[str], tuple[SourceColumn, ...]]:
    link = _link(file, workspace / "header.parquet")
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {_parquet_relation(link)}").fetchall()
        texts = [quoted_name(name) for name, kind, *_ in described if kind == "VARCHAR"]
        _require_parquet_measure(connection, file, link)
        with_null_words = _with_null_words(connection, link, texts)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        raise FileRefused(FileFault.DAMAGED_PARQUET, "is damaged or cut off; fetch it again") from None
    finally:
        link.unlink()
    columns = tuple(
        SourceColumn(
            quoted_name(name),
            kind,
            nulls_read=False,
            has_null_words=quoted_name(name) in with_null_words,
            has_exponents=kind != "VARCHAR",
        )
        for name, kind, *_ in described
    )
    return [name for name, *_ in described], columns


def _require_parquet_measure(connection: duckdb.DuckDBPyConnection, file: CostFile, link: Path) -> None:
    """Raise ``FileRefused`` for a file that would unpack beyond all measure: a few bytes can say millions of rows."""
    rows = connection.execute(f"SELECT num_rows FROM parquet_file_metadata({sql_path(link)})").fetchone()
    sizes = f"SELECT coalesce(sum(total_uncompressed_size), 0) FROM parquet_metadata({sql_path(link)})"
    unpacked = connection.execute(sizes).fetchone()
    row_count, unpacked_bytes = (int(found[0]) if found else 0 for found in (rows, unpacked))
    byte_count = file.path.stat().st_size
    if row_count > max(_ROWS_OF_FEW_BYTES, byte_count) or is_beyond_measure(unpacked_bytes, byte_count):
        raise FileRefused(
            FileFault.PARQUET_TOO_LARGE,
            f"unpacks to {counted(row_count, 'row')} and {unpacked_bytes // 2**20:,} MiB from "
            f"{counted(byte_count, 'byte')}, which no cost file does; if it is sound, export it as CSV",
        )


def _with_null_words(connection: duckdb.DuckDBPyConnection, file: Path, texts: list[str]) -> set[str]:
    """Which of these columns begin with rows that hold an empty text or the word for none.

    To replace those words where there are none takes as long as a copy; and so does looking at every row before.
    """
    if not texts:
        return set()
    counts = ", ".join(f"count_if({name} = '') + count_if({name} = 'NULL')" for name in texts)
    begin = f"(SELECT * FROM {_parquet_relation(file)} LIMIT {_ROWS_LOOKED_AT})"
    answer = connection.execute(f"SELECT {counts} FROM {begin}").fetchone() or ()
    return {name for name, count in zip(texts, answer, strict=True) if count}


def _json_columns(
    connection: duckdb.DuckDBPyConnection, file: CostFile, mark: FileMark, form: FileForm, workspace: Path
) -> tuple[list[str], tuple[SourceColumn, ...]]:
    plain = workspace / "names.jsonl"
    try:
        is_odd = _lay_out(file, mark, form, plain)
        names = names_in(connection, plain, is_odd)
    finally:
        plain.unlink(missing_ok=True)
    return names, tuple(SourceColumn(f"c{place}", has_exponents=False) for place in range(len(names)))


def _lay_out(file: CostFile, mark: FileMark, form: FileForm, target: Path) -> bool:
    """Put a text file where the engine reads it, unpacked, and say whether anything odd is in it (``Oddities``)."""
    if form.is_packed:
        return unpack(file, target)
    _link(file, target)
    return mark.is_odd


def _parquet_relation(path: Path) -> str:
    return f"read_parquet({sql_path(path)}, hive_partitioning=false)"


def _link(file: CostFile, link: Path) -> Path:
    # The engine takes *, ? and [ in a path for a pattern; a link of our own has none.
    link.symlink_to(file.path)
    return link


class _BrokenRow(Exception):
    """The engine cannot tell the rows of a file apart."""


class _RejectFound(Exception):
    """A row is a reject."""


class _UnlikeFound(Exception):
    """A row is not as the columns were taken to be: a word for none, or a number with an exponent."""


class _Reader:
    """The ways through one file. Everything it leaves in the workspace but its results is cleared after."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        found: RecognisedFile,
        fallbacks: Fallbacks,
        workspace: Path,
        number: int,
    ) -> None:
        self._connection = connection
        self._found = found
        self._fallbacks = fallbacks
        self._columns = tuple(replace(column, has_null_words=True, has_exponents=True) for column in found.columns)
        self._conversion: Conversion = self._conversion_of(self._columns)
        self._lines = workspace / f"lines-{number:05d}.parquet"
        self._rejects = workspace / f"rejects-{number:05d}.parquet"
        self._source = workspace / f"source-{number:05d}"
        self._sound_rows = workspace / f"sound-{number:05d}.csv"
        self._broken_rows = workspace / f"broken-{number:05d}.jsonl"

    def _conversion_of(self, columns: tuple[SourceColumn, ...], quick: bool = False) -> Conversion:
        found, given = self._found, self._fallbacks
        name, months = found.file.name, given.invoice_months
        return conversion(found.recognition, columns, name, given.period, given.currency, quick, months)

    def clear(self) -> None:
        for path in (self._source, self._sound_rows, self._broken_rows):
            path.unlink(missing_ok=True)

    def csv(self) -> ConvertedFile:
        """Convert a CSV file, plain or packed."""
        is_odd = _lay_out(self._found.file, self._found.mark, self._found.form, self._source)
        names = [column.sql for column in self._found.columns]
        if not is_odd and self._found.header_in_first_line:
            relation = f"(SELECT *, row_number() OVER () AS {ROW_NUMBER} FROM {csv_relation(self._source, names)})"
            # A row that is none, anywhere in the file, raises InvalidInput without our own words: take the file apart.
            with suppress(_BrokenRow):
                return self._read(relation)
        self._take_apart()
        return self._read_twice(csv_relation(self._sound_rows, [ROW_NUMBER, *names]), has_broken_rows=True)

    def json_lines(self) -> ConvertedFile:
        """Convert a file of one JSON object a line, plain or packed."""
        _lay_out(self._found.file, self._found.mark, self._found.form, self._source)
        return self._read(json_relation(self._source, list(self._found.recognition.header)))

    def parquet(self) -> ConvertedFile:
        """Convert a Parquet file."""
        _link(self._found.file, self._source)
        relation = f"(SELECT *, file_row_number + 1 AS {ROW_NUMBER} FROM {_parquet_relation(self._source)})"
        try:
            return replace(self._read(relation), float_values=self._float_values(relation))
        except (_BrokenRow, duckdb.Error) as error:
            if isinstance(error, duckdb.OutOfMemoryException):
                raise
            raise FileRefused(FileFault.DAMAGED_PARQUET, "is damaged or cut off; fetch it again") from error

    def _read(self, source: str) -> ConvertedFile:
        try:
            with suppress(_UnlikeFound):
                return self._read_whole(source, self._found.columns)
            return self._read_whole(source, self._columns)
        except _RejectFound:
            return self._read_twice(source, has_broken_rows=False)

    def _with_computed(self, relation: str, columns: tuple[SourceColumn, ...]) -> str:
        """The source relation with the columns that its layout computes, each of them computed once."""
        computed = self._found.recognition.computed_columns(columns)
        return f"(SELECT *{computed} FROM {relation})" if computed else relation

    def _read_whole(self, source: str, columns: tuple[SourceColumn, ...]) -> ConvertedFile:
        quick, relation = self._conversion_of(columns, quick=True), self._with_computed(source, columns)
        is_unlike = f"WHEN {' OR '.join(quick.unlike)} THEN error('{_UNLIKE_FOUND}') " if quick.unlike else ""
        checked = f"CASE {is_unlike}WHEN {quick.faulty} THEN error('{_FAULT_FOUND}') ELSE true END"
        try:
            return self._result(self._copy_lines(f"SELECT {quick.selected} FROM {relation} WHERE {checked}"), 0)
        except duckdb.ConversionException as error:
            raise _RejectFound from error
        except duckdb.InvalidInputException as error:
            if _UNLIKE_FOUND in str(error):
                raise _UnlikeFound from error
            raise (_RejectFound if _FAULT_FOUND in str(error) else _BrokenRow) from error

    def _read_twice(self, source: str, has_broken_rows: bool) -> ConvertedFile:
        relation = self._with_computed(source, self._columns)
        faulty = f"coalesce({self._conversion.faulty}, false)"
        try:
            if self._found.recognition.dates is None:
                dates = self._found.recognition.date_columns(self._columns)
                require_iso_dates(self._connection, source, dates, self._fallbacks.period)
            rows = self._copy_lines(f"SELECT {self._conversion.selected} FROM {relation} WHERE NOT {faulty}")
        except duckdb.InvalidInputException as error:
            raise _BrokenRow from error
        rejects = f"SELECT * FROM ({self._rejects_of(relation, faulty)})"
        if has_broken_rows:
            columns = ", ".join("'{}': '{}'".format(*column.split()) for column in _REJECT_COLUMNS.split(", "))
            file = sql_text(str(self._broken_rows))
            broken = f"read_json({file}, format='newline_delimited', columns={{{columns}}})"
            rejects += f" UNION ALL SELECT * FROM {broken}"
        target = sql_text(str(self._rejects))
        copied = self._connection.execute(f"COPY ({rejects} ORDER BY SourceRow) TO {target} ({_PARQUET})").fetchone()
        return self._result(rows, copied[0] if copied else 0)

    def _copy_lines(self, select: str) -> int:
        self._lines.unlink(missing_ok=True)
        keyed = f"SELECT *, {LINE_KEY_SQL} AS {LINE_KEY} FROM ({select})"
        copied = self._connection.execute(f"COPY ({keyed}) TO {sql_text(str(self._lines))} ({_PARQUET})").fetchone()
        if copied is None:
            raise AssertionError("a copy answers the number of its rows")
        return int(copied[0])

    def _result(self, row_count: int, reject_count: int) -> ConvertedFile:
        return ConvertedFile(
            name=self._found.file.name,
            sha256=self._found.mark.sha256,
            byte_count=self._found.mark.byte_count,
            layout=self._found.recognition.name,
            view=self._found.recognition.view,
            lines=str(self._lines),
            rejects=str(self._rejects) if reject_count else None,
            row_count=row_count,
            reject_count=reject_count,
            float_values=0,
            rounded_values=self._rounded_values(),
            date_order=self._found.recognition.dates,
        )

    def _rejects_of(self, relation: str, faulty: str) -> str:
        faults = ", ".join(
            f"CASE WHEN {fault.condition} THEN {{'column': '{fault.column}', 'code': '{fault.code}', "
            f"'value': {fault.value}}} END"
            for fault in self._conversion.faults
        )
        fields = ", ".join(f"coalesce({column.text}, '')" for column in self._columns)
        raw = (
            f"array_to_string(list_transform([{fields}], lambda field: CASE WHEN regexp_matches(field, '[,\"\\r\\n]') "
            "THEN '\"' || replace(field, '\"', '\"\"') || '\"' ELSE field END), ',')"
        )
        found = (
            f"SELECT {ROW_NUMBER} AS number, list_filter([{faults}], lambda fault: fault IS NOT NULL) AS faults, "
            f"{raw} AS raw, {self._conversion.billed_cost} AS cost, {self._conversion.currency} AS currency, "
            f"{self._conversion.period} AS period FROM {relation} WHERE {faulty}"
        )
        # A text that cannot be read is told once, also where other columns of the cost line are made of it.
        is_told = f"(contains(fault.column, '{MADE_OF}') OR fault.column = faults[1].column)"
        is_another = f"NOT ({is_told} AND fault.value IS NOT DISTINCT FROM faults[1].value)"
        others = (
            f"coalesce('; also ' || nullif(array_to_string(list_transform(list_filter(faults[2:], lambda fault: "
            f"{is_another}), lambda fault: fault.column || ' (' || fault.code || ')'), ', '), ''), '')"
        )
        return (
            f"SELECT {sql_text(self._found.file.name)} AS SourceFile, CAST(number AS BIGINT) AS SourceRow, "
            f"faults[1].column AS ColumnName, faults[1].code AS Code, "
            f"{reason_sql('faults[1].code', 'faults[1].value')} || {others} AS Reason, "
            f"left(raw, {RAW_CHARACTERS}) AS RawText, cost AS BilledCost, currency AS BillingCurrency, "
            f"period AS BillingPeriodStart FROM ({found})"
        )

    def _take_apart(self) -> None:
        width = len(self._found.columns)
        with (
            self._sound_rows.open("w", encoding="utf-8", newline="") as sound,
            self._broken_rows.open("w", encoding="utf-8") as broken,
        ):
            writer = csv.writer(sound, lineterminator="\n")
            writer.writerow([ROW_NUMBER, *(column.sql for column in self._found.columns)])
            for row in csv_rows(self._source, width):
                if row.code is None:
                    writer.writerow([row.number, *row.fields[:width]])
                else:
                    broken.write(_broken_row(self._found.file.name, row) + "\n")

    def _rounded_values(self) -> int:
        counted = f"SELECT coalesce(sum({ROUNDED_VALUES}), 0) FROM {_parquet_relation(self._lines)}"
        answer = self._connection.execute(counted).fetchone()
        return int(answer[0]) if answer else 0

    def _float_values(self, relation: str) -> int:
        floats = [
            self._found.columns[position].sql
            for position in self._found.recognition.positions.values()
            if self._found.columns[position].is_float
        ]
        if not floats:
            return 0
        counted = " + ".join(f"count({column})" for column in floats)
        answer = self._connection.execute(f"SELECT {counted} FROM {relation}").fetchone()
        return int(answer[0]) if answer else 0


def _broken_row(file_name: str, row: CsvRow) -> str:
    code = row.code or RejectCode.BROKEN_QUOTE
    raw = row.raw_text[:RAW_CHARACTERS].encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    return json.dumps(
        {
            "SourceFile": file_name,
            "SourceRow": row.number,
            "ColumnName": None,
            "Code": code,
            "Reason": reason(code, str(len(row.fields))),
            "RawText": raw,
            "BilledCost": None,
            "BillingCurrency": None,
            "BillingPeriodStart": None,
        }
    )
