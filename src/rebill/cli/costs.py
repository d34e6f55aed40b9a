"""``rebill costs``: cost files into the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.cost_documents import data_set_document, manual_document, reject_document, show_data_sets, show_rejects
from rebill.cli.imported_costs import show_imported
from rebill.cli.options import (
    JsonOption,
    MonthFilter,
    PartnerOption,
    ReasonOption,
    currency_option,
    layout_from_text,
)
from rebill.cli.session import changing_session, partner_session
from rebill.cli.statements import write_document
from rebill.cli.syncing import ended, run_sync
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.data_set import CostImportOrder
from rebill.model.date_order import DateOrder
from rebill.model.sync import SyncPart

commands = typer.Typer(help="What Microsoft charged: cost files into the lake.", no_args_is_help=True)


InPlaceOfOption = Annotated[
    str | None,
    typer.Option("--in-place-of", metavar="SCOPE", help="A scope whose cost ends in the months that are delivered."),
]


@commands.command("import")
def import_files(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Cost files, folders, or addresses such as az://container/folder (docs/exports.md)."
        ),
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
        str | None,
        currency_option("--currency", "For layouts that name none."),
    ] = None,
    accept_rejects: Annotated[
        bool, typer.Option("--accept-rejects", help="Take the good rows of files that hold unreadable ones.")
    ] = False,
    date_order: Annotated[
        DateOrder | None,
        typer.Option("--date-order", help="Of dates such as 03/04/2026; told from the files by default."),
    ] = None,
    read_anew: Annotated[
        bool, typer.Option("--read-anew", help="Read files again whose bytes are in force, as this version reads them.")
    ] = False,
    in_place_of: InPlaceOfOption = None,
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
    """Take in cost files: rows, sums per currency and month, rejects. Exports are read by their manifests."""
    from rebill.services.costs.import_deliveries import import_deliveries
    from rebill.storage.address import shown_address

    order = CostImportOrder(
        files=tuple(files),
        layout=layout,
        scope=scope,
        period=period,
        currency=currency,
        accept_rejects=accept_rejects,
        overlap_reason=overlap_reason,
        date_order=date_order,
        read_anew=read_anew,
        in_place_of=in_place_of,
    )
    with changing_session(Act.IMPORT_COSTS, partner, as_json, reason) as session:
        output = session.output
        with output.working("Importing " + ", ".join(map(shown_address, files[:3])) + (" …" if files[3:] else "")):
            deliveries = import_deliveries(session.installation, session.caller, order)
        show_imported(output, deliveries)


@commands.command("sync")
def sync_costs(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """Bring cost up to date: from Microsoft's billing export, and from the storage that exports are delivered to."""
    with partner_session(partner, as_json) as session:
        records = run_sync(session, [SyncPart.COSTS, SyncPart.EXPORTS])
    ended(records)


@commands.command("list")
def list_all(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List the data sets in force."""
    from rebill.services.costs.import_costs import list_data_sets
    from rebill.services.costs.read_manual_lines import list_manual_costs

    with partner_session(partner, as_json) as session:
        data_sets = list_data_sets(session.installation, session.caller)
        documents = [data_set_document(data_set) for data_set in data_sets]
        documents += [manual_document(cost) for cost in list_manual_costs(session.installation, session.caller)]
        session.output.answer({"datasets": documents})
        show_data_sets(session.output, documents)
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
    from rebill.documents.rejects_csv import rejects_csv
    from rebill.services.costs.read_rejects import list_rejects

    with partner_session(partner, as_json) as session:
        found = list_rejects(session.installation, session.caller, data_set_id)
        documents = [reject_document(reject) for reject in found]
        session.output.answer({"dataset_id": data_set_id, "rejects": documents})
        if path is not None:
            write_document(path, rejects_csv(found).encode())
            session.output.say(f"{counted(len(found), 'reject is', 'rejects are')} written to {path}.")
        else:
            show_rejects(session.output, found)
        session.output.next_step("mend these rows and import the whole file again with the --scope of the data set.")
