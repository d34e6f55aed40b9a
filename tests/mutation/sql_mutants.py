"""Mutants of the SQL that rating writes: it is text to Python, so that mutations of Python do not reach it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.mutation.mutant import Mutant

_IS_SQL: Final = re.compile(
    r"\b(SELECT|FROM|JOIN|CASE|WHEN|ELSE|AND|OR|CAST|IS|COALESCE|WHERE|NULL|LIKE|SUM|DISTINCT|INTERVAL|translate)\b"
)
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class _Change:
    """What is looked for in SQL, and what stands instead of it (a template of ``re``)."""

    kind: str
    pattern: re.Pattern[str]
    replacement: str


def _change(kind: str, pattern: str, replacement: str) -> _Change:
    return _Change(kind, re.compile(pattern), replacement)


_CHANGES: Final = (
    _change("comparison", r"(?<![<>=!])<=(?!>)", "<"),
    _change("comparison", r"(?<![<>=!])>=", ">"),
    _change("comparison", r"(?<![<>=!])<(?![=>])", "<="),
    _change("comparison", r"(?<![<>=!-])>(?![=>])", ">="),
    _change("comparison", r"<>", "="),
    _change("comparison", r"(?<![<>=!])=(?![=>])", "<>"),
    _change("comparison", r"\bIS NOT DISTINCT FROM\b", "="),
    _change("null", r"\bIS NOT NULL\b", "IS NULL"),
    _change("null", r"\bIS NULL\b", "IS NOT NULL"),
    _change("null", r"\bCOALESCE\(", "GREATEST("),
    _change("logic", r"(?<!\w)AND(?!\w)", "OR"),
    _change("logic", r"(?<!\w)OR(?!\w)", "AND"),
    _change("logic", r"\bNOT IN\b", "IN"),
    _change("logic", r"(?<!NOT) IN \(", " NOT IN ("),
    _change("join", r"\bLEFT JOIN\b", "JOIN"),
    _change("join", r"(?<!LEFT )(?<!CROSS )\bJOIN\b", "LEFT JOIN"),
    _change("join", r"\bUNION ALL\b", "UNION"),
    _change("join", r"\bUNION\b(?! ALL)", "UNION ALL"),
    _change("join", r"\bDISTINCT (?!FROM)", ""),
    _change("aggregate", r"\bSUM\(", "MAX("),
    _change("aggregate", r"\bMIN\(", "MAX("),
    _change("aggregate", r"\bMAX\(", "MIN("),
    _change("aggregate", r"\bLAG\(", "LEAD("),
    _change("aggregate", r"\bLEAD\(", "LAG("),
    _change("aggregate", r"\bGREATEST\(", "LEAST("),
    _change("aggregate", r"\bLEAST\(", "GREATEST("),
    _change("arithmetic", r"(?<=\w|\)|\}) \* (?=\w|\(|\{)", " + "),
    _change("arithmetic", r"(?<=\w|\)|\}) \+ (?=\w|\(|\{)", " - "),
    _change("arithmetic", r"(?<=\w|\)|\}) - (?=\w|\(|\{)", " + "),
    _change("digits", r"(?<=, )12(?=\))", "11"),
    _change("digits", r"\bDECIMAL\(28,12\)", "DECIMAL(28,11)"),
    _change("literal", r"'(\w+)'(?! DAY)", r"'no_\1'"),
    _change("literal", r"'1' DAY", "'2' DAY"),
    _change("literal", r"\bCAST\('0' AS\b", "CAST('1' AS"),
    _change("literal", r"\bCAST\('1' AS\b", "CAST('2' AS"),
    _change("literal", r"\bTHEN 1 ELSE 0\b", "THEN 0 ELSE 1"),
    _change("literal", r"\bTHEN 0 ELSE 1\b", "THEN 1 ELSE 0"),
    _change("order", r"\bNULLS LAST\b", "NULLS FIRST"),
)
# Names that the SQL is given by Python: one stands for another of its kind.
_GIVEN: Final = (
    ("NO_BASE", "BILLED_BASE"),
    ("LIST_BASE", "BILLED_BASE"),
    ("BILLED_BASE", "LIST_BASE"),
    ("EFFECTIVE_BASE", "BILLED_BASE"),
    ("RETAIL_BASE", "LIST_BASE"),
    ("QUANTITY_BASE", "LIST_BASE"),
    ("NO_COST", "BILLED_COST"),
    ("BILLED_COST", "EFFECTIVE_COST"),
    ("EFFECTIVE_COST", "BILLED_COST"),
    ("NO_PRICE", "KEPT_PRICE"),
    ("KEPT_PRICE", "LIST_PRICE"),
    ("LIST_PRICE", "NO_PRICE"),
    ("BaseKind.NO_RETAIL", "BaseKind.NO_EFFECTIVE"),
    ("BaseKind.NO_EFFECTIVE", "BaseKind.NO_RETAIL"),
    ("BaseKind.LIST", "BaseKind.BILLED"),
    ("BaseKind.BILLED", "BaseKind.LIST"),
    ("CommitmentRole.NONE", "CommitmentRole.USED"),
    ("CommitmentRole.PURCHASE", "CommitmentRole.UNUSED"),
    ("CommitmentRole.USED", "CommitmentRole.UNUSED"),
)
KINDS: Final = tuple(dict.fromkeys((*(change.kind for change in _CHANGES), "given")))


def sql_mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of the SQL in a file, in the order of the text."""
    for start, end in _texts_of_sql(source):
        text = source[start:end]
        masked = _PLACEHOLDER.sub(lambda found: "\0" * len(found[0]), text)
        for change in _CHANGES:
            for found in change.pattern.finditer(masked):
                place = (start + found.start(), start + found.end())
                yield Mutant("sql", file, *place, found.expand(change.replacement), change.kind)
        for name, other in _GIVEN:
            # A name that the file does not know would be a fault of Python, and every test would see it.
            if re.search(rf"\b{other}\b", source) is None:
                continue
            for found in re.finditer(rf"\{{{re.escape(name)}\}}", text):
                yield Mutant("sql", file, start + found.start(), start + found.end(), f"{{{other}}}", "given")


def _texts_of_sql(source: str) -> Iterator[tuple[int, int]]:
    """Where the strings stand that hold SQL, from their opening to their closing quotes."""
    line_starts = [0]
    for line in source.splitlines(keepends=True):
        line_starts.append(line_starts[-1] + len(line))

    def offset(line: int, column_in_octets: int) -> int:
        begin = line_starts[line - 1]
        in_line = source[begin : line_starts[line]].encode()
        return begin + len(in_line[:column_in_octets].decode())

    for node in _strings(ast.parse(source)):
        if node.end_lineno is None or node.end_col_offset is None:
            raise AssertionError("parsed text has places")
        start, end = offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)
        if _IS_SQL.search(source, start, end):
            yield start, end


def _strings(tree: ast.AST) -> Iterator[ast.expr]:
    """The strings of a program that are values: no documentation, and no part of another string."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            yield node
        else:
            yield from _strings(node)
