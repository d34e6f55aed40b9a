"""``rebill invoices``: Microsoft's invoices and credit notes, to compare imported cost with."""

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
from rebill.model.microsoft_invoice import InvoiceKind, NewMicrosoftInvoice

if TYPE_CHECKING:
    from rebill.model.microsoft_invoice import MicrosoftInvoice

commands = typer.Typer(help="Microsoft's invoices and credit notes, to compare cost with.", no_args_is_help=True)


@commands.command("enter")
def enter(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Microsoft's number, such as G016907411.")],
    period: MonthOption,
    total: Annotated[
        Decimal,
        typer.Option("--total", parser=amount_from_text, metavar="AMOUNT", help="Before tax; below 0 takes back."),
    ],
    currency: Annotated[str, currency_option("--currency", "The invoice's currency.")],
    kind: Annotated[InvoiceKind, typer.Option("--kind", help="What it is.")] = InvoiceKind.INVOICE,
    amends: Annotated[
        str, typer.Option("--amends", metavar="NUMBER", help="Of a note: the invoice that it belongs to.")
    ] = "",
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter an invoice or a note; one of the same number replaces what was entered."""
    from rebill.services.reconciling.enter_invoice import enter_invoice

    new = NewMicrosoftInvoice(number, period, currency, total, kind, amends)
    with changing_session(Act.ENTER_INVOICE, partner, as_json, reason) as session:
        kept = enter_invoice(session.installation, session.caller, new)
        session.output.answer(_document(kept))
        session.output.say(f"{kept.entered.number} stands; its id is {kept.microsoft_invoice_id}.")
        session.output.next_step(f"rebill costs reconcile --period {period} compares the month's cost with it.")


@commands.command("list")
def list_all(period: MonthFilter = None, partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List what was entered, withdrawn ones too, in order of entry."""
    from rebill.services.reconciling.read_invoices import list_invoices

    with partner_session(partner, as_json) as session:
        found = every_item(lambda page: list_invoices(session.installation, session.caller, page, period))
        documents = [_document(one) for one in found]
        session.output.answer({"microsoft_invoices": documents})
        names = ("id", "number", "billing_period", "kind", "amends", "total", "currency", "origin")
        headings = [Heading(name.replace("_", " "), right=name in ("id", "total")) for name in (*names, "withdrawn")]
        rows = [
            [*(str(document[name]) for name in names), "" if document["withdrawn_at"] is None else "yes"]
            for document in documents
        ]
        session.output.table(headings, rows)
        session.output.next_step("rebill costs reconcile --period YYYY-MM compares a month's cost with its invoices.")


@commands.command("withdraw")
def withdraw(
    invoice_id: Annotated[int, typer.Argument(metavar="ID", help="As rebill invoices list shows it.")],
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an invoice or a note back: it is compared with nothing any more."""
    from rebill.services.reconciling.withdraw_invoice import withdraw_invoice

    with changing_session(Act.WITHDRAW_INVOICE, partner, as_json, reason, invoice_id) as session:
        withdraw_invoice(session.installation, session.caller, invoice_id)
        session.output.answer({"withdrawn": invoice_id})
        session.output.say(f"{invoice_id} is withdrawn.")
        session.output.next_step("rebill invoices list shows what was entered.")


def _document(found: MicrosoftInvoice) -> Document:
    from rebill.api.microsoft_invoices import microsoft_invoice_answer

    return microsoft_invoice_answer(found).model_dump()
