"""Cells of wide tables bear the names of their columns: on a telephone each row is a card, with or without scripts.

Templates write every table in one way, and escape every value: so that what looks like a tag in a page is one.
"""

import re
from functools import partial
from html import unescape
from typing import Final

from markupsafe import escape

_TABLE: Final = re.compile(r'(<div class="scroll"[^>]*>\s*<table)(>.*?</table>)', re.DOTALL)
_HEADING: Final = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_ROW_OR_CELL: Final = re.compile(r"<(?:tr|(td|th))\b([^>]*)>")
_SPAN: Final = re.compile(r'colspan="(\d+)"')
_FEWEST_COLUMNS: Final = 4
"""A narrower table fits a telephone as it is."""


def with_cards(page: str) -> str:
    """The page, where each cell of a wide table has the name of its column as ``data-label``."""
    return _TABLE.sub(_named, page) if "<table" in page else page


def _named(table: re.Match[str]) -> str:
    head, parted, body = table[2].partition("</thead>")
    names = [_text(heading) for heading in _HEADING.findall(head)]
    if len(names) < _FEWEST_COLUMNS:
        return table[0]
    return f'{table[1]} class="stacks"{head}{parted}{_ROW_OR_CELL.sub(partial(_cell, names, [0]), body)}'


def _cell(names: list[str], column: list[int], found: re.Match[str]) -> str:
    """The tag of a cell with its name; ``column`` holds where in its row it stands, and is moved on."""
    kind, attributes = found[1], found[2]
    if kind is None:
        column[0] = 0
        return found[0]
    place, span = column[0], _SPAN.search(attributes)
    column[0] += int(span[1]) if span else 1
    name = names[place] if kind == "td" and place < len(names) else ""
    return f'<td{attributes} data-label="{name}">' if name else found[0]


def _text(heading: str) -> str:
    """What a heading says, as an attribute's value."""
    return str(escape(unescape(" ".join(_TAG.sub("", heading).split()))))
