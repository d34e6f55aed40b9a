"""Rows that could not be read, as a CSV file to mend them by."""

import csv
import io
from collections.abc import Iterable

from rebill.documents.spreadsheet_text import harmless
from rebill.model.data_set import Reject
from rebill.model.money import text_of

_KEYS = ("file", "row", "column", "code", "reason", "raw_text", "partner_cost", "currency")


def rejects_csv(rejects: Iterable[Reject]) -> str:
    """A header, then a row for each reject; formulas in their texts are harmless."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_KEYS)
    for one in rejects:
        words = (one.column, one.code.value, one.reason, one.raw_text)
        cost = "" if one.billed_cost is None else text_of(one.billed_cost)
        writer.writerow((harmless(one.file), one.row, *map(harmless, words), cost, harmless(one.currency)))
    return text.getvalue()
