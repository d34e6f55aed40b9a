"""Cost lines as data sets: ``<partner>/costs/<month>/<data set>/part-00000.parquet …`` with a manifest.

A data set is built in staging, moved into place whole, and visible only once the record names it.
"""

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

from rebill.lake import folders
from rebill.lake.account_days import KEYS, write_account_days
from rebill.lake.folders import flush_to_disk
from rebill.lake.line_keys import LINE_KEYS_FILE, write_line_keys
from rebill.lake.session import PARQUET, writing_lines
from rebill.lake.workshop import PENDING, Workshop, confirm
from rebill.model.cost_line import CHARGE_KIND, ROLE
from rebill.model.data_set import (
    ConvertedFile,
    CurrencySum,
    DataSet,
    FileFault,
    Part,
    Reject,
    RejectCode,
    SourceFile,
)
from rebill.model.delivery import CoveredDays
from rebill.model.errors import Invalid, ProgramError
from rebill.model.identifiers import AccountKind
from rebill.model.money import AMOUNT_BOUND, ZERO
from rebill.model.months import BillingMonth
from rebill.model.sql_text import sql_path, sql_paths, sql_text

MANIFEST: Final = "manifest.json"
REJECTS: Final = "rejects.parquet"
_CHUNK_BYTES: Final = 1 << 20
_NO_PART_OF_THE_MANIFEST: Final = ("manifest_sha256", "replaced_at", "already_imported", "superseded", "source_version")
"""What the record may say of a data set later than its manifest is written."""
_SUMS: Final = (
    f"sum(BilledCost) FILTER (WHERE {ROLE} IS NULL), count({ROLE}), sum(BilledCost) FILTER (WHERE {ROLE} IS NOT NULL)"
)
"""Σ of the lines that are rated; how many only sum up others, and their Σ."""
_USAGE_DAYS: Final = (
    "coalesce(max(epoch_us(ChargePeriodEnd - ChargePeriodStart) + 86399999999) "
    "FILTER (WHERE ChargeCategory = 'Usage'), 0) // 86400000000"
)
"""The days of the longest usage, rounded up."""
_INVOICE_LINES: Final = "count(nullif(trim(InvoiceId), ''))"


@dataclass(frozen=True)
class Delivery:
    """What the data sets of one delivery share."""

    source_kind: str
    scope: str
    view: str
    sha256: str
    imported_at: datetime
    overlap_reason: str | None
    files: tuple[ConvertedFile, ...]
    period: BillingMonth | None
    source_version: str | None = None
    covered: CoveredDays | None = None


@dataclass(frozen=True)
class MonthContent:
    """What a delivery holds of one billing month: lines and rejects by file, and the cost by currency.

    ``greatest_usage_days``: of its longest usage, rounded up. ``invoice_lines``: how many name an invoice.
    """

    month: BillingMonth
    rows: dict[str, int]
    rejects: dict[str, int]
    sums: tuple[CurrencySum, ...]
    greatest_usage_days: int = 0
    invoice_lines: int = 0


@dataclass(frozen=True)
class StagedDataSet:
    """A data set that is complete in staging. ``subscriptions``: ids it names, each with a name or ``""``.

    ``allocatable``: commitments and kinds of its charges that name neither subscription nor tenant.
    """

    data_set: DataSet
    folder: Path
    subscriptions: tuple[tuple[str, str], ...]
    allocatable: tuple[tuple[AccountKind, str], ...]


