"""What the sentences of the product name: commands of the command line."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import typer

import rebill
from rebill.cli.application import application

_SOURCES: Final = Path(rebill.__file__).parent
_FACES: Final = ("api", "cli", "console")
"""They say themselves what they mean; every other room is heard through one of them."""


@cache
def all_commands() -> list[str]:
    """Every command by its full name, longest first: ``bill run`` before ``bill``."""
    return sorted(filter(None, _commands(typer.main.get_command(application))), key=len, reverse=True)


def commands_named_in(text: str) -> set[str]:
    """The commands that ``text`` names."""
    return set(re.findall(rf"\brebill ({'|'.join(all_commands())})\b", text))


def commands_in_sentences() -> set[str]:
    """Every command that a text of the rooms behind the faces names."""
    files = [file for file in _SOURCES.rglob("*.py") if file.relative_to(_SOURCES).parts[0] not in _FACES]
    return commands_named_in("\n".join(text for file in files for text in _texts(file)))


def _commands(command: Any, name: str = "") -> Iterator[str]:
    yield name
    for part, one in getattr(command, "commands", {}).items():
        yield from _commands(one, f"{name} {part}".strip())


def _texts(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "1" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
