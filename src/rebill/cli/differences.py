"""``rebill bill diff``: what became of a month since it was issued, or since another run, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthOption, PartnerOption
from rebill.cli.output import Heading, Output
from rebill.cli.session import partner_session
from rebill.model.money import ZERO, kept_amount, text_of

if TYPE_CHECKING:
    from rebill.model.difference import TotalDifference
    from rebill.services.proof.diff_month import MonthDifference


def diff(
    period: MonthOption,
    run: Annotated[
        int | None, typer.Option("--run", metavar="RUN_ID", help="The run that is looked at; the month's last one.")
    ] = None,
    against: Annotated[
        int | None,
        typer.Option(
            "--against",
            metavar="RUN_ID",
            help="The run it is compared with; else what was issued, else the run before it.",
        ),
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show by how much a month differs from what was issued, or from another run, by customer, service and cause."""
    from rebill.services.proof.diff_month import diff_month
    from rebill.services.proof.told import difference_document

    with partner_session(partner, as_json) as session:
        output = session.output
        with output.working(f"Comparing {period}"):
            found = diff_month(session.installation, session.caller, period, run, against)
        output.answer(difference_document(found))
        _show(output, found)


def _show(output: Output, found: MonthDifference) -> None:
    before = "what was issued" if found.before_run_id is None else f"run {found.before_run_id}"
    output.say(f"{found.month}: run {found.after_run_id} against {before}")
    show_totals(output, [total for total in found.totals if total.by_cause])
    if found.differences:
        names = {total.customer_id: total.customer_name for total in found.totals}
        headings = [Heading("customer"), Heading("service"), Heading("cause"), Heading("amount", right=True)]
        rows = [
            [names[one.customer_id], one.service or "–", one.cause, text_of(kept_amount(one.amount)), one.currency]
            for one in found.differences
        ]
        output.say()
        output.table([*headings, Heading("currency")], rows, "By service and cause, exact")
    for cause, sentence in found.changes:
        output.say(f"{cause}: {sentence}")
    differs = any(total.by_cause for total in found.totals)
    if not differs:
        output.say("Nothing differs.")
    output.next_step(
        f"rebill bill correct --period {found.month} issues what differs from what was issued."
        if differs and found.before_run_id is None
        else "rebill explain STATEMENT_ID --line N derives a line from its charges."
    )


def show_totals(output: Output, totals: list[TotalDifference]) -> None:
    """A table of totals before and after, with a column for each cause."""
    from rebill.services.proof.told import total_document

    causes = sorted({cause for total in totals for cause in total.by_cause})
    headings = [Heading("customer"), *(Heading(name, right=True) for name in ("before", "after", "difference"))]
    headings += [Heading("currency"), *(Heading(cause.replace("_", " "), right=True) for cause in causes)]
    rows = []
    for total in totals:
        shown = total_document(total)
        amounts = [text_of(kept_amount(total.by_cause.get(cause, ZERO))) for cause in causes]
        named = [str(shown[name]) for name in ("customer", "before", "after", "difference", "currency")]
        rows.append([*named, *amounts])
    output.table(headings, rows)
