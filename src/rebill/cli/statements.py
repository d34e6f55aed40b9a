"""``rebill statements``: what the customers get."""

from __future__ import annotations

import base64
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthFilter, PartnerOption, ReasonOption
from rebill.cli.output import Heading, Output
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.document import DocumentForm, DocumentKind
from rebill.model.errors import Invalid
from rebill.model.money import text_of, text_of_minor_units
from rebill.model.run_state import RunState, interrupted_sentence
from rebill.model.statement import LineKind, ShownLine, StatementFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.cli.output import Document
    from rebill.store.statements import StatementRecord

commands = typer.Typer(help="The customers' statements.", no_args_is_help=True)

StatementArgument = Annotated[int, typer.Argument(metavar="ID", help="The statement's id.")]


class DocumentChoice(StrEnum):
    """Which documents are listed."""

    STATEMENTS = "statements"
    ALL = "all"


@commands.command("list")
def list_all(
    period: MonthFilter = None,
    documents: Annotated[
        DocumentChoice, typer.Option("--documents", help="Statements only, or credit and debit notes too.")
    ] = DocumentChoice.STATEMENTS,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the statements, of one month or of all."""
    from rebill.services.billing.read_statements import every_statement
    from rebill.services.billing.run_under_way import state_of_run

    with partner_session(partner, as_json) as session:
        wanted = StatementFilter(month=period, with_notes=True)
        found = list(every_statement(session.installation, session.caller, wanted))
        with_notes = documents is DocumentChoice.ALL
        records = [one for one in found if with_notes or one.document.kind is DocumentKind.STATEMENT]
        session.output.answer({"statements": [statement_document(record) for record in records]})
        show_statements(session.output, records)
        if len(found) > len(records):
            one, many = (
                "note that corrects or takes back a statement is",
                "notes that correct or take back statements are",
            )
            notes = counted(len(found) - len(records), one, many)
            session.output.say(f"{notes} not listed: --documents all lists them too.")
        if period is not None and state_of_run(session.installation, session.caller, period) is RunState.INTERRUPTED:
            session.output.say(interrupted_sentence(period))
        session.output.next_step(
            "rebill statements show ID shows one in full; rebill statements export ID writes it."
            if records
            else f"rebill bill run --period {period or 'YYYY-MM'} makes a month's."
        )


@commands.command("show")
def show(statement_id: StatementArgument, partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """Show one statement with all its lines, as the customer gets it."""
    from rebill.services.billing.read_statements import get_statement
    from rebill.services.presenting.statement_file import statement_file

    with partner_session(partner, as_json) as session:
        if as_json:
            told = statement_file(session.installation, session.caller, statement_id, DocumentForm.JSON)
            sys.stdout.write(told.content.decode().rstrip("\n") + "\n")
            return
        record = get_statement(session.installation, session.caller, statement_id)
        show_statement(session.output, record)
        session.output.next_step(
            f"rebill statements export {statement_id} --format csv -o statement.csv writes it to a file."
        )


@commands.command("export")
def export(
    statement_id: StatementArgument,
    form: Annotated[DocumentForm, typer.Option("--format", help="What to write.")] = DocumentForm.JSON,
    path: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PATH", help="Where to; standard output by default.")
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one statement as a document."""
    from rebill.services.presenting.customer_data_set import write_customer_data_set
    from rebill.services.presenting.statement_file import statement_file

    with partner_session(partner, as_json) as session:
        if path is not None and form.is_data_set:
            write_customer_data_set(session.installation, session.caller, statement_id, form, path)
            session.output.answer({"statement_id": statement_id, "format": form.value, "path": str(path)})
            session.output.say(f"The data set of statement {statement_id} is written to {path}.")
            session.output.next_step("rebill statements list shows the others.")
            return
        file = statement_file(session.installation, session.caller, statement_id, form)
        content = file.content
        if file.told:
            session.output.warn(file.told)
        told = {"statement_id": statement_id, "format": form.value}
        if path is None and as_json and form is not DocumentForm.JSON:
            session.output.answer({**told, **_shown_content(form, content)})
            return
        if path is None:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        write_document(path, content)
        session.output.answer({**told, "path": str(path)})
        session.output.say(f"Statement {statement_id} is written to {path}.")
        session.output.next_step("rebill statements list shows the others.")


@commands.command("number")
def number(
    statement_id: StatementArgument,
    invoice_id: Annotated[str, typer.Argument(metavar="NUMBER", help="The number, as your own system gave it.")],
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Number an issued document by your own system's number, once and for ever."""
    from rebill.services.billing.give_number import give_number

    with changing_session(Act.GIVE_NUMBER, partner, as_json, reason, statement_id) as session:
        record = give_number(session.installation, session.caller, statement_id, invoice_id)
        session.output.answer(statement_document(record))
        session.output.say(f"Document {statement_id} has the number {record.document.invoice_id}.")
        session.output.next_step("rebill statements list shows which documents still have none.")


def _shown_content(form: DocumentForm, content: bytes) -> Document:
    """A document inside a JSON document: as text, or in base64 where it is none."""
    if form.is_text:
        return {"content": content.decode()}
    return {"content_base64": base64.b64encode(content).decode("ascii")}


def write_document(path: Path, content: bytes) -> None:
    """Write a document byte for byte. Raises ``Invalid`` when the place does not take it."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Invalid(
            "cannot_write", f"Cannot write {path} ({error.strerror}); choose another place with -o."
        ) from error


def statement_document(record: StatementRecord) -> Document:
    """A statement in one row as ``--json`` shows it: price in minor digits, all else exact."""
    from rebill.api.closing_shapes import StatementRowAnswer

    return StatementRowAnswer.of(record).model_dump()


def show_statements(output: Output, records: Sequence[StatementRecord]) -> None:
    """A table of statements: customer, partner cost, price, margin; the month too where there are several."""
    months = {record.statement.month for record in records}
    names = ["customer", "partner_cost", "price", "margin", "currency", "status", "statement_id"]
    if len(months) > 1:
        names.insert(0, "period")
    if any(record.document.invoice_id for record in records):
        names.append("invoice_id")
    if any(record.document.corrects_id for record in records):
        names += ["document_type", "corrects"]
    numbers = ("partner_cost", "price", "margin", "statement_id")
    headings = [Heading(name.removesuffix("_id").replace("_", " "), right=name in numbers) for name in names]
    documents = [statement_document(record) for record in records]
    title = f"Statements of {next(iter(months))}" if len(months) == 1 else ""
    output.table(
        headings, [["" if one[name] is None else str(one[name]) for name in names] for one in documents], title
    )


def show_statement(output: Output, record: StatementRecord) -> None:
    """One statement in full, without anything the customer does not see."""
    statement = record.statement
    headings = (
        Heading("n", right=True),
        Heading("provider"),
        Heading("subscription"),
        Heading("service"),
        Heading("category"),
        Heading("quantity", right=True),
        Heading("unit"),
        Heading("amount", right=True),
    )
    rows = [_shown_row(shown, statement.minor_digits) for shown in statement.shown_lines]
    of_type = record.document.type_of(statement.total_minor_units).value.replace("_", " ").capitalize()
    numbered = f", {record.document.invoice_id}" if record.document.invoice_id else ""
    output.say(
        f"{of_type} {record.statement_id} for {record.customer_name}, {statement.month} "
        f"({statement.status.value}{numbered})"
    )
    if record.document.corrects_id is not None:
        output.say(f"Corrects statement {record.document.corrects_id}: {record.document.reason}")
    output.table(headings, rows)
    for block in statement.blocks:
        total = text_of_minor_units(block.total_minor_units, statement.minor_digits)
        output.say(f"{block.heading} (statement {block.corrects_id}), in the total: {total} {statement.currency}")
    output.say(f"Total: {statement.price_text} {statement.currency}")


def _shown_row(shown: ShownLine, minor_digits: int) -> list[str]:
    priced = shown.line.priced
    quantity = "" if priced.quantity is None else text_of(priced.quantity)
    words = (priced.provider, priced.subscription, priced.service, priced.charge_category)
    cells = [word or "–" for word in words]
    if priced.kind is not LineKind.CHARGES:
        cells[2:] = [priced.description, priced.kind.value.replace("_", " ")]
    if shown.corrects is not None:
        cells[2] += f" (correction of {shown.corrects})"
    amount = text_of_minor_units(shown.line.amount_minor_units, minor_digits)
    return [str(shown.number), *cells, quantity, priced.pricing_unit or "", amount]
