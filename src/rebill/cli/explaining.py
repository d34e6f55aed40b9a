"""``rebill explain``: every cent of a statement, with the numbers in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption, source_row_from_text
from rebill.cli.output import Heading, Output
from rebill.cli.session import partner_session
from rebill.model.counting import counted
from rebill.model.money import text_of, text_of_minor_units
from rebill.model.source_row import SourceRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.model.derivation import Step
    from rebill.services.proof.explain_statement import ExplainedLine, Explanation


def explain(
    statement_id: Annotated[int, typer.Argument(metavar="STATEMENT_ID", help="The statement or note.")],
    line: Annotated[
        int | None, typer.Option("--line", min=1, metavar="N", help="One line: its rules and its first charges.")
    ] = None,
    charge: Annotated[
        SourceRow | None,
        typer.Option(
            "--charge",
            parser=source_row_from_text,
            metavar="ROW",
            help="One charge, by the row of its source file; FILE:ROW where several files have it.",
        ),
    ] = None,
    charges: Annotated[
        int, typer.Option("--charges", min=0, max=10_000, metavar="N", help="How many charges of a line are derived.")
    ] = 20,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Derive a statement's lines, down to single charges, with the numbers in the arithmetic."""
    from rebill.services.proof.explain_statement import explain_statement
    from rebill.services.proof.told import explanation_document

    with partner_session(partner, as_json) as session:
        output = session.output
        with output.working(f"Explaining {statement_id}"):
            found = explain_statement(session.installation, session.caller, statement_id, line, charge, charges)
        output.answer(explanation_document(found))
        _show(output, found, in_detail=line is not None or charge is not None)


def _show(output: Output, found: Explanation, in_detail: bool) -> None:
    document, digits = found.document, found.minor_digits
    total = text_of_minor_units(document.total, digits)
    output.say(
        f"{document.kind.value.capitalize()} {document.statement_id} for {document.customer_name}, {document.month}, "
        f"{document.status.value}: {total} {document.currency}, of run {document.run_id}"
    )
    if not in_detail:
        _show_overview(output, found)
    for line in found.lines if in_detail else ():
        _show_line(output, line)
    output.say("\nThe whole document")
    _show_steps(output, found.steps)
    output.next_step(
        "rebill verify compares it all with what its run recorded."
        if in_detail
        else f"rebill explain {document.statement_id} --line N derives a line from its charges."
    )


def _show_overview(output: Output, found: Explanation) -> None:
    headings = [Heading("n", right=True), Heading("line")]
    headings += [Heading(name, right=True) for name in ("exact", "floor", "remainder", "unit", "shown")]
    rows = []
    for line in found.lines:
        numbers = {step.name: step for step in line.steps if step.result is not None}
        cells = [text_of(numbers[name].amount) if name in numbers else "" for name in ("floor", "remainder", "unit")]
        shown = text_of_minor_units(line.line.amount_minor_units, found.minor_digits)
        rows.append([str(line.number), _named(line), text_of(line.line.priced.exact_amount), *cells, shown])
    output.table(headings, rows)


def _show_line(output: Output, line: ExplainedLine) -> None:
    output.say(f"\nLine {line.number}: {_named(line)}")
    for charge in line.charges:
        output.say(f"\n  Row {charge.charge.row} of {charge.charge.file}")
        _show_steps(output, charge.steps, indent="    ")
    if line.totals:
        _show_totals(output, line)
        output.say()
    _show_steps(output, line.steps)


def _show_totals(output: Output, line: ExplainedLine) -> None:
    count = len(line.charges)
    derived = "all" if count == line.charge_count else f"the first {count}"
    output.say(f"\n  {counted(line.charge_count, 'charge')}, {derived} derived above; summed by how they are priced:")
    headings = [Heading("  subscription"), Heading("base"), Heading("book"), Heading("rule")]
    headings += [Heading(name, right=True) for name in ("charges", "billed cost", "price")]
    from rebill.services.proof.told import alike_document

    rows = []
    for total in line.totals:
        shown = alike_document(total)
        rule = f"{shown['rule_position']} {shown['rule']}" if shown["rule"] is not None else "–"
        named = [
            f"  {shown['subscription'] or shown['azure_customer_id'] or '–'}",
            shown["base_kind"].replace("_", " "),
        ]
        rows.append(
            [*named, shown["price_book"] or "–", rule, str(total.charges), shown["billed_cost"], shown["price"]]
        )
    output.table(headings, rows)


def _show_steps(output: Output, steps: Sequence[Step], indent: str = "  ") -> None:
    for step in steps:
        output.say(f"{indent}{step.name}: {step.sentence}")
        if step.arithmetic:
            output.say(f"{indent}    {step.arithmetic}")


def _named(line: ExplainedLine) -> str:
    priced = line.line.priced
    # Rules and entries may bear the same words: what made the line is said too.
    named = priced.key.told if priced.reference is None else f"{priced.description} ({priced.key.told})"
    return named if line.corrects is None else f"{named} (correction of {line.corrects})"
