"""Mutants that no test can notice, because they change nothing that anybody sees: ``harmless.txt`` has the reasons.

They are named by the changed line as it stands and as it would, so that they are known wherever the line moves to.
Beside them, SQL that is only spelled in other letters is known by how it looks: every engine reads its words, its types
and the names of columns alike in either case.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.mutation.mutant import Mutant


def _read(text: str) -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    reason = file = before = ""
    for line in text.partition("\n\n")[2].splitlines():
        mark, _, told = line.partition(" ")
        if mark == "#":
            reason = told
        elif mark == "-":
            before = told
        elif mark == "+":
            found[file, before, told] = reason
        elif line:
            file = line
    return found


HARMLESS: Final[Mapping[tuple[str, str, str], str]] = _read(
    Path(__file__).with_name("harmless.txt").read_text(encoding="utf-8")
)
"""(file, line before, line after) → why it makes no difference."""


_TYPE: Final = re.compile(
    r"STRING|INTEGER|BIGINT|SMALLINT|TINYINT|BOOLEAN|DATE|TIMESTAMP|VARCHAR|DECIMAL\([0-9]+,[0-9]+\)"
)
_SQL: Final = re.compile(
    r"(?:^|[(, ])[a-z]\.[A-Za-z_]"
    r"|\b(?:SELECT|FROM|JOIN|WHERE|CASE WHEN|AND|OR|NULL|NULLS LAST|UNION ALL|CAST|COALESCE)\b"
)
"""A column of a table by its short name, or a word of SQL in large letters, as sentences have neither."""
_LITERAL: Final = re.compile(r"'[^']*'")


def is_harmless(mutant: Mutant, original: str) -> bool:
    """Whether a mutant is known to make no difference."""
    return (mutant.file, *mutant.lines(original)) in HARMLESS or _is_spelling(mutant, original)


def _is_spelling(mutant: Mutant, original: str) -> bool:
    """Whether SQL is written in letters of another case, and none of its texts is another."""
    if mutant.replacement.casefold() != original[mutant.start : mutant.end].casefold():
        return False
    begin, end = original.rfind('"', 0, mutant.start) + 1, original.find('"', mutant.end)
    before = original[begin:end]
    after = original[begin : mutant.start] + mutant.replacement + original[mutant.end : end]
    is_sql = _TYPE.fullmatch(before) or _SQL.search(before)
    return is_sql is not None and _LITERAL.findall(before) == _LITERAL.findall(after)
