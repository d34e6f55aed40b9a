"""``rebill sample-data``: a made-up partner of any size, for trials and load tests."""

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.options import JsonOption, MonthOption
from rebill.cli.session import reporting
from rebill.model.counting import counted
from rebill.model.money import text_of


def sample_data(
    customers: Annotated[int, typer.Option("--customers", min=1, metavar="N", help="Azure customers.")],
    lines: Annotated[int, typer.Option("--lines", min=1, metavar="N", help="Lines of cost.")],
    period: MonthOption,
    folder: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to; a new or empty folder.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 0,
    file_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="Of the cost files: csv, csv.gz or parquet.")
    ] = "csv",
    layout: Annotated[
        str,
        typer.Option(
            "--layout",
            metavar="LAYOUT",
            help="Of the cost files: focus, cost-management-actual, cost-management-amortized or daily-rated-usage.",
        ),
    ] = "focus",
    subscriptions: Annotated[
        int | None, typer.Option("--subscriptions", min=1, metavar="N", help="Subscriptions in all; ten a customer.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a synthetic partner: a Partner Center customers answer, and cost files in a layout of Microsoft's."""
    from rebill.services.costs.sample_data import write_sample_data

    with reporting(as_json) as output:
        with output.counting(f"Writing {counted(lines, 'line')}") as progress:
            written = write_sample_data(
                folder, customers, lines, period, seed, file_format, subscriptions, progress=progress, layout=layout
            )
        sums = [{"currency": currency, "partner_cost": text_of(cost)} for currency, cost in written.sums.items()]
        output.answer(
            {
                "folder": str(written.folder),
                "customers_file": str(written.customers_file),
                "cost_files": [str(file) for file in written.cost_files],
                "lines": written.lines,
                "sums": sums,
            }
        )
        output.say(
            f"{counted(written.lines, 'line')} of cost of {counted(customers, 'customer')} written to {written.folder}."
        )
        for one in sums:
            output.say(f"  {one['partner_cost']} {one['currency']}")
        costs = written.cost_files[0].parent
        named = "" if layout == "focus" else f" --layout {layout} --period {period}"
        output.next_step(
            f"rebill azure-customers import {written.customers_file}, then rebill costs import {costs}{named}."
        )