def contents(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> list[MonthContent]:
    """The billing months that hold at least one line of the delivery, in order.

    A reject counts for the month it names if the delivery has lines of it, else for the first month.
    """
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, dict[str, CurrencySum]] = defaultdict(dict)
    longest: dict[str, int] = defaultdict(int)
    named: dict[str, int] = defaultdict(int)
    for file in delivery.files:
        # Row n of a file without rejects lies in place n; behind rejects a row lies before its number.
        misplaced = f"count_if(x_SourceRow {'<' if file.reject_count else '<>'} file_row_number + 1)"
        for month, currency, count, astray, days, invoiced, *found in connection.execute(
            f"SELECT {_month_of(delivery)} AS month, BillingCurrency, count(*), {misplaced}, {_USAGE_DAYS}, "
            f"{_INVOICE_LINES}, {_SUMS} FROM read_parquet({sql_path(Path(file.lines))}) "
            # A month is told once for each start of a period, and not for each line.
            "GROUP BY BillingPeriodStart, BillingCurrency ORDER BY ALL"
        ).fetchall():
            rows[month][file.name] = rows[month].get(file.name, 0) + count
            longest[month] = max(longest[month], days)
            named[month] += invoiced
            known = sums[month].get(currency, CurrencySum(currency, ZERO))
            sums[month][currency] = _kept(month, _added(known, _currency_sum(currency, *found)))
            _must(astray == 0, f"the lines of {file.name} are out of order")
        _must(sum(found.get(file.name, 0) for found in rows.values()) == file.row_count, f"{file.name} lost lines")
    rejects = _rejects_by_month(connection, delivery, sorted(rows))
    return [
        MonthContent(
            BillingMonth.parse(month),
            rows[month],
            rejects[month],
            tuple(found for _, found in sorted(sums[month].items())),
            longest[month],
            named[month],
        )
        for month in sorted(rows)
    ]


def _rejects_by_month(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, months: Sequence[str]
) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for file in delivery.files:
        if file.rejects is None or not months:
            continue
        found = connection.execute(
            f"SELECT {_reject_month(delivery, months)}, count(*) "
            f"FROM read_parquet({sql_path(Path(file.rejects))}) GROUP BY 1"
        ).fetchall()
        for month, count in found:
            counted[month][file.name] += count
    return counted


def _month_of(delivery: Delivery) -> str:
    given = sql_text(str(delivery.period)) if delivery.period else "NULL"
    return f"coalesce(strftime(BillingPeriodStart, '%Y-%m'), {given})"


def _reject_month(delivery: Delivery, months: Sequence[str]) -> str:
    known = ", ".join(map(sql_text, months))
    return f"CASE WHEN {_month_of(delivery)} IN ({known}) THEN {_month_of(delivery)} ELSE {sql_text(months[0])} END"


def stage(
    connection: duckdb.DuckDBPyConnection,
    place: Workshop,
    delivery: Delivery,
    months: Sequence[MonthContent],
    content: MonthContent,
    data_set_id: int,
) -> StagedDataSet:
    """Build one month's data set of the delivery in staging, and check that nothing was lost on the way."""
    folder = place.staging / str(data_set_id)
    folder.mkdir()
    final = place.costs / str(content.month) / str(data_set_id)
    parts = _write_parts(connection, delivery, content, folder)
    _write_rejects(connection, delivery, [str(found.month) for found in months], content, folder)
    paths = [folder / part.path for part in parts]
    write_account_days(connection, paths, folder / KEYS)
    rated = f"(SELECT * FROM {lines_of(connection, paths)} WHERE {ROLE} IS NULL)"
    write_line_keys(connection, rated, sum(part.rows for part in parts), folder / LINE_KEYS_FILE)
    files = tuple(_source_file(file, content) for file in delivery.files if _counts(file, content))
    data_set = DataSet(
        data_set_id=data_set_id,
        source_kind=delivery.source_kind,
        scope=delivery.scope,
        view=delivery.view,
        billing_month=content.month,
        layout=", ".join(sorted({file.layout for file in files})),
        delivery_sha256=delivery.sha256,
        rows=sum(content.rows.values()),
        reject_count=sum(content.rejects.values()),
        files=files,
        parts=tuple(replace(part, path=_in_lake(place, final / part.path)) for part in parts),
        sums=content.sums,
        manifest_sha256="",
        imported_at=delivery.imported_at,
        overlap_reason=delivery.overlap_reason,
        greatest_usage_days=content.greatest_usage_days,
        source_version=delivery.source_version,
        covered=delivery.covered,
        invoice_lines=content.invoice_lines,
    )
    _must_add_up(connection, data_set, paths)
    manifest_sha256 = _write_manifest(data_set, folder)
    (folder / PENDING).touch()
    kept = replace(data_set, manifest_sha256=manifest_sha256)
    return StagedDataSet(kept, folder, _subscriptions(connection, paths), _allocatable(connection, paths))


