"""The engine for months that outgrow a machine: Spark, on a cluster or in a Spark of this machine's own."""

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import duckdb

from rebill.engines.engine import ABSENT_COLUMNS, BEYOND_RANGE, COST_LINE_COLUMNS
from rebill.engines.spark_session import spark_session
from rebill.engines.table_files import files_of, write_in_order
from rebill.model.cost_line import COLUMNS, LINE_KEY, ROLE, ColumnType
from rebill.model.errors import ProgramError
from rebill.model.sql_text import sql_paths

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

_SQL_TYPES: Final = {ColumnType.TEXT: "STRING", ColumnType.INSTANT: "TIMESTAMP_NTZ"}
_COLUMNS: Final = [f"`{column.name}` {_SQL_TYPES.get(column.type, column.type)}" for column in COLUMNS]
_SCHEMA: Final = ", ".join((*_COLUMNS, f"`{LINE_KEY}` BIGINT"))
_ROUNDED_PRODUCT: Final = """
CREATE TEMPORARY FUNCTION rounded_product(amount DECIMAL(28,12), factor DECIMAL(9,6)) RETURNS DECIMAL(28,12)
RETURN CAST(round(amount * factor, 12) AS DECIMAL(28,12))"""
_NUMBERS: Final = count(1)
_OUT_OF_RANGE: Final = re.compile("NUMERIC_VALUE_OUT_OF_RANGE|ARITHMETIC_OVERFLOW|CANNOT_CHANGE_DECIMAL_PRECISION")


