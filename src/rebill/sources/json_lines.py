"""JSON Lines as the engine reads them: one object a line, every value as text, numbers with all their digits."""

from pathlib import Path
from typing import Final

import duckdb

from rebill.model.data_set import FileFault
from rebill.model.sql_text import sql_path, sql_text
from rebill.sources.conversion import ROW_NUMBER
from rebill.sources.cost_files import FileRefused

GREATEST_NAME_COUNT: Final = 2000
"""Objects that name more columns than this between them are no cost lines."""
_UNREADABLE_LINE: Final = "holds a line that is not UTF-8, or longer than two million bytes"
_NUL: Final = r"(^|[^\\])(\\\\)*\\u0000"
# A quote within a text follows a backslash, one that opens a text follows one of the other characters that are left out
# here: what remains closes a text, and with a colon behind it a name. So no text is ever taken for a number.
_NUMBER_OF_A_NAME: Final = r'([^\\:,\[{\s]"\s*:\s*)(-?[0-9][0-9.eE+-]*)'
_ENDS_LIKE_NO_NAME: Final = ("\\", ":", ",", "[", "{")


def names_in(connection: duckdb.DuckDBPyConnection, path: Path, is_odd: bool) -> list[str]:
    """Every name that an object of the file has, in the order of appearance.

    ``is_odd``: something is in it that the engine passes over (``cost_files.Oddities``).
    Raises ``FileRefused``, with the first line at fault, for a file that is not one JSON object a line.
    """
    try:
        _require_objects(connection, path)
        found = connection.execute(
            "SELECT name FROM (SELECT line_number, unnest(json_keys(line)) AS name, "
            f"generate_subscripts(json_keys(line), 1) AS place FROM {_lines(path)}) GROUP BY name "
            f"ORDER BY min((line_number, place)) LIMIT {GREATEST_NAME_COUNT + 1}"
        ).fetchall()
    except duckdb.InvalidInputException as error:
        raise _damaged(_UNREADABLE_LINE) from error
    if is_odd:
        raise _damaged(_UNREADABLE_LINE)
    if len(found) > GREATEST_NAME_COUNT:
        raise _damaged(f"names more than {GREATEST_NAME_COUNT} columns")
    names = [name for (name,) in found]
    unfit = next((name for name in names if name.endswith(_ENDS_LIKE_NO_NAME) or name != name.rstrip()), None)
    if unfit is not None:
        raise _damaged(f"names a column {unfit!r}, whose numbers cannot be told")
    return names


def json_relation(path: Path, names: list[str]) -> str:
    """SQL: the objects of a file that ``names_in`` has read, as columns ``c0``, ``c1`` … of text, and their line."""
    pointers = ", ".join(sql_text("/" + name.replace("~", "~0").replace("/", "~1")) for name in names)
    # The engine reads a number as a binary double even where text is asked for; in quotes it keeps every digit.
    exact = f"regexp_replace(line, {sql_text(_NUMBER_OF_A_NAME)}, '\\1\"\\2\"', 'g')"
    values = f"(SELECT line_number, json_extract_string({exact}, [{pointers}]) AS texts FROM {_lines(path)})"
    columns = ", ".join(f"nullif(nullif(texts[{place + 1}], ''), 'NULL') AS c{place}" for place in range(len(names)))
    return f"(SELECT {columns}, line_number AS {ROW_NUMBER} FROM {values})"


def _lines(path: Path) -> str:
    # A raw control character is not allowed in JSON, so this separator separates nothing.
    read = (
        f"read_csv({sql_path(path)}, auto_detect=false, header=false, delim='\x01', quote='', escape='', nullstr='', "
        "compression='none', columns={'line': 'VARCHAR'})"
    )
    return f"(SELECT * FROM (SELECT line, row_number() OVER () AS line_number FROM {read}) WHERE line IS NOT NULL)"


def _require_objects(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    keys = "json_keys(line)"
    sound = (
        f"CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' AND len({keys}) = len(list_distinct({keys})) "
        f"AND NOT regexp_matches(line, {sql_text(_NUL)}) ELSE false END"
    )
    answer = connection.execute(f"SELECT min(line_number) FROM {_lines(path)} WHERE NOT ({sound})").fetchone()
    if answer and answer[0] is not None:
        raise _damaged(f"is not one JSON object with distinct names a line, as line {answer[0]} shows")


def _damaged(sentence: str) -> FileRefused:
    return FileRefused(FileFault.DAMAGED_JSON, f"{sentence}; fetch it again")
