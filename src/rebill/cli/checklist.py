"""``rebill bill checklist``: everything a month needs before it is closed."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from rebill.cli.option_words import in_options
from rebill.cli.options import JsonOption, MonthOption, PartnerOption
from rebill.cli.output import Document, Heading, Output
from rebill.cli.session import partner_session
from rebill.model.counting import counted

_MARKS = {"done": "done", "look": "look", "open": "OPEN"}


def checklist(period: MonthOption, partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """Everything a month needs before it is closed, with what to do next; ends with 1 while it is not ready."""
    from rebill.api.month_checklist import month_checklist_answer
    from rebill.services.billing.month_checklist import month_checklist

    with partner_session(partner, as_json) as session:
        output = session.output
        with output.working(f"Looking through {period}"):
            found = month_checklist(session.installation, session.caller, period)
        document = month_checklist_answer(found).model_dump()
        output.answer(document)
        for alarm in document["alarms"]:
            output.event("alarm", partner_id=session.caller.partner_id, billing_period=str(period), **alarm)
        _show(output, document)
        open_steps = [one for one in document["steps"] if one["state"] == "open"]
        output.next_step(open_steps[0]["next"] if open_steps else f"nothing: {period} is closed.")
    if not found.is_ready:
        raise typer.Exit(1)


def _show(output: Output, document: Document) -> None:
    rows = []
    for step in document["steps"]:
        first, *more = step["found"]
        rows.append([_MARKS[step["state"]], step["step"].replace("_", " "), first])
        rows.extend(["", "", sentence] for sentence in more)
        if step["next"]:
            rows.append(["", "", f"→ {step['next']}"])
    output.table([Heading(""), Heading("step"), Heading("found")], rows, title=f"Closing {document['billing_period']}")
    show_unassigned(output, document["unassigned_accounts"], document["unassigned_count"])
    if document["new_azure_customers"]:
        output.say()
        names = ("azure_customer_id", "name", "domain", "first_seen_at")
        customers = [[str(one[name]) for name in names] for one in document["new_azure_customers"]]
        count = document["new_azure_customer_count"]
        headings = [Heading(name.removesuffix("_id").replace("_", " ")) for name in names]
        output.first_rows(headings, customers, count, f"{counted(count, 'new Azure customer')} assigned to nobody")
    _show_incomplete(output, document["without_electronic_invoice"], document["without_electronic_invoice_count"])


def _show_incomplete(output: Output, incomplete: Sequence[Document], count: int) -> None:
    """The statements without an electronic invoice, with what they lack."""
    if not incomplete:
        return
    output.say()
    headings = [Heading(name) for name in ("customer", "client_api_id", "statement", "issued", "lacks")]
    rows = [
        [
            one["client_name"],
            str(one["client_api_id"]),
            str(one["statement_id"]),
            "issued" if one["issued"] else "to be corrected" if one["correction"] else "",
            "; ".join(f"{in_options(name)} {fault}" for name, fault in one["fields"].items()),
        ]
        for one in incomplete
    ]
    output.first_rows(headings, rows, count, f"{counted(count, 'document')} without an electronic invoice")


def show_unassigned(output: Output, accounts: Sequence[Document], count: int) -> None:
    """The accounts whose cost is nobody's, new ones first."""
    if not accounts:
        return
    output.say()
    names = ("subscription", "azure_customer_id", "lines", "cost", "currency", "new")
    headings = [Heading(name.removesuffix("_id").replace("_", " "), right=name in ("lines", "cost")) for name in names]
    rows = [
        [*("" if one[name] is None else str(one[name]) for name in names[:-1]), "new" if one["new"] else ""]
        for one in accounts
    ]
    output.first_rows(
        headings, rows, count, f"{counted(count, 'account')} whose cost is nobody's, those new since last month first"
    )
