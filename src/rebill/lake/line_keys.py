"""What rating tells the lines of a data set apart by, once each, beside them: a run need not look for it."""

from pathlib import Path
from typing import Final

import duckdb

from rebill.lake.session import PARQUET
from rebill.model.cost_line import LINE_KEY, LINE_KEYS
from rebill.model.sql_text import sql_paths, sql_text

LINE_KEYS_FILE: Final = "line_keys.parquet"
"""Each combination of ``LINE_KEYS`` in the lines that are rated, with ``LINE_KEY``."""
KEYS_AT_ONCE: Final = 200_000
"""Two threads fill the engine's memory each for itself: at its default 240,000 combinations fit, 320,000 spilled."""
_KEY_BOUND: Final = 1 << 63


def write_line_keys(
    connection: duckdb.DuckDBPyConnection, lines: str, line_count: int, file: Path, keys_at_once: int = KEYS_AT_ONCE
) -> None:
    """Write the combinations of ``lines`` (SQL of a table, ``line_count`` rows) into ``file``, ordered by key.

    The engine takes many times as long for combinations that do not fit into its memory, and gives up where they are
    some times more. So there is a pass over the lines for each range of keys, of about ``keys_at_once`` combinations.
    """
    passes = _passes(connection, lines, line_count, keys_at_once)
    if passes == 1:
        _write_range(connection, lines, "true", file)
        return
    ranges = [file.with_name(f"{file.stem}-{number}.parquet") for number in range(passes)]
    for number, one in enumerate(ranges):
        first, beyond = (_KEY_BOUND * edge // passes for edge in (number, number + 1))
        _write_range(connection, lines, f"{LINE_KEY} BETWEEN {first} AND {beyond - 1}", one)
    together = f"SELECT * FROM read_parquet({sql_paths(ranges)})"
    connection.execute(f"COPY ({together}) TO {sql_text(str(file))} ({PARQUET})")
    for one in ranges:
        one.unlink()


def _passes(connection: duckdb.DuckDBPyConnection, lines: str, line_count: int, keys_at_once: int) -> int:
    if line_count <= keys_at_once:
        return 1
    row = connection.execute(f"SELECT approx_count_distinct({LINE_KEY}) FROM {lines}").fetchone()
    return -(-row[0] // keys_at_once) if row and row[0] else 1


def _write_range(connection: duckdb.DuckDBPyConnection, lines: str, condition: str, file: Path) -> None:
    columns = ", ".join((LINE_KEY, *LINE_KEYS))
    # The texts of every line are compared. A second hash of them would take half as long, but the engine's hashes have
    # no secret: who names a product of a marketplace could make both alike, and move a charge to another's statement.
    keys = f"SELECT DISTINCT {columns} FROM {lines} WHERE {condition} ORDER BY ALL"
    connection.execute(f"COPY ({keys}) TO {sql_text(str(file))} ({PARQUET})")
