"""The embedded engine as the lake uses it: bounded memory, exact time zone, nothing fetched from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

THREADS = 2
PARQUET: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 122880"
"""How the files of a data set are written."""


@contextmanager
def engine_session(memory_limit: str, spill_folder: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private engine in memory. ``memory_limit`` in DuckDB's notation; what does not fit goes to ``spill_folder``."""
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": THREADS,
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": True,
    }
    if spill_folder is not None:
        options["temp_directory"] = str(spill_folder)
    connection = duckdb.connect(":memory:", config=options)
    try:
        # Texts with an offset are cast by way of the session's zone; days are UTC days.
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()
