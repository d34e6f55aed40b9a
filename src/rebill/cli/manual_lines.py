"""``rebill manual-lines``: amounts that no file has, entered for a customer's month."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.every_page import every_item
from rebill.cli.options import (
    JsonOption,
    MonthFilter,
    MonthOption,
    PartnerOption,
    ReasonOption,
    amount_from_text,
    currency_option,
)
from rebill.cli.output import Document, Heading
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.manual_line import NewManualLine

if TYPE_CHECKING:
    from rebill.model.manual_line import ManualLine

commands = typer.Typer(help="Amounts that no file has, on customers' statements.", no_args_is_help=True)


@commands.command("add")
def add(
    customer: Annotated[int, typer.Argument(metavar="CLIENT_API_ID", help="The customer's id.")],
    period: MonthOption,
    amount: Annotated[
        Decimal,
        typer.Option("--amount", parser=amount_from_text, metavar="AMOUNT", help="Before tax; below 0 for a credit."),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; the customer reads it on the statement.")
    ],
    currency: Annotated[
        str | None,
        currency_option("--currency", "The customer's home currency unless given."),
    ] = None,
    cost: Annotated[
        Decimal | None,
        typer.Option(
            "--cost", parser=amount_from_text, metavar="AMOUNT", help="What you pay for it; no customer sees it."
        ),
    ] = None,
    invoice: Annotated[
        str, typer.Option("--invoice", metavar="ID", help="The Microsoft invoice that it belongs to.")
    ] = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a line for a customer's month; the next run bills it."""
    from rebill.services.costs.enter_manual_line import enter_manual_line

    new = NewManualLine(customer, period, amount, reason, currency, cost, invoice)
    with changing_session(Act.ENTER_MANUAL_LINE, partner, as_json, reason) as session:
        line = enter_manual_line(session.installation, session.caller, new)
        session.output.answer(_document(line))
        session.output.say(f"Entry {line.entry_number} stands; its id is {line.manual_line_id}.")
        session.output.next_step(f"rebill bill run --period {period} puts it on the statement.")


@commands.command("list")
def list_all(
    period: MonthFilter = None,
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="Only this customer's entries.")
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the entries, withdrawn ones too, by their numbers."""
    from rebill.services.costs.read_manual_lines import list_manual_lines

    with partner_session(partner, as_json) as session:
        lines = list(
            every_item(lambda page: list_manual_lines(session.installation, session.caller, page, customer, period))
        )
        documents = [_document(line) for line in lines]
        session.output.answer({"manual_lines": documents})
        names = ("entry_number", "id", "client_api_id", "billing_period", "amount", "currency", "cost", "invoice_id")
        numbers = ("entry_number", "id", "client_api_id", "amount", "cost")
        headings = [Heading(name.replace("_", " "), right=name in numbers) for name in (*names, "reason", "withdrawn")]
        rows = [
            [
                *("" if document[name] is None else str(document[name]) for name in names),
                line.entered.reason,
                "" if line.withdrawn_at is None else "yes",
            ]
            for line, document in zip(lines, documents, strict=True)
        ]
        session.output.table(headings, rows)
        session.output.next_step("rebill manual-lines withdraw ID takes one back.")


@commands.command("withdraw")
def withdraw(
    line_id: Annotated[int, typer.Argument(metavar="ID", help="As rebill manual-lines list shows it.")],
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an entry back: it vanishes at the next run, or is corrected where its month is issued."""
    from rebill.services.costs.withdraw_manual_line import withdraw_manual_line

    with changing_session(Act.WITHDRAW_MANUAL_LINE, partner, as_json, reason, line_id) as session:
        line = withdraw_manual_line(session.installation, session.caller, line_id)
        session.output.answer(_document(line))
        session.output.say(f"Entry {line.entry_number} is withdrawn.")
        session.output.next_step(f"rebill bill run --period {line.entered.month} computes the month without it.")


def _document(line: ManualLine) -> Document:
    from rebill.api.manual_lines import manual_line_answer

    return manual_line_answer(line).model_dump()
