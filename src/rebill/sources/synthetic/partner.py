"""The made-up partner: an engine that holds its small tables and writes any stretch of its cost lines."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb

from rebill.model.months import BillingMonth

_FOLDER: Final = Path(__file__).parent
_MEMORY_LIMIT: Final = "700MB"
# Small row groups: with as many text columns as these, a writer's memory is its row group.
_CSV_OPTIONS: Final = "FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%SZ'"
_COPY_OPTIONS: Final = {
    "csv": _CSV_OPTIONS,
    "csv.gz": f"{_CSV_OPTIONS}, COMPRESSION gzip",
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 40960",
}


class CostFileFormat(StrEnum):
    """How cost files are written; the value is the file's ending."""

    CSV = "csv"
    CSV_GZIP = "csv.gz"
    PARQUET = "parquet"
    """Money as DECIMAL, times as UTC timestamps."""


class CostFileLayout(StrEnum):
    """The columns of cost files; the value is the layout's name."""

    FOCUS = "focus"
    ACTUAL = "cost-management-actual"
    AMORTIZED = "cost-management-amortized"
    """Without what was paid for reservations and savings plans; the usage that they cover bears it."""
    DAILY_RATED_USAGE = "daily-rated-usage"
    """Usage of subscriptions only: no purchase, credit, tax or adjustment, and nothing that was left unused."""


# Which of the lines a layout shows, and the statement that shows them in its columns.
_SHOWN: Final = {
    CostFileLayout.FOCUS: ("true", None),
    CostFileLayout.ACTUAL: ("true", "cost_management.sql"),
    CostFileLayout.AMORTIZED: ("ChargeCategory <> 'Purchase' OR CommitmentDiscountId IS NULL", "cost_management.sql"),
    CostFileLayout.DAILY_RATED_USAGE: (
        "ChargeCategory = 'Usage' AND SubAccountId IS NOT NULL",
        "daily_rated_usage.sql",
    ),
}


@dataclass(frozen=True)
class SyntheticCustomer:
    """An Azure customer of the made-up partner; ``customer_id`` is the tenant's GUID."""

    customer_id: str
    name: str
    domain: str


class SyntheticPartner:
    """A partner with ``customers`` customers, ``subscriptions`` subscriptions and ``lines`` cost lines in ``month``.

    A context manager. Lines are numbered from 0; ``write_lines`` and ``sums`` may be called from
    several threads at once, each stretch of lines being independent of every other.
    """

    def __init__(
        self,
        customers: int,
        subscriptions: int,
        lines: int,
        month: BillingMonth,
        seed: int,
        scratch_folder: Path,
        layout: CostFileLayout = CostFileLayout.FOCUS,
    ) -> None:
        day_count = month.last_day.day
        self._variables = {
            "folder": f"'{str(_FOLDER).replace(chr(39), chr(39) * 2)}'",
            "seed": str(seed),
            "customers": str(customers),
            "subscriptions": str(subscriptions),
            "first_day": f"DATE '{month.first_day}'",
            "next_month": f"DATE '{month.following.first_day}'",
            "resources": str(-(-lines // day_count)),
            "is_amortized": str(layout is CostFileLayout.AMORTIZED),
        }
        # One thread a statement and joins as written, the lines' own side first: rows leave in the order of their
        # numbers, so that the bytes are always the same, however the lines are dealt over files.
        self._connection = duckdb.connect(
            config={
                "threads": 1,
                "disabled_optimizers": "join_order,build_side_probe_side",
                "memory_limit": _MEMORY_LIMIT,
                "temp_directory": str(scratch_folder),
            }
        )
        self._set_variables(self._connection, self._variables)
        self._connection.execute((_FOLDER / "tables.sql").read_text(encoding="utf-8"))
        self._variables |= {
            "kinds": self._counted("SELECT count(*) FROM kinds"),
            "resource_kind_slots": self._counted("SELECT count(*) FROM kind_slots WHERE drawn_by = 'resource'"),
        }
        condition, columns = _SHOWN[layout]
        lines_sql = (_FOLDER / "lines.sql").read_text(encoding="utf-8")
        self._lines_sql = f"SELECT * FROM ({lines_sql}) WHERE {condition}"
        self._layout_sql = self._lines_sql
        if columns is not None:
            in_layout = (_FOLDER / columns).read_text(encoding="utf-8")
            self._layout_sql = f"WITH lines AS ({self._lines_sql}) {in_layout}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def customers(self) -> list[SyntheticCustomer]:
        """Every customer, in order of its number."""
        rows = self._connection.execute(
            "SELECT customer_id, customer_name, domain FROM customers ORDER BY customer_number"
        ).fetchall()
        return [SyntheticCustomer(customer_id, name, domain) for customer_id, name, domain in rows]

    def write_lines(self, file: Path, lines: range, file_format: CostFileFormat) -> int:
        """Write those of these lines that the layout shows to ``file``, in their order; their number."""
        with self._reading(lines) as connection:
            path = str(file).replace("'", "''")
            connection.execute(f"COPY ({self._layout_sql}) TO '{path}' ({_COPY_OPTIONS[file_format]})")
            return _number_in(connection)

    def sums(self, lines: range) -> dict[str, Decimal]:
        """Currency → Σ ``BilledCost`` of those lines that the layout shows, each rounded to the 12 decimals kept."""
        with self._reading(lines) as connection:
            rows = connection.execute(
                f"SELECT BillingCurrency, CAST(sum(round(BilledCost, 12)) AS DECIMAL(28,12)) "
                f"FROM ({self._lines_sql}) GROUP BY BillingCurrency ORDER BY BillingCurrency"
            ).fetchall()
        return dict(rows)

    def _reading(self, lines: range) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        stretch = {"first_row": str(lines.start), "end_row": str(lines.stop)}
        self._set_variables(cursor, self._variables | stretch)
        return cursor

    @staticmethod
    def _set_variables(connection: duckdb.DuckDBPyConnection, variables: dict[str, str]) -> None:
        for name, value in variables.items():
            connection.execute(f"SET VARIABLE {name} = {value}")

    def _counted(self, sql: str) -> str:
        return str(_number_in(self._connection.execute(sql)))


def _number_in(answered: duckdb.DuckDBPyConnection) -> int:
    row = answered.fetchone()
    if row is None:
        raise AssertionError("a count is one row")
    return int(row[0])
