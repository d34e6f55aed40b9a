"""The embedded engine: DuckDB, in this process, within a memory bound."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb

from rebill.engines.engine import ABSENT_COLUMNS, BEYOND_RANGE, COST_LINE_COLUMNS
from rebill.engines.rounded_product import MACROS
from rebill.engines.table_files import ROW_GROUP, files_of, write_in_order, write_small
from rebill.model.cost_line import LINE_KEY, ROLE
from rebill.model.errors import ProgramError
from rebill.model.sql_text import sql_path, sql_paths, sql_text

SUMS_AT_ONCE: Final = 450_000
"""So many sums of a month take half of the default memory. More would spill, and take three times as long."""


class DuckDBEngine:
    """One run's engine (``engine.Engine``): the database lives in memory and spills into ``scratch_folder``.

    Overflow of a decimal is an error in DuckDB, never a wrap or a NULL.
    """

    name = "duckdb"
    version = duckdb.__version__

    def __init__(self, scratch_folder: Path, memory_limit: str, sums_at_once: int = SUMS_AT_ONCE) -> None:
        self._sums_at_once = sums_at_once
        self._connection = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                "temp_directory": str(scratch_folder),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            }
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            self._connection.execute(macro)

    def beside(self) -> "DuckDBEngine":
        """The same tables for another thread, while this one goes on. It ends with this engine."""
        other = copy(self)
        other._connection = self._connection.cursor()
        other._connection.execute("SET TimeZone = 'UTC'")
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        if isinstance(error, (duckdb.ConversionException, duckdb.OutOfRangeException)):
            raise ProgramError("engine_failed", BEYOND_RANGE + str(error).splitlines()[0]) from error
        if isinstance(error, duckdb.Error):
            raise ProgramError(
                "engine_failed",
                f"The engine could not compute this and nothing was stored: {str(error).splitlines()[0]}. Look at the "
                "free disk space and at REBILL_ENGINE_MEMORY_LIMIT, then try again.",
            ) from error

    def interrupt(self) -> None:
        """End what the engine computes at this moment, from another thread; it fails there as ``engine_failed``."""
        with suppress(duckdb.ConnectionException):  # It is closed: there is nothing to end.
            self._connection.interrupt()

    def read_cost_lines(self, parts: Sequence[Path], line_keys: Sequence[Path] = ()) -> None:
        """Make ``cost_lines`` the lines of these Parquet files that are rated; ``part`` counts them from 0.

        ``line_keys`` becomes what these files hold of the combinations of ``model.cost_line.LINE_KEYS``; without any,
        the lines themselves.
        """
        lines = f"read_parquet({sql_paths(parts)}, union_by_name = true)"
        found = self._columns_of(lines)
        asked = [name if name in found else f"CAST(NULL AS {kind}) AS {name}" for name, kind in ABSENT_COLUMNS.items()]
        self._connection.execute(
            f"CREATE VIEW cost_lines AS SELECT CAST(file_index AS INTEGER) AS part, file_row_number AS part_row, "
            f"{', '.join((*COST_LINE_COLUMNS, *asked))} FROM {lines}{f' WHERE {ROLE} IS NULL' if ROLE in found else ''}"
        )

        keys = f"read_parquet({sql_paths(line_keys)}, union_by_name = true)" if line_keys else "cost_lines"
        absent = "" if LINE_KEY in self._columns_of(keys) else f", CAST(NULL AS BIGINT) AS {LINE_KEY}"
        self._connection.execute(f"CREATE VIEW line_keys AS SELECT *{absent} FROM {keys}")

    def _columns_of(self, rows: str) -> set[str]:
        return {name for name, *_ in self.rows(f"DESCRIBE SELECT * FROM {rows}")}

    def greatest_number(self, parts: Sequence[Path], columns: Sequence[str]) -> Decimal | None:
        """The greatest of the decimals in these columns, without its sign; ``None`` where the files do not tell.

        Read from the statistics that every Parquet file of the lake has, not from its lines.
        """
        names = ", ".join(map(sql_text, columns))
        row = self._connection.execute(
            "SELECT max(greatest(abs(CAST(stats_min_value AS DECIMAL(38,12))), "
            "abs(CAST(stats_max_value AS DECIMAL(38,12))))), "
            "coalesce(bool_and(stats_max_value IS NOT NULL OR stats_null_count = num_values), FALSE) "
            f"FROM parquet_metadata({sql_paths(parts)}) WHERE path_in_schema IN ({names})"
        ).fetchone()
        greatest, is_told = row or (None, False)
        return (greatest or Decimal(0)) if is_told else None

    def create_table(self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str | None]]) -> None:
        """Create a small table from rows of text; ``columns`` are (name, SQL type)."""
        fields = ", ".join(
            f"CAST(unnest(CAST(${index} AS VARCHAR[])) AS {kind}) AS {column}"
            for index, (column, kind) in enumerate(columns, 1)
        )
        cells = [dict(zip(columns, row, strict=True)) for row in rows]
        values = [[row[column] for row in cells] for column in columns]
        self._connection.execute(f"CREATE TABLE {name} AS SELECT {fields}", values)

    def create_table_as(self, name: str, sql: str) -> None:
        """Keep the rows of ``sql`` as table ``name``."""
        self._connection.execute(f"CREATE TABLE {name} AS {sql}")

    def create_sums(self, name: str, sums: Callable[[str], str], rows: str, keys: tuple[str, str]) -> None:
        """Keep the sums of a table ``rows`` as table ``name``, as many sums at once as the memory holds."""
        first, _ = keys
        passes = self._passes(rows, keys)
        self.create_table_as(name, sums(f"{first} % {passes} = 0"))
        for number in range(1, passes):
            self._connection.execute(f"INSERT INTO {name} {sums(f'{first} % {passes} = {number}')}")

    def _passes(self, rows: str, keys: tuple[str, str]) -> int:
        ((count,),) = self.rows(f"SELECT approx_count_distinct(({', '.join(keys)})) FROM {rows}")
        return max(1, -(-int(count) // self._sums_at_once))

    def write_table(self, name: str, file: Path) -> None:
        """Write the rows of a table, ordered by all its columns, to ``file``."""
        write_in_order(self._connection, name, file)

    def write_parquet(self, sql: str, file: Path) -> None:
        """Write the rows of ``sql`` to ``file``, in their order."""
        write_small(self._connection, sql, file)

    def write_csv(self, sql: str, file: Path) -> None:
        """Write the rows of ``sql`` to ``file`` as CSV (RFC 4180), the names of the columns first."""
        self._connection.execute(f"COPY ({sql}) TO {sql_text(str(file))} (FORMAT csv, HEADER, DELIMITER ',')")

    def sum_of_file(self, file: Path, column: str, is_parquet: bool) -> Decimal:
        """The exact sum of a column of amounts in a file that was written here; 0 of no row."""
        rows = (
            f"read_parquet({sql_path(file)})"
            if is_parquet
            else f"read_csv({sql_path(file)}, header = true, all_varchar = true, parallel = false)"
        )
        query = f"SELECT coalesce(sum(CAST({column} AS DECIMAL(28,12))), 0) FROM {rows}"
        return Decimal(self.rows(query)[0][0])

    def write_lines(self, sql: str, file: Path, narrowed: Mapping[str, str]) -> None:
        """Write rows as many as a month has lines, quickly; ``narrowed``: the types that columns are kept as.

        A value that its type cannot hold is an error.
        """
        if narrowed:
            kept = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in narrowed.items())
            sql = f"SELECT * REPLACE ({kept}) FROM ({sql})"
        # Amounts seldom repeat: to look for a dictionary of them takes longer than all else. Differences of
        # neighbours (version 2) are nearly as small, and quick.
        self._connection.execute(
            f"COPY ({sql}) TO {sql_text(str(file))} "
            f"(FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1, {ROW_GROUP})"
        )

    def view_parquet(self, name: str, file: Path, absent: Mapping[str, str] | None = None) -> None:
        """Make the rows of a Parquet file, or of a folder of them, a table of the plan.

        ``absent``: values of columns that it may lack.
        """
        rows = f"read_parquet({sql_paths(files_of(file))})"
        found = self._columns_of(rows) if absent else set[str]()
        added = "".join(f", {value} AS {column}" for column, value in (absent or {}).items() if column not in found)
        self._connection.execute(f"CREATE VIEW {name} AS SELECT *{added} FROM {rows}")

    def view_parts(self, name: str, parts: Sequence[Path]) -> None:
        """Make all columns of these Parquet files a table; ``part`` counts them from 0, ``part_row`` their rows."""
        self._connection.execute(
            f"CREATE VIEW {name} AS SELECT CAST(file_index AS INTEGER) AS part, file_row_number AS part_row, * "
            f"FROM read_parquet({sql_paths(parts)}, union_by_name = true)"
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of ``sql``; decimals come as ``Decimal``."""
        return self._connection.execute(sql).fetchall()