class SparkEngine:
    """One run's engine: a session of this process's Spark, with tables of its own.

    ``scratch_folder`` and all files lie where every machine of the cluster finds them under the same path.
    """

    name = "spark"

    def __init__(self, scratch_folder: Path, master: str) -> None:
        self._session = spark_session(master)
        self._scratch = scratch_folder
        self._schemas: dict[Path, StructType] = {}
        self._group = f"rebill-{next(_NUMBERS)}"
        self._interrupted = threading.Event()
        self.version = self._session.version
        self._sql(_ROUNDED_PRODUCT)

    def beside(self) -> Self:
        """Itself: a session serves several threads."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        if isinstance(error, (PySparkException, Py4JError)) and _OUT_OF_RANGE.search(str(error)):
            raise ProgramError("engine_failed", BEYOND_RANGE + str(error).splitlines()[0]) from error
        if isinstance(error, (PySparkException, Py4JError)):
            raise ProgramError(
                "engine_failed",
                f"Spark could not compute this and nothing was stored: {str(error).splitlines()[0]}. Look at Spark's "
                "own log, at the memory and the disks of its machines, then try again.",
            ) from error

    def interrupt(self) -> None:
        """End what it computes at this moment, from another thread; it fails there as ``engine_failed``."""
        self._interrupted.set()
        self._session.sparkContext.cancelJobGroup(self._group)

    def read_cost_lines(self, parts: Sequence[Path], line_keys: Sequence[Path] = ()) -> None:
        """Make ``cost_lines`` the lines of these Parquet files that are rated, as ``Engine`` says."""
        self.view_parts("lake_lines_of_run", parts)
        columns = ", ".join(("part", "part_row", *COST_LINE_COLUMNS, *ABSENT_COLUMNS))
        self._view("cost_lines", self._sql(f"SELECT {columns} FROM lake_lines_of_run WHERE {ROLE} IS NULL"))
        self._view("line_keys", self._read(line_keys) if line_keys else self._sql("SELECT * FROM cost_lines"))

    def view_parts(self, name: str, parts: Sequence[Path]) -> None:
        """Make all columns of cost lines in these files a table, as ``Engine`` says."""
        # A file is known by the address that Spark gives it.
        address = self._jvm.org.apache.hadoop.fs.Path
        rows = [(address(_address(path)).toUri().toString(), str(part)) for part, path in enumerate(parts)]
        self.create_table(f"{name}_parts", (("file_path", "STRING"), ("part", "INTEGER")), rows)
        self._view(f"{name}_rows", self._read(parts).selectExpr("*", "_metadata.file_path", "_metadata.row_index"))
        self._view(
            name,
            self._sql(
                f"SELECT /*+ BROADCAST(p) */ p.part, r.row_index AS part_row, r.* EXCEPT (file_path, row_index) "
                f"FROM {name}_rows AS r JOIN {name}_parts AS p ON p.file_path = r.file_path"
            ),
        )

    def greatest_number(self, parts: Sequence[Path], columns: Sequence[str]) -> Decimal | None:
        """Not told: Spark reads no statistics of decimals without the lines."""
        return None

    def create_table(self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str | None]]) -> None:
        """Create a small table from rows of text, as ``Engine`` says."""
        # By way of a file: Spark then knows how small it is, and gives it whole to every machine.
        file = self._scratch / f"{self._group}-{name}.json"
        names = [column for column, _ in columns]
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        texts = self._reader.schema(", ".join(f"`{column}` STRING" for column in names)).json([_address(file)])
        self._view(name, texts.selectExpr(*(f"CAST(`{column}` AS {kind}) AS `{column}`" for column, kind in columns)))

    def create_table_as(self, name: str, sql: str) -> None:
        """Keep the rows of ``sql`` as table ``name``."""
        # As files too: what is made from it next then does not begin with how it was made.
        folder = self._folder_of(name)
        self._write(self._sql(sql), folder)
        self.view_parquet(name, folder)

    def create_sums(self, name: str, sums: Callable[[str], str], rows: str, keys: tuple[str, str]) -> None:
        """Keep the sums of a table ``rows`` as table ``name``; Spark finds the parts of it that fit by itself."""
        self.create_table_as(name, sums("TRUE"))

    def _folder_of(self, name: str) -> Path:
        return self._scratch / f"{self._group}-{name}.parquet"

    def write_table(self, name: str, file: Path) -> None:
        """Write the rows of a table, ordered by all its columns, to one file."""
        folder = self._folder_of(name)
        if not folder.exists():
            self._write(self._session.table(name), folder)
        with duckdb.connect() as connection:
            write_in_order(connection, f"read_parquet({sql_paths(files_of(folder))})", file)

    def write_lines(self, sql: str, file: Path, narrowed: Mapping[str, str]) -> None:
        """Write rows as many as a month has lines into the folder ``file``, as ``Engine`` says."""
        frame = self._sql(sql)
        kept = {name: f"CAST({name} AS {kind}) AS {name}" for name, kind in narrowed.items()}
        self._write(frame.selectExpr(*(kept.get(name, name) for name in frame.columns)), file)

    def _write(self, frame: "DataFrame", folder: Path) -> None:
        frame.write.mode("error").option("compression", "snappy").parquet(_address(folder))
        for beside in [found for found in folder.iterdir() if found.suffix != ".parquet"]:
            beside.unlink()
        for number, written in enumerate(sorted(folder.iterdir())):
            written.rename(folder / f"part-{number:05d}.parquet")
        self._schemas[folder] = frame.schema

    def view_parquet(self, name: str, file: Path, absent: Mapping[str, str] | None = None) -> None:
        """Make the rows of a Parquet file, or of a folder of them, a table of the plan, as ``Engine`` says."""
        frame = self._read(files_of(file), self._schemas.get(file))
        added = (f"{value} AS {column}" for column, value in (absent or {}).items() if column not in frame.columns)
        self._view(name, frame.selectExpr("*", *added))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of ``sql``; decimals come as ``Decimal``."""
        return [tuple(row) for row in self._sql(sql).collect()]

    @property
    def _jvm(self) -> Any:
        return self._session.sparkContext._jvm

    @property
    def _reader(self) -> Any:
        # A path is the name of one file, not a pattern, and says nothing of the lines.
        return self._session.read.option("__globPaths__", "false").option("recursiveFileLookup", "true")

    def _read(self, files: Sequence[Path], schema: "StructType | str | None" = _SCHEMA) -> "DataFrame":
        reader = self._reader if schema is None else self._reader.schema(schema)
        found: DataFrame = reader.parquet(*map(_address, files))
        return found

    def _view(self, name: str, frame: "DataFrame") -> None:
        frame.createOrReplaceTempView(name)

    def _sql(self, sql: str) -> "DataFrame":
        if self._interrupted.is_set():
            raise ProgramError("engine_failed", "What was computed on Spark was interrupted, and nothing was stored.")
        # The group is the thread's own, and an engine has several.
        self._session.sparkContext.setJobGroup(self._group, "rebill", interruptOnCancel=True)
        return self._session.sql(sql)


def _address(path: Path) -> str:
    return f"file:{path}"
