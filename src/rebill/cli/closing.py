"""``rebill bill finalize`` and the other acts that issue documents, for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthOption, PartnerOption
from rebill.cli.output import Output
from rebill.cli.session import changing_session
from rebill.cli.statements import show_statements, statement_document
from rebill.model.audit import Act
from rebill.model.closing import ClosingAct, ClosingOrder

if TYPE_CHECKING:
    from rebill.cli.output import Document
    from rebill.services.closing_act import IssuedClosing

CustomerOption = Annotated[
    int | None, typer.Option("--customer", metavar="ID", help="Only this customer's documents are issued.")
]


def finalize(
    period: MonthOption,
    customer: CustomerOption = None,
    override: Annotated[
        str,
        typer.Option(
            "--override", metavar="REASON", help="Why it is finalized whatever stands in the way; it is kept."
        ),
    ] = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Issue the Estimated statements of a month: they become Final, get their numbers, and never change again."""
    from rebill.services.finalize_month import finalize_month

    order = ClosingOrder(ClosingAct.FINALIZE, period, customer, override)
    with changing_session(Act.FINALIZE_MONTH, partner, as_json, override) as session:
        with session.output.working(f"Finalizing {period}"):
            done = finalize_month(session.installation, session.caller, order)
        show_closing(session.output, done)
        session.output.next_step("rebill statements export ID writes one; rebill bill run computes a correction.")


def show_closing(output: Output, done: IssuedClosing) -> None:
    """What an act issued, and what it overrode."""
    output.answer(closing_document(done))
    show_statements(output, done.documents)
    for blocker in done.closing.blockers:
        output.say(f"Overridden ({blocker.kind}): {blocker.sentence}")
    if done.closing.order.reason:
        output.say(f"Reason: {done.closing.order.reason}")


def closing_document(done: IssuedClosing) -> Document:
    """An act as ``--json`` shows it."""
    closing = done.closing
    return {
        "closing_id": closing.closing_id,
        "act": closing.order.act.value,
        "period": str(closing.order.month),
        "customer_id": closing.order.customer_id,
        "reason": closing.order.reason,
        "overridden": [{"blocker": blocker.kind.value, "sentence": blocker.sentence} for blocker in closing.blockers],
        "documents": [statement_document(record) for record in done.documents],
    }
