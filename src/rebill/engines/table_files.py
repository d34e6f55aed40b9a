"""Tables as files, alike whatever engine computed them."""

from pathlib import Path
from typing import Final

import duckdb

from rebill.model.sql_text import sql_text

ROW_GROUP: Final = "ROW_GROUP_SIZE 122880"


def files_of(table: Path) -> list[Path]:
    """The files of a table: one, or those of the folder of that name, in order."""
    return sorted(table.iterdir()) if table.is_dir() else [table]


def write_in_order(connection: duckdb.DuckDBPyConnection, rows: str, file: Path) -> None:
    """Write ``rows`` (a table, or a function that is one) ordered by all columns: equal tables leave equal rows."""
    write_small(connection, f"SELECT * FROM {rows} ORDER BY ALL NULLS LAST", file)


def write_small(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> None:
    """Write the rows of ``sql``, in their order, packed well: they are far fewer than a month has lines."""
    packing = f"COMPRESSION zstd, COMPRESSION_LEVEL 1, {ROW_GROUP}"
    connection.execute(f"COPY ({sql}) TO {sql_text(str(file))} (FORMAT parquet, {packing})")
