"""Data sets and rejects as commands show them: JSON documents and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebill.cli.output import Document, Heading, Output
from rebill.model.data_set import BillingStatus
from rebill.model.money import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.model.data_set import DataSet, Reject
    from rebill.model.manual_line import ManualCost

_BILLED = {BillingStatus.BILLED.value: "yes", BillingStatus.UNBILLED.value: "no", BillingStatus.UNKNOWN.value: ""}


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
        "rounded_values": sum(file.rounded_values for file in data_set.files),
        "date_order": data_set.date_order,
        "already_imported": data_set.already_imported,
        "billing": data_set.billing_status.value,
        "invoice_lines": data_set.invoice_lines,
        "superseded": data_set.superseded,
        "sums": [one.document() for one in data_set.sums],
    }


def manual_document(cost: ManualCost) -> Document:
    """Manual lines of a month as ``costs list`` answers them: the data set that they are in its balance."""
    return {
        "dataset_id": None,
        "files": [],
        "layout": "manual",
        "scope": "manual",
        "view": "manual",
        "period": str(cost.month),
        "rows": cost.line_count,
        "rejects": 0,
        "rounded_values": 0,
        "date_order": None,
        "already_imported": False,
        "billing": BillingStatus.UNKNOWN.value,
        "invoice_lines": None,
        "superseded": False,
        "sums": [{"currency": currency, "partner_cost": text_of(amount)} for currency, amount in cost.sums.items()],
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


def show_data_sets(output: Output, documents: Sequence[Document]) -> None:
    """A table of data sets as their documents tell them, a row for each currency."""
    headings = (
        Heading("data set", right=True),
        Heading("period"),
        Heading("scope"),
        Heading("layout"),
        Heading("billed"),
        Heading("rows", right=True),
        Heading("rejects", right=True),
        Heading("partner cost", right=True),
        Heading("currency"),
    )
    rows = []
    for found in documents:
        sizes = (f"{found['rows']:,}", f"{found['rejects']:,}")
        identity = (str(found["dataset_id"] or "-"), found["period"], found["scope"], found["layout"])
        billed = _BILLED[found["billing"]]
        sums = [(one["partner_cost"], one["currency"]) for one in found["sums"]] or [("", "")]
        rows.append((*identity, billed, *sizes, *sums[0]))
        rows.extend(("", "", "", "", "", "", "", *further) for further in sums[1:])
    output.table(headings, rows)


def show_rejects(output: Output, found: Sequence[Reject]) -> None:
    """A table of rejects."""
    headings = (Heading("file"), Heading("row", right=True), Heading("column"), Heading("reason"))
    output.table(headings, [(one.file, str(one.row), one.column or "", one.reason) for one in found])
