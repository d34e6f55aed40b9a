"""A statement as CSV (RFC 4180): a header, a row a line, and nothing else."""

import csv
import io

from rebill.documents.statement_lines import LINE_KEYS, line_documents
from rebill.model.statement import Statement

_HEAD_KEYS = ("statement_id", "customer_id", "period", "currency", "status")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def statement_csv(statement_id: int, statement: Statement) -> str:
    """The statement's lines, each with the statement's own keys in front; amounts in minor digits.

    A text that a spreadsheet would run as a formula gets an apostrophe in front; numbers do not.
    """
    head = (
        str(statement_id),
        str(statement.customer_id),
        str(statement.month),
        statement.currency,
        statement.status.value,
    )
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    writer.writerow((*_HEAD_KEYS, *LINE_KEYS))
    for line in line_documents(statement):
        words = [_harmless(line[key]) for key in ("provider", "subscription", "service", "charge_category")]
        writer.writerow((*head, line["n"], *words, line["quantity"], line["amount"]))
    return rows.getvalue()


def _harmless(value: int | str | None) -> int | str | None:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
