"""Combinations of what lines are told apart by are found within the engine's memory, however many there are."""

from pathlib import Path

import duckdb
import pytest

from rebill.lake.line_keys import write_line_keys
from rebill.lake.session import engine_session
from rebill.model.cost_line import LINE_KEY, LINE_KEYS
from rebill.model.sql_text import sql_path

COMBINATIONS, LINES = 60_000, 240_000
MEMORY = "60MB"
_VARIED = ("SubAccountId", "SkuMeter")


def _lines(connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """Each combination four times, far apart; the texts as long as real ones."""
    columns = ", ".join(
        f"repeat('{name} ', 3) || i % {COMBINATIONS} AS {name}" if name in _VARIED else f"'{name}' AS {name}"
        for name in LINE_KEYS
    )
    hashed = f"SELECT *, CAST(hash({', '.join(LINE_KEYS)}) >> 1 AS BIGINT) AS {LINE_KEY}"
    lines = folder / "lines.parquet"
    connection.execute(
        f"COPY ({hashed} FROM (SELECT {columns} FROM range({LINES}) AS r(i))) TO '{lines}' (FORMAT parquet)"
    )
    return f"read_parquet({sql_path(lines)})"


@pytest.mark.parametrize("keys_at_once", [1_000, 7_000, LINES])
def test_every_combination_stands_once_in_the_order_of_keys(tmp_path: Path, keys_at_once: int) -> None:
    with engine_session("600MB", tmp_path / "spill") as connection:
        lines = _lines(connection, tmp_path)
        write_line_keys(connection, lines, LINES, tmp_path / "keys.parquet", keys_at_once)
        found = connection.execute(f"SELECT * FROM {sql_path(tmp_path / 'keys.parquet')}").fetchall()
        columns = ", ".join((LINE_KEY, *LINE_KEYS))
        assert found == connection.execute(f"SELECT DISTINCT {columns} FROM {lines} ORDER BY ALL").fetchall()
    assert len(found) == COMBINATIONS
    assert sorted(path.name for path in tmp_path.glob("*.parquet")) == ["keys.parquet", "lines.parquet"]


def test_combinations_that_have_a_key_alike_by_chance_each_stand(tmp_path: Path) -> None:
    texts = ", ".join(f"'{name}' AS {name}" for name in LINE_KEYS if name != "SkuMeter")
    rows = "(VALUES (7, 'first'), (7, 'second'), (7, NULL), (7, 'first'), (8, 'first'))"
    lines = f"(SELECT {LINE_KEY}, SkuMeter, {texts} FROM {rows} AS r({LINE_KEY}, SkuMeter))"
    with engine_session("600MB") as connection:
        write_line_keys(connection, lines, 5, tmp_path / "keys.parquet")
        kept = f"SELECT {LINE_KEY}, SkuMeter FROM {sql_path(tmp_path / 'keys.parquet')}"
        found = connection.execute(kept).fetchall()
    assert sorted(found, key=str) == [(7, "first"), (7, "second"), (7, None), (8, "first")]


def test_more_combinations_than_the_memory_holds_are_found_range_by_range(tmp_path: Path) -> None:
    with engine_session("600MB") as connection:
        lines = _lines(connection, tmp_path)
    with engine_session(MEMORY, tmp_path / "spill") as connection:
        with pytest.raises(duckdb.OutOfMemoryException):
            write_line_keys(connection, lines, LINES, tmp_path / "keys.parquet", keys_at_once=LINES)
        write_line_keys(connection, lines, LINES, tmp_path / "keys.parquet", keys_at_once=2_000)
        count = connection.execute(f"SELECT count(*) FROM {sql_path(tmp_path / 'keys.parquet')}").fetchone()
    assert count == (COMBINATIONS,)
