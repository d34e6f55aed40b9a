"""``rebill costs``: cost files into the lake."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthFilter, PartnerOption, ReasonOption, layout_from_text
from rebill.cli.output import Document, Heading, Output
from rebill.cli.session import changing_session, partner_session
from rebill.cli.statements import write_document
from rebill.model.audit import Act
from rebill.model.data_set import CostImportOrder
from rebill.model.money import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.model.data_set import CostImport, DataSet, Reject

_REJECT_KEYS = ("file", "row", "column", "code", "reason", "raw_text", "partner_cost", "currency")

commands = typer.Typer(help="What Microsoft charged: cost files into the lake.", no_args_is_help=True)


@commands.command("import")
def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Cost files, or folders of them: one delivery.")
    ],
    layout: Annotated[
        str,
        typer.Option(
            "--layout",
            parser=layout_from_text,
            metavar="LAYOUT",
            help="The files' layout; told from their headers by default.",
        ),
    ] = "auto",
    scope: Annotated[
        str | None,
        typer.Option("--scope", metavar="NAME", help="Names the data set, so that a later delivery replaces it."),
    ] = None,
    period: MonthFilter = None,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CODE", help="For layouts that name none.")
    ] = None,
    accept_rejects: Annotated[
        bool, typer.Option("--accept-rejects", help="Take the good rows of files that hold unreadable ones.")
    ] = False,
    overlap_reason: Annotated[
        str | None,
        typer.Option(
            "--overlap-reason", metavar="REASON", help="Why charges that another data set holds too are no double."
        ),
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in cost files as one delivery: rows, sums per currency and month, rejects."""
    from rebill.services.costs.import_costs import import_costs

    order = CostImportOrder(
        files=tuple(files),
        layout=layout,
        scope=scope,
        period=period,
        currency=currency,
        accept_rejects=accept_rejects,
        overlap_reason=overlap_reason,
    )
    with changing_session(Act.IMPORT_COSTS, partner, as_json, reason) as session:
        output = session.output
        with output.working("Importing " + ", ".join(str(file) for file in files[:3]) + (" …" if files[3:] else "")):
            done = import_costs(session.installation, session.caller, order)
        output.answer(
            {
                "datasets": [_data_set_document(data_set) for data_set in done.data_sets],
                "reject_count": done.reject_count,
                "rejects": [_reject_document(reject) for reject in done.rejects],
                "issued_months": [str(month) for month in done.closed.issued],
                "months_before_billing_start": [str(month) for month in done.closed.before_billing_start],
            }
        )
        _show_done(output, done)
        for issued in done.closed.issued:
            output.say(f"{issued} is issued already: a run shows what changes, and rebill bill correct issues it.")
        for early in done.closed.before_billing_start:
            output.say(f"{early} lies before the partner's billing_start: its cost is kept, and never billed.")
        month = done.data_sets[0].billing_month if done.data_sets else "YYYY-MM"
        output.next_step(f"rebill bill run --period {month} bills the month.")


@commands.command("list")
def list_all(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List the data sets in force."""
    from rebill.services.costs.import_costs import list_data_sets

    with partner_session(partner, as_json) as session:
        data_sets = list_data_sets(session.installation, session.caller)
        session.output.answer({"datasets": [_data_set_document(data_set) for data_set in data_sets]})
        _show(session.output, data_sets)
        session.output.next_step(
            "rebill costs import FILE… takes in more; rebill bill run --period YYYY-MM bills a month."
        )


@commands.command("rejects")
def rejects(
    data_set_id: Annotated[int, typer.Argument(metavar="DATASET_ID", help="The data set, as costs list names it.")],
    path: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PATH", help="Write them as CSV to a file.")
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the rows that could not be read and were kept aside when the others were accepted."""
    from rebill.services.costs.read_rejects import list_rejects

    with partner_session(partner, as_json) as session:
        found = list_rejects(session.installation, session.caller, data_set_id)
        documents = [_reject_document(reject) for reject in found]
        session.output.answer({"dataset_id": data_set_id, "rejects": documents})
        if path is not None:
            write_document(path, _rejects_csv(documents))
            session.output.say(f"{len(found):,} rejects are written to {path}.")
        else:
            _show_rejects(session.output, found)
        session.output.next_step("mend these rows and import the whole file again with the --scope of the data set.")


def _rejects_csv(documents: Sequence[Document]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _REJECT_KEYS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(documents)
    return text.getvalue()


def _show_rejects(output: Output, found: Sequence[Reject]) -> None:
    headings = (Heading("file"), Heading("row", right=True), Heading("column"), Heading("reason"))
    output.table(headings, [(one.file, str(one.row), one.column or "", one.reason) for one in found])


def _data_set_document(data_set: DataSet) -> Document:
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
        "sums": [one.document() for one in data_set.sums],
    }


def _reject_document(reject: Reject) -> Document:
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


def _show(output: Output, data_sets: Sequence[DataSet]) -> None:
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


def _show_done(output: Output, done: CostImport) -> None:
    _show(output, done.data_sets)
    for data_set in done.data_sets:
        if data_set.already_imported:
            output.say(f"{data_set.billing_month}: these very bytes are in force already; nothing has changed.")
    if done.reject_count:
        output.say(f"{done.reject_count:,} rows could not be read and are kept aside; the first {len(done.rejects)}:")
        _show_rejects(output, done.rejects)