def _counts(file: ConvertedFile, content: MonthContent) -> int:
    return content.rows.get(file.name, 0) + content.rejects.get(file.name, 0)


def _source_file(file: ConvertedFile, content: MonthContent) -> SourceFile:
    rows, rejects = content.rows.get(file.name, 0), content.rejects.get(file.name, 0)
    return SourceFile(
        name=file.name,
        sha256=file.sha256,
        byte_count=file.byte_count,
        layout=file.layout,
        rows=rows,
        rejects=rejects,
        float_values=file.float_values,
        rounded_values=file.rounded_values,
        date_order=file.date_order,
        date_order_assumed=file.date_order_assumed,
    )


def _write_parts(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    content: MonthContent,
    folder: Path,
) -> list[Part]:
    parts: list[Part] = []
    for file in delivery.files:
        rows = content.rows.get(file.name, 0)
        if not rows:
            continue
        part = folder / f"part-{len(parts):05d}.parquet"
        if rows == file.row_count:
            Path(file.lines).rename(part)
        else:
            lines = f"SELECT * FROM read_parquet({sql_path(Path(file.lines))})"
            wanted = f"{_month_of(delivery)} = {sql_text(str(content.month))}"
            with writing_lines(connection):
                connection.execute(f"COPY ({lines} WHERE {wanted}) TO {sql_text(str(part))} ({PARQUET})")
        parts.append(Part(part.name, _sha256(part), part.stat().st_size, rows))
    return parts


def _write_rejects(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    months: Sequence[str],
    content: MonthContent,
    folder: Path,
) -> None:
    files = [Path(file.rejects) for file in delivery.files if file.rejects and content.rejects.get(file.name)]
    if files:
        mine = f"{_reject_month(delivery, months)} = {sql_text(str(content.month))}"
        rejects = f"SELECT * FROM read_parquet({sql_paths(files)}) WHERE {mine}"
        connection.execute(f"COPY ({rejects}) TO {sql_text(str(folder / REJECTS))} ({PARQUET})")


def account_days_paths(lake_folder: Path, data_sets: Iterable[DataSet]) -> list[Path]:
    """Where the accounts and days of these data sets stand."""
    return [lake_folder / Path(data_set.parts[0].path).parent / KEYS for data_set in data_sets if data_set.parts]


def line_key_paths(lake_folder: Path, data_sets: Iterable[DataSet]) -> tuple[Path, ...]:
    """The line keys of these data sets; empty where one of them, imported by an older version, has none."""
    files = [lake_folder / Path(data_set.parts[0].path).parent / LINE_KEYS_FILE for data_set in data_sets]
    return tuple(files) if all(file.exists() for file in files) else ()


def _subscriptions(connection: duckdb.DuckDBPyConnection, parts: list[Path]) -> tuple[tuple[str, str], ...]:
    found = connection.execute(
        "SELECT SubAccountId, coalesce(arg_max(SubAccountName, ChargePeriodStart), '') "
        f"FROM read_parquet({sql_paths(parts)}, union_by_name=true) "
        "WHERE SubAccountId IS NOT NULL GROUP BY SubAccountId ORDER BY SubAccountId"
    ).fetchall()
    return tuple((identifier, name) for identifier, name in found)


