"""Data sets and rejects as commands show them: JSON documents and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebill.cli.output import Document, Heading, Output
from rebill.model.money import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.model.data_set import DataSet, Reject


def data_set_document(data_set: DataSet) -> Document:
    """A data set as ``costs list`` and ``costs import`` answer it."""
    return {
        "dataset_id": data_set.data_set_id,
        "files": [file.name for file in data_set.files],
        "layout": data_set.layout,
        "scope": data_set.scope,
        "view": data_set.view,
        "period": str(data_set.billing_month),
        "rows": data_set.rows,
        "rejects": data_set.reject_count,
        "already_imported": data_set.already_imported,
        "superseded": data_set.superseded,
        "sums": [one.document() for one in data_set.sums],
    }


def reject_document(reject: Reject) -> Document:
    """A reject as ``costs rejects`` and ``costs import`` answer it."""
    return {
        "file": reject.file,
        "row": reject.row,
        "column": reject.column,
        "code": reject.code.value,
        "reason": reject.reason,
        "raw_text": reject.raw_text,
        "partner_cost": None if reject.billed_cost is None else text_of(reject.billed_cost),
        "currency": reject.currency,
    }


def show_data_sets(output: Output, data_sets: Sequence[DataSet]) -> None:
    """A table of data sets, a row for each currency."""
    headings = (
        Heading("data set", right=True),
        Heading("period"),
        Heading("scope"),
        Heading("layout"),
        Heading("rows", right=True),
        Heading("rejects", right=True),
        Heading("partner cost", right=True),
        Heading("currency"),
    )
    rows = []
    for data_set in data_sets:
        sizes = (f"{data_set.rows:,}", f"{data_set.reject_count:,}")
        identity = (str(data_set.data_set_id), str(data_set.billing_month), data_set.scope, data_set.layout)
        sums = [(text_of(one.partner_cost), one.currency) for one in data_set.sums] or [("", "")]
        rows.append((*identity, *sizes, *sums[0]))
        rows.extend(("", "", "", "", "", "", *further) for further in sums[1:])
    output.table(headings, rows)


def show_rejects(output: Output, found: Sequence[Reject]) -> None:
    """A table of rejects."""
    headings = (Heading("file"), Heading("row", right=True), Heading("column"), Heading("reason"))
    output.table(headings, [(one.file, str(one.row), one.column or "", one.reason) for one in found])
