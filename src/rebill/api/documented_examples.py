"""Examples of calls, as a running server answered them: data files beside this one, a file for each resource.

They are recorded by ``tests/api/documented``, which also tests that they are still answered so.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

FOLDER = "examples"
OF_ANY_CALL = ("*", "*")
"""Stands for method and path of what every call is answered alike."""


@dataclass(frozen=True)
class Example:
    """A call that was made, and its answer. ``answer``: plain data, text of another media type, ``None``: no body."""

    title: str
    method: str
    path: str
    status: int
    answer: Any = None
    ids: Mapping[str, int] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@cache
def documented_examples() -> Mapping[tuple[str, str], Sequence[Example]]:
    """The examples by method and path."""
    found: dict[tuple[str, str], list[Example]] = {}
    folder = files("rebill.api") / FOLDER
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        for kept in json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal):
            example = Example(**kept)
            found.setdefault((example.method, example.path), []).append(example)
    return found
