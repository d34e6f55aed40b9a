"""Cells of wide tables bear the names of their columns: on a telephone each row is a card, with or without scripts.

Templates write every table in one way, and escape every value: so that what looks like a tag in a page is one.
"""

import re
from html import unescape
from typing import Final

from markupsafe import escape

_TABLE: Final = re.compile(r'(<div class="scroll( list)?"[^>]*>\s*<table)(>.*?</table>)', re.DOTALL)
_HEADING: Final = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_SPAN: Final = re.compile(r'colspan="(\d+)"')
_FEWEST_COLUMNS: Final = 4
"""A narrower table fits a telephone as it is, but for one that says ``list``: its cells are long."""


def with_cards(page: str) -> str:
    """The page, where each cell of a wide table has the name of its column as ``data-label``."""
    return _TABLE.sub(_named, page) if "<table" in page else page


def _named(table: re.Match[str]) -> str:
    head, parted, body = table[3].partition("</thead>")
    names = [_text(heading) for heading in _HEADING.findall(head)]
    if len(names) < _FEWEST_COLUMNS and not table[2]:
        return table[0]
    return f'{table[1]} class="stacks"{head}{parted}{_with_names(body, names)}'


def _with_names(body: str, names: list[str]) -> str:
    """The rows with a name for each cell. Cut at tags by hand: a page may have a thousand cells."""
    pieces, column = body.split("<t"), 0
    for place, piece in enumerate(pieces):
        if piece.startswith("r"):
            column = 0
        elif piece.startswith(("d>", "d ", "h>", "h ")):
            end = piece.index(">")
            if piece[0] == "d" and column < len(names) and names[column]:
                pieces[place] = f'{piece[:end]} data-label="{names[column]}"{piece[end:]}'
            span = _SPAN.search(piece, 0, end) if "colspan" in piece else None
            column += int(span[1]) if span else 1
    return "<t".join(pieces)


def _text(heading: str) -> str:
    """What a heading says, as an attribute's value."""
    return str(escape(unescape(" ".join(_TAG.sub("", heading).split()))))
