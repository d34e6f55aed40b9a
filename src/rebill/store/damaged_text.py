"""Text that somebody damaged in the database, read beside what is sound."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection


@contextmanager
def reading_any_text(connection: Connection) -> Iterator[None]:
    """Within the block, text of SQLite that is not UTF-8 comes as the bytes that it is.

    SQLite keeps such text if it is told to; its driver would end the whole query. PostgreSQL does not take it.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    former, driver.text_factory = driver.text_factory, _text_or_bytes
    try:
        yield
    finally:
        driver.text_factory = former


def _text_or_bytes(stored: bytes) -> str | bytes:
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored
