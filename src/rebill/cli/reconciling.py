"""``rebill costs reconcile``: a month's imported cost beside Microsoft's invoices."""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Annotated, Any

import typer

from rebill.cli.options import (
    JsonOption,
    MonthOption,
    PartnerOption,
    ReasonOption,
    amount_from_text,
    currency_option,
)
from rebill.cli.output import Document, Heading, Output
from rebill.cli.session import Session, changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.microsoft_invoice import NewMicrosoftInvoice
from rebill.model.months import BillingMonth

_PARTS = ("charges", "without_customer", "rounding", "manual")
_APART = ("tax", "tie_out")


def reconcile(
    period: MonthOption,
    invoice: Annotated[
        str | None, typer.Option("--invoice", metavar="ID", help="Enter this invoice first; needs --total.")
    ] = None,
    total: Annotated[
        Decimal | None,
        typer.Option("--total", parser=amount_from_text, metavar="AMOUNT", help="What it comes to, before tax."),
    ] = None,
    currency: Annotated[str | None, currency_option("--currency", "Its currency.")] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a month's cost with Microsoft's invoices and notes; ends with 1 where a difference is too great."""
    from rebill.api.reconciliation import reconciliation_answer
    from rebill.services.reconciling.enter_invoice import enter_invoice
    from rebill.services.reconciling.reconcile_month import reconcile_month

    new = _entered(period, invoice, total, currency)
    with _session(new, partner, as_json, reason) as session:
        output = session.output
        if new is not None:
            enter_invoice(session.installation, session.caller, new)
        with output.working(f"Reconciling {period}"):
            found, details = reconcile_month(session.installation, session.caller, period)
        document = reconciliation_answer(found, details).model_dump()
        output.answer(document)
        _show(output, document)
        output.next_step(
            f"rebill bill checklist --period {period} shows what else the month needs."
            if found.is_within
            else "import what is missing or enter what Microsoft invoiced, as said above, and reconcile again."
        )
    if not found.is_within:
        raise typer.Exit(1)


def _entered(
    period: BillingMonth, invoice: str | None, total: Decimal | None, currency: str | None
) -> NewMicrosoftInvoice | None:
    if invoice is None and total is None and currency is None:
        return None
    if invoice is None or total is None or currency is None:
        raise typer.BadParameter("--invoice, --total and --currency go together", param_hint="--invoice")
    return NewMicrosoftInvoice(invoice, period, currency, total)


def _session(
    new: NewMicrosoftInvoice | None, partner: str | None, as_json: bool, reason: str
) -> AbstractContextManager[Session]:
    if new is None:
        return partner_session(partner, as_json)
    return changing_session(Act.ENTER_INVOICE, partner, as_json, reason)


def _show(output: Output, document: Document) -> None:
    _show_invoices(output, document)
    output.say()
    _show_currencies(output, document)
    _show_meters(output, document)
    _show_rates(output, document)
    _show_rounding(output, document)
    output.say()
    for fault in document["faults"]:
        output.say(f"Out of tolerance: {fault}")
    tolerance = document["tolerance"]
    allowed = f"{tolerance['percent']} % or {tolerance['amount']}, whichever is more"
    entered = [one for one in document["invoices"] if one["total"] is not None]
    if document["faults"]:
        output.say(f"The tolerance is {allowed}.")
    elif entered or document["meter_count"]:
        output.say(f"Every difference is within the tolerance ({allowed}).")
    else:
        output.say(f"No invoice of {document['billing_period']} is entered: there is nothing to compare its cost with.")


def _show_invoices(output: Output, document: Document) -> None:
    names = ("invoiced", "compared", *_PARTS, *_APART, "difference")
    headings = [Heading("invoice"), Heading("currency"), *(Heading(_words(name), right=True) for name in names)]
    rows = []
    for one in document["invoices"]:
        told = {**one["cost"], "invoiced": one["total"], "difference": one["difference"]}
        rows.append([one["invoice"], one["currency"], *(_cell(told[name]) for name in names), _verdict(one)])
    output.table([*headings, Heading("")], rows, title="By invoice: invoiced less compared is the difference")


def _show_currencies(output: Output, document: Document) -> None:
    costs = ("invoiced", "not_entered", "without_invoice", "other_months", "other_providers")
    names = ("total", "compared", *costs, "tax", "difference")
    headings = [Heading("currency"), *(Heading(_words(name), right=True) for name in names), Heading("")]
    rows = []
    for one in document["currencies"]:
        amounts = {name: one[name]["compared"] for name in costs}
        tax = sum((Decimal(one[name]["tax"]) for name in costs), Decimal(0))
        told = {**amounts, "total": one["total"], "compared": one["compared"], "difference": one["difference"]}
        told["tax"] = format(tax, "f")
        rows.append([one["currency"], *(_cell(told[name]) for name in names), _verdict(one)])
    output.table(headings, rows, title=f"{document['billing_period']}: invoices beside the month's cost")


def _show_meters(output: Output, document: Document) -> None:
    if not document["meter_count"]:
        return
    output.say()
    output.say(
        f"Meters that invoices sum up: {document['meter_count']:,}; differing from their daily usage: "
        f"{document['differing_meters']:,}."
    )
    names = ("invoice", "plan_id", "meter", "tie_out", "usage", "difference", "currency")
    headings = [Heading(_words(name), right=name in ("tie_out", "usage", "difference")) for name in names]
    rows = [[_cell(one[name]) for name in names] for one in document["meters"]]
    output.first_rows(headings, rows, document["differing_meters"], "")


def _show_rates(output: Output, document: Document) -> None:
    if document["exchange_rates"]:
        output.say()
        names = ("pricing_currency", "currency", "rate", "date", "lines", "cost")
        headings = [Heading(_words(name), right=name in ("rate", "lines", "cost")) for name in names]
        rows = [[_cell(one[name]) for name in names] for one in document["exchange_rates"]]
        output.table(headings, rows, title="Exchange rates")


def _show_rounding(output: Output, document: Document) -> None:
    if document["rounding_count"]:
        output.say()
        names = ("invoice", "description", "file", "row", "cost", "currency")
        headings = [Heading(name, right=name in ("row", "cost")) for name in names]
        rows = [[_cell(one[name]) for name in names] for one in document["rounding_adjustments"]]
        count = document["rounding_count"]
        output.first_rows(headings, rows, count, counted(count, "rounding adjustment"))


def _words(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ")


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _verdict(one: Document) -> str:
    if one["total"] is None:
        return "not entered"
    if not one.get("judged", True):
        return "cost names no invoice"
    return "" if one["within_tolerance"] else "out of tolerance"
