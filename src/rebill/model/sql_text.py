"""Values written into SQL text, where an engine takes no parameter for them."""

from collections.abc import Iterable
from typing import Protocol

_PATTERN_CHARACTERS = "*?["


class FilePath(Protocol):
    """Where a file lies; ``pathlib.Path`` is one. This room knows paths as text only."""

    def __fspath__(self) -> str: ...


def sql_text(text: str) -> str:
    """``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def sql_path(path: FilePath) -> str:
    """``path`` as an SQL string that the engine reads as that one file, not as a pattern of names."""
    characters = (f"[{character}]" if character in _PATTERN_CHARACTERS else character for character in str(path))
    return sql_text("".join(characters))


def sql_paths(paths: Iterable[FilePath]) -> str:
    """Several files as an SQL list."""
    return f"[{', '.join(map(sql_path, paths))}]"
