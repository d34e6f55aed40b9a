"""``rebill bill``: a month priced into Estimated statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.checklist import show_unassigned
from rebill.cli.options import EngineOption, JsonOption, PartnerOption, ReasonOption, month_from_text
from rebill.cli.output import Heading, Output
from rebill.cli.session import changing_session
from rebill.cli.statements import show_statements, statement_document
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.currencies import minor_digits
from rebill.model.engine_name import EngineName
from rebill.model.money import text_of_minor_units
from rebill.model.months import BillingMonth
from rebill.model.rating import Attention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.cli.output import Document
    from rebill.cli.session import Session
    from rebill.model.correction import PendingCorrection
    from rebill.model.statement import Balance
    from rebill.services.billing.run_bill import BillRun

UNASSIGNED_SHOWN = 100
"""How many accounts whose cost is nobody's an answer names; all of them are counted."""

commands = typer.Typer(help="Bill a month.", no_args_is_help=True)

BALANCE_AMOUNTS = ("imported", "billed", "billing_disabled", "unassigned", "difference")
"""What a balance tells of each currency, in this order."""


ATTENTION_WORDS = {
    Attention.NO_RETAIL: "priced 0, because the retail that the customer's policy wants is absent",
    Attention.NO_EFFECTIVE: "priced 0, because the amortized cost that the customer's policy wants is absent",
    Attention.SPANS_TRANSFER: "usage of several days across a change of owner; it stays with the first day's owner",
}


@commands.callback()
def _group() -> None:
    """Bill a month."""


@commands.command("run")
def run(
    period: Annotated[
        BillingMonth | None,
        typer.Option(
            "--period",
            parser=month_from_text,
            metavar="YYYY-MM",
            help="The billing month; by default each month with cost that came after its last run, or else the newest.",
        ),
    ] = None,
    customer: Annotated[
        int | None,
        typer.Option(
            "--customer", metavar="ID", help="Make only this customer's statements; the whole month is classified."
        ),
    ] = None,
    engine: EngineOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Price a month into Estimated statements, and prove where every line of cost went."""
    from rebill.services.billing.months_due import months_due

    with changing_session(Act.RUN_BILL, partner, as_json, reason) as session:
        months = months_due(session.installation, session.caller) if period is None else [period]
        told = [_run_month(session, month, customer, engine) for month in months]
        all_runs = {} if period else {"runs": [document for _, document in told]}
        done, document = told[-1]
        session.output.answer({**document, **all_runs})
        session.output.next_step(_after_run(done))


def _run_month(
    session: Session, month: BillingMonth, customer: int | None, engine: EngineName | None
) -> tuple[BillRun, Document]:
    """Run one month, and say what came of it; its JSON."""
    from rebill.api.month_checklist import UnassignedAnswer
    from rebill.services.billing.run_bill import run_bill
    from rebill.services.billing.unassigned_accounts import unassigned_of_run

    output = session.output
    with output.working(f"Billing {month}"):
        done = run_bill(session.installation, session.caller, month, customer, engine)
        unassigned = unassigned_of_run(session.installation, session.caller, done.run_id)
    accounts = [UnassignedAnswer.of(one).model_dump() for one in unassigned[:UNASSIGNED_SHOWN]]
    if done.took_over:
        output.say(f"The run of {month} before this one was interrupted; this one took its place.")
    show_statements(output, done.statements)
    output.say()
    show_balance(output, done.balance)
    show_unassigned(output, accounts, len(unassigned))
    for kind, count in done.attention:
        accepted = count - done.open_attention.get(kind, 0)
        output.say(f"{counted(count, 'line')}: {ATTENTION_WORDS[kind]} ({kind}); accepted: {accepted:,}.")
    for one in done.passed_over:
        output.say(one.sentence(done.month))
    show_pending(output, done.pending)
    return done, {
        "period": str(done.month),
        "run_id": done.run_id,
        "took_over": done.took_over,
        "statements": [statement_document(record) for record in done.statements],
        "balance": [balance.as_text() for balance in done.balance],
        "unassigned_accounts": accounts,
        "unassigned_count": len(unassigned),
        "attention": {kind.value: count for kind, count in done.attention},
        "open_attention": dict(done.open_attention),
        "pending_corrections": [pending_document(pending) for pending in done.pending],
        "notices": [one.sentence(done.month) for one in done.passed_over],
    }


def _after_run(done: BillRun) -> str:
    if done.statements:
        return f"rebill statements show {done.statements[0].statement_id} shows one in full."
    if not done.balance:
        return f"rebill costs import FILE… takes in the cost of {done.month}, then run this again."
    return "rebill assign CLIENT_API_ID AZURE_CUSTOMER_ID… assigns accounts, then run this again."


def pending_document(pending: PendingCorrection) -> Document:
    """An issued month whose total is another now, as ``--json`` shows it; amounts in minor digits."""
    digits = minor_digits(pending.currency)
    return {
        "customer_id": pending.customer_id,
        "customer": pending.customer_name,
        "currency": pending.currency,
        "statement_id": pending.statement_id,
        "issued": text_of_minor_units(pending.issued_minor_units, digits),
        "computed": text_of_minor_units(pending.recomputed_minor_units, digits),
        "correction": text_of_minor_units(pending.difference_minor_units, digits),
    }


def show_pending(output: Output, pending: Sequence[PendingCorrection]) -> None:
    """The corrections that issued statements wait for."""
    if not pending:
        return
    names = ("customer", "statement_id", "issued", "computed", "correction", "currency")
    numbers = ("statement_id", "issued", "computed", "correction")
    headings = [Heading(name.removesuffix("_id"), right=name in numbers) for name in names]
    documents = [pending_document(one) for one in pending]
    output.say()
    output.table(headings, [[str(document[name]) for name in names] for document in documents], "Pending corrections")
    output.say("Issued statements stay as they are: rebill bill correct --period issues the difference.")


def balance_headings() -> list[Heading]:
    """The headings of the columns of a balance's amounts."""
    return [Heading(name.replace("_", " "), right=True) for name in BALANCE_AMOUNTS]


def show_balance(output: Output, balances: Sequence[Balance]) -> None:
    """Where the imported cost went, one row a currency."""
    headings = [Heading("currency"), *balance_headings()]
    rows = []
    for balance in balances:
        document = balance.as_text()
        rows.append([balance.currency, *(str(document[name]) for name in BALANCE_AMOUNTS)])
    output.table(headings, rows, title="Balance: imported = billed + billing disabled + unassigned")
