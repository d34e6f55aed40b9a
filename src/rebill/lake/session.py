"""The embedded engine as the lake uses it: bounded memory, exact time zone, nothing fetched from outside."""

import atexit
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from rebill.model.sql_text import sql_text

THREADS = 2
PARQUET: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 122880"
"""How the files of a data set are written."""
_TWO_WRITE_FROM_BYTES: Final = 1_300_000_000
"""With so much memory two threads share the writing of cost lines; with 1.25 GB the second never came to write any."""
_GREATEST_IDLE: Final = 2


@dataclass(frozen=True)
class _Engine:
    """An engine that one session after another has for itself."""

    memory_limit: str
    connection: duckdb.DuckDBPyConnection


# Starting an engine takes 15 ms of a processor, longer than most of what a page or a small run asks of one.
_idle: list[_Engine] = []


@contextmanager
def engine_session(memory_limit: str, spill_folder: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private engine in memory. ``memory_limit`` in DuckDB's notation; what does not fit goes to ``spill_folder``."""
    engine = _lent(memory_limit)
    try:
        with closing(engine.connection.cursor()) as connection:
            # What a session makes lies in a catalogue of its own, and goes with it.
            connection.execute("ATTACH ':memory:' AS session; USE session")
            if spill_folder is not None:
                connection.execute(f"SET temp_directory = {sql_text(str(spill_folder))}")
            _set_time_zone(connection)
            yield connection
        engine.connection.execute("DETACH session")
    except BaseException:
        # What failed may have left anything behind.
        engine.connection.close()
        raise
    _given_back(engine)


@contextmanager
def writing_lines(connection: duckdb.DuckDBPyConnection, of_text: bool = False) -> Iterator[None]:
    """While cost lines are copied into Parquet: with one thread, where memory is too small for two to write.

    Each thread that writes gathers whole groups of rows. In the default memory of 600 MB there is no room for two, so
    that one does all the work, and the engine besides gives memory back and asks for it anew, page by page: together it
    takes a sixth more processor time, and not less time by the clock. Where lines are made ``of_text``, two threads
    share the reading of it, which takes longer than the writing, in whatever memory.
    """
    found = connection.execute("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchone()
    if of_text or found is None or found[0] >= _TWO_WRITE_FROM_BYTES:
        yield
        return
    connection.execute("SET threads = 1")
    # No "finally": an engine that failed is not lent again.
    yield
    connection.execute(f"SET threads = {THREADS}")


def _given_back(engine: _Engine) -> None:
    """Keep the engine for the next session, unless it has spilled: it would hold its files, and spill there again."""
    try:
        engine.connection.execute("RESET temp_directory")
    except duckdb.NotImplementedException:
        engine.connection.close()
        return
    if len(_idle) < _GREATEST_IDLE:
        _idle.append(engine)
    else:
        engine.connection.close()


def _lent(memory_limit: str) -> _Engine:
    """An idle engine of this bound, which nobody else gets meanwhile, or a new one."""
    try:
        engine = _idle.pop()
    except IndexError:
        return _Engine(memory_limit, _started(memory_limit))
    if engine.memory_limit == memory_limit:
        return engine
    engine.connection.close()
    return _Engine(memory_limit, _started(memory_limit))


def _started(memory_limit: str) -> duckdb.DuckDBPyConnection:
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": THREADS,
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": True,
    }
    connection = duckdb.connect(":memory:", config=options)
    _set_time_zone(connection)
    return connection


def _set_time_zone(connection: duckdb.DuckDBPyConnection) -> None:
    """Texts with an offset are cast by way of the session's zone; days are UTC days."""
    connection.execute("SET TimeZone = 'UTC'")


def _end_idle() -> None:
    """End the engines that nobody has: their threads would neither survive a fork nor let a process end well."""
    while _idle:
        _idle.pop().connection.close()


atexit.register(_end_idle)
os.register_at_fork(before=_end_idle)
