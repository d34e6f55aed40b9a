"""Several statements to PostgreSQL by one message, answered by one.

For every message a thread waits, and is woken among those of the other calls: that costs more than a small statement
does itself. The driver's own pipeline sends each statement as it comes, and waits for each. Here all of them are laid
in one buffer (PostgreSQL's documentation: *Pipeline Mode* of libpq), sent at once, and waited for once.
"""

import hashlib
from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple

from psycopg import errors, generators, pq
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Connection

from rebill.store.prepared import KEPT, Command

BEGIN: Final = b"BEGIN"
COMMIT: Final = b"COMMIT"
_GREATEST_KEPT_COUNT: Final = 200
"""Statements that one connection keeps; each takes some tens of kilobytes of PostgreSQL's memory."""


class Told(NamedTuple):
    """What PostgreSQL answers to one statement: rows as the driver reads them, and the types of their columns."""

    rows: list[tuple[Any, ...]]
    types: list[int]


class _Kept:
    """What one connection has prepared, by text and types of the values, and how values are read and written."""

    def __init__(self, driver: Any) -> None:
        self.names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self.transformer: Any = Transformer(driver)


def send_together(connection: Connection, commands: Sequence[Command]) -> list[Told]:
    """What PostgreSQL answers to each of ``commands``, which it carries out in turn: none after the first that fails.

    A transaction is begun first where the connection is to be in one and is not. Raises what the driver raises.
    """
    driver: Any = connection.connection.driver_connection
    kept: _Kept | None = connection.info.get(KEPT)
    if kept is None or len(kept.names) > _GREATEST_KEPT_COUNT:
        kept = connection.info[KEPT] = _Kept(driver)
    begins = not driver.autocommit and driver.pgconn.transaction_status == pq.TransactionStatus.IDLE
    together = [_beginning(driver), *commands] if begins else commands
    try:
        results = _results(driver, kept, together)
    except BaseException:
        connection.info.pop(KEPT, None)
        raise
    return [_told(kept.transformer, result) for result in (results[1:] if begins else results)]


def _beginning(driver: Any) -> Command:
    level = driver.isolation_level
    words = [BEGIN, *([] if level is None else [b"ISOLATION LEVEL", level.name.replace("_", " ").encode()])]
    return Command(b" ".join([*words, *([b"READ ONLY"] if driver.read_only else [])]))


def _results(driver: Any, kept: _Kept, commands: Sequence[Command]) -> list[Any]:
    """The result of each command; those of preparing are left out."""
    pgconn = driver.pgconn
    pgconn.enter_pipeline_mode()
    try:
        wanted = []
        count = 0
        for command in commands:
            count += _lay(pgconn, kept, command)
            wanted.append(count - 1)
        pgconn.pipeline_sync()
        found = driver.wait(_fetched(pgconn, count))
    except BaseException:
        # What was sent is not all answered: nobody can use this connection again.
        driver.close()
        raise
    pgconn.exit_pipeline_mode()
    for result in found:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result, encoding=driver.info.encoding)
    return [found[place] for place in wanted]


def _lay(pgconn: Any, kept: _Kept, command: Command) -> int:
    """Lay a command into the buffer to be sent; how many results it will have, its own is the last."""
    text, values = command
    if values is None:
        pgconn.send_query_params(text, None)
        return 1
    transformer = kept.transformer
    dumped = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    types = transformer.types or ()
    name = kept.names.get((text, types))
    count = 1
    if name is None:
        name = kept.names[text, types] = _name(text, types)
        # To close what is not there is no fault, to prepare what is there is one. (Needs libpq 17: psycopg 3.2.3.)
        pgconn.send_close_prepared(name)
        pgconn.send_prepare(name, text, param_types=types)
        count = 3
    pgconn.send_query_prepared(name, dumped, param_formats=transformer.formats)
    return count


def _name(text: bytes, types: Sequence[int]) -> bytes:
    """What one statement is called, and no other: behind a pooler another's sessions may be this one's next.

    Where one has not prepared it, PostgreSQL says so; called by its number, another's statement would have run instead.
    """
    return b"rebill_" + hashlib.sha256(b"%s %r" % (text, types)).hexdigest()[:32].encode()


def _fetched(pgconn: Any, count: int) -> Generator[Any, Any, list[Any]]:
    """The results of ``count`` commands, and behind them that of the end of the message."""
    yield from generators.send(pgconn)
    found = []
    for _ in range(count):
        found += yield from generators.fetch_many(pgconn)
    yield from generators.fetch_many(pgconn)
    return found


def _told(transformer: Any, result: Any) -> Told:
    if result.status != pq.ExecStatus.TUPLES_OK:
        return Told([], [])
    transformer.set_pgresult(result)
    rows = transformer.load_rows(0, result.ntuples, tuple)
    return Told(rows, [result.ftype(place) for place in range(result.nfields)])
