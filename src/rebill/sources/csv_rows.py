"""A CSV file as the engine reads it; and the exact, slower way through one in which some rows are broken.

The engine reads sound files whole. Where it finds a broken row it cannot say which data row that
is, so the file is taken apart here, and the rows that hold together are handed on with their numbers.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rebill.model.data_set import RejectCode
from rebill.model.sql_text import sql_path

GREATEST_ROW_CHARACTERS: Final = 2_000_000
"""As the engine's own limit, so that both ways refuse the same rows."""


@dataclass(frozen=True)
class CsvRow:
    """A data row: its number from 1, its text as it stands, and its fields; or why it has none."""

    number: int
    raw_text: str
    fields: list[str]
    code: RejectCode | None = None


class _TooLong(Exception):
    pass


class _Lines:
    """Physical lines of a text, one at a time, which can be put back."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._returned: deque[str] = deque()

    def take(self) -> str:
        """The next line with its ending, ``""`` at the end; a longer one than allowed comes in pieces."""
        return self._returned.popleft() if self._returned else self._stream.readline(GREATEST_ROW_CHARACTERS + 1)

    def put_back(self, lines: list[str]) -> None:
        self._returned.extendleft(reversed(lines))

    def skip_line(self, start: str) -> None:
        """Pass over the rest of the line that ``start`` begins."""
        while start and not start.endswith(("\n", "\r")):
            start = self.take()


def csv_rows(path: Path, column_count: int) -> Iterator[CsvRow]:
    """Every data row of a CSV file (comma, double quotes), sound or not; blank lines are none.

    After a broken row reading goes on with the next line, so that one fault costs one row.
    """
    csv.field_size_limit(2 * GREATEST_ROW_CHARACTERS)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        lines = _Lines(stream)
        number = -1
        while (row := _next_row(lines)) is not None:
            raw_text, fields, code = row
            number += 1
            if number > 0:
                code = code or _fault(raw_text, fields, column_count)
                yield CsvRow(number, raw_text.rstrip("\r\n"), fields, code)


def _next_row(lines: _Lines) -> tuple[str, list[str], RejectCode | None] | None:
    first = lines.take()
    while first and not first.strip("\r\n"):
        first = lines.take()
    if not first:
        return None
    if len(first) > GREATEST_ROW_CHARACTERS:
        lines.skip_line(first)
        return first, [], RejectCode.ROW_TOO_LONG
    taken = [first]
    try:
        fields = next(csv.reader(_following(lines, taken), strict=True))
    except (csv.Error, _TooLong, StopIteration):
        at_end = not taken[-1]
        lines.put_back([line for line in taken[1:] if line])
        unclosed = at_end or len(taken) > 1
        return first, [], RejectCode.UNCLOSED_QUOTE if unclosed else RejectCode.BROKEN_QUOTE
    return "".join(taken), fields, None


def _following(lines: _Lines, taken: list[str]) -> Iterator[str]:
    yield taken[0]
    length = len(taken[0])
    while True:
        line = lines.take()
        taken.append(line)
        length += len(line)
        if length > GREATEST_ROW_CHARACTERS:
            raise _TooLong
        if not line:
            return
        yield line


def _fault(raw_text: str, fields: list[str], column_count: int) -> RejectCode | None:
    if not raw_text.isascii() and any(0xDC80 <= ord(character) <= 0xDCFF for character in raw_text):
        return RejectCode.NOT_UTF8
    if "\0" in raw_text:
        return RejectCode.NUL_CHARACTER
    if len(fields) < column_count:
        return RejectCode.TOO_FEW_COLUMNS
    # The engine lets commas at the end of a row pass, so this way does too.
    if any(fields[column_count:]):
        return RejectCode.TOO_MANY_COLUMNS
    return None


def csv_relation(path: Path, names: list[str]) -> str:
    """SQL: a CSV file with a header as columns ``names`` of text."""
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"read_csv({sql_path(path)}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', "
        f"nullstr=['', 'NULL'], compression='none', columns={{{columns}}})"
    )