def _allocatable(connection: duckdb.DuckDBPyConnection, parts: list[Path]) -> tuple[tuple[AccountKind, str], ...]:
    found = connection.execute(
        f"SELECT DISTINCT l.CommitmentDiscountId, {CHARGE_KIND} FROM read_parquet({sql_paths(parts)}, "
        "union_by_name=true) AS l WHERE l.SubAccountId IS NULL AND l.x_AzureCustomerId IS NULL"
    ).fetchall()
    kinds = {(AccountKind.CHARGE_KIND, kind) for _, kind in found}
    return tuple(sorted(kinds | {(AccountKind.COMMITMENT, commitment) for commitment, _ in found if commitment}))


def _write_manifest(data_set: DataSet, folder: Path) -> str:
    described: dict[str, Any] = {
        name: value for name, value in asdict(data_set).items() if name not in _NO_PART_OF_THE_MANIFEST
    }
    described |= {
        "billing_month": str(data_set.billing_month),
        "imported_at": data_set.imported_at.isoformat(),
        "covered": str(data_set.covered) if data_set.covered else None,
        "sums": [found.document() for found in data_set.sums],
        "beside": {
            name: _sha256(folder / name) for name in (KEYS, LINE_KEYS_FILE, REJECTS) if (folder / name).exists()
        },
    }
    text = json.dumps(described, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def publish(place: Workshop, staged: Sequence[StagedDataSet]) -> None:
    """Move complete data sets to where they stay. They are not visible before the record names them."""
    for entry in staged:
        folders.publish(entry.folder, _published(place, entry))
    flush_to_disk(place.costs)


def confirm_published(place: Workshop, staged: Sequence[StagedDataSet]) -> None:
    """Note that the record names these data sets now."""
    for entry in staged:
        confirm(_published(place, entry))


def withdraw(place: Workshop, staged: Sequence[StagedDataSet]) -> None:
    """Take back what was published but refused by the record."""
    for entry in staged:
        shutil.rmtree(_published(place, entry), ignore_errors=True)


def _published(place: Workshop, entry: StagedDataSet) -> Path:
    return place.costs / str(entry.data_set.billing_month) / entry.folder.name


def _in_lake(place: Workshop, path: Path) -> str:
    return path.relative_to(place.lake_folder).as_posix()


def accounts_of(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_sets: Iterable[DataSet]
) -> frozenset[str | None]:
    """What the lines of these data sets name: the subscription, else the tenant, else ``None``."""
    files = [lake_folder / Path(data_set.parts[0].path).parent / KEYS for data_set in data_sets]
    if not files:
        return frozenset()
    named = f"SELECT DISTINCT coalesce(SubAccountId, x_AzureCustomerId) FROM read_parquet({sql_paths(files)})"
    return frozenset(name for (name,) in connection.execute(named).fetchall())


def part_paths(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_sets: Iterable[DataSet]
) -> tuple[Path, ...]:
    """Where the cost lines of these data sets lie: every part, in order, each there with its recorded size and rows.

    Raises ``ProgramError`` when a part is missing or not as recorded.
    """
    paths: list[Path] = []
    for data_set in data_sets:
        for part in data_set.parts:
            path = lake_folder / part.path
            if not path.is_file() or path.stat().st_size != part.byte_count:
                raise _damaged(data_set, f"{part.path} is missing or has another size")
            try:
                counted = connection.execute(f"SELECT num_rows FROM parquet_file_metadata({sql_path(path)})").fetchone()
            except duckdb.Error as error:
                raise _damaged(data_set, f"{part.path} is no Parquet file any more") from error
            if counted is None or counted[0] != part.rows:
                raise _damaged(data_set, f"{part.path} has another number of rows")
            paths.append(path)
    return tuple(paths)


def verify(connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_set: DataSet) -> None:
    """Read a data set whole and compare it with what was recorded: bytes, rows, sums, manifest.

    Raises ``ProgramError`` for the first difference.
    """
    paths = list(part_paths(connection, lake_folder, [data_set]))
    for path, part in zip(paths, data_set.parts, strict=True):
        if _sha256(path) != part.sha256:
            raise _damaged(data_set, f"{part.path} has other bytes")
    if _sha256(paths[0].parent / MANIFEST) != data_set.manifest_sha256:
        raise _damaged(data_set, f"{MANIFEST} has other bytes")
    _must_add_up(connection, data_set, paths)


def kept_rejects(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_set: DataSet, greatest_count: int | None = None
) -> tuple[Reject, ...]:
    """The rejects that were accepted with a data set, at most ``greatest_count``."""
    file = lake_folder / Path(data_set.parts[0].path).parent / REJECTS
    return read_rejects(connection, [file], greatest_count) if data_set.reject_count else ()


def read_rejects(
    connection: duckdb.DuckDBPyConnection, files: list[Path], greatest_count: int | None = None
) -> tuple[Reject, ...]:
    """Rejects of these files, in order, at most ``greatest_count``."""
    if not files:
        return ()
    limit = "" if greatest_count is None else f" LIMIT {greatest_count}"
    found = connection.execute(
        "SELECT SourceFile, SourceRow, ColumnName, Code, Reason, RawText, BilledCost, BillingCurrency "
        f"FROM read_parquet({sql_paths(files)}){limit}"
    ).fetchall()
    return tuple(
        Reject(file, row, column, RejectCode(code), reason, raw, cost, currency)
        for file, row, column, code, reason, raw, cost, currency in found
    )


def _must_add_up(connection: duckdb.DuckDBPyConnection, data_set: DataSet, paths: list[Path]) -> None:
    found = connection.execute(
        f"SELECT BillingCurrency, count(*), {_SUMS} FROM {lines_of(connection, paths)} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if {sum(row[1] for row in found), sum(part.rows for part in data_set.parts)} != {data_set.rows}:
        raise _damaged(data_set, "its rows do not add up")
    if tuple(_currency_sum(currency, *sums) for currency, _, *sums in found) != data_set.sums:
        raise _damaged(data_set, "its costs do not add up")


def lines_of(connection: duckdb.DuckDBPyConnection, paths: list[Path]) -> str:
    """The lines of these parts, as SQL of a table; data sets of before there were roles have no line of any."""
    lines = f"read_parquet({sql_paths(paths)}, union_by_name=true)"
    columns = {name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {lines}").fetchall()}
    return lines if ROLE in columns else f"(SELECT *, CAST(NULL AS VARCHAR) AS {ROLE} FROM {lines})"


def _currency_sum(currency: str, rated: Decimal | None, tie_out_rows: int, tied_out: Decimal | None) -> CurrencySum:
    return CurrencySum(currency, rated or ZERO, tie_out_rows, tied_out or ZERO)


def _added(one: CurrencySum, other: CurrencySum) -> CurrencySum:
    return CurrencySum(
        one.currency,
        one.partner_cost + other.partner_cost,
        one.tie_out_rows + other.tie_out_rows,
        one.tie_out_cost + other.tie_out_cost,
    )


def _kept(month: str, added: CurrencySum) -> CurrencySum:
    """The same sum, where no run would have to cut it."""
    if max(abs(added.partner_cost), abs(added.tie_out_cost)) >= AMOUNT_BOUND:
        raise Invalid(
            FileFault.COST_OUT_OF_RANGE,
            f"The lines of {month} in {added.currency} add up to more than is kept (16 digits before the point), and "
            "nothing was imported. Look at the greatest amounts of the delivery, then import it again.",
        )
    return added


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise ProgramError("import_lost_rows", f"The import was stopped and nothing was stored: {what}.")


def _damaged(data_set: DataSet, what: str) -> ProgramError:
    return ProgramError(
        "cost_lines_damaged",
        f"Data set {data_set.data_set_id} of {data_set.billing_month} is not as it was imported: {what}. "
        "Restore the lake folder from a backup.",
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
