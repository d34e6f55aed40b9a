"""``rebill bill finalize`` and the other acts that issue documents, for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.deliver import deliver_issued
from rebill.cli.options import JsonOption, MonthOption, PartnerOption
from rebill.cli.output import Output
from rebill.cli.session import changing_session
from rebill.cli.statements import show_statements
from rebill.model.audit import Act
from rebill.model.closing import ClosingAct, ClosingOrder

if TYPE_CHECKING:
    from rebill.services.billing.closing_act import IssuedClosing

CustomerOption = Annotated[
    int | None, typer.Option("--customer", metavar="ID", help="Only this customer's documents are issued.")
]

_NEXT_WHILE_IT_WAITS = "rebill bill proposals shows what waits for approval."
WhyOption = Annotated[
    str, typer.Option("--reason", metavar="REASON", help="Why; every note that comes of it names it.")
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
    from rebill.services.billing.finalize_month import finalize_month

    order = ClosingOrder(ClosingAct.FINALIZE, period, customer, override)
    with changing_session(Act.FINALIZE_MONTH, partner, as_json, override) as session:
        with session.output.working(f"Finalizing {period}"):
            done = finalize_month(session.installation, session.caller, order)
        show_closing(session.output, done)
        if not done.waits:
            deliver_issued(session, period, customer)
        session.output.next_step(_NEXT_WHILE_IT_WAITS if done.waits else "rebill statements export ID writes one.")


def correct(
    period: MonthOption,
    reason: WhyOption,
    customer: CustomerOption = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Issue credit and debit notes for what the last run says that issued statements should have been."""
    from rebill.services.billing.correct_month import correct_month

    order = ClosingOrder(ClosingAct.CORRECT, period, customer, reason)
    with changing_session(Act.CORRECT_MONTH, partner, as_json, reason) as session:
        with session.output.working(f"Correcting {period}"):
            done = correct_month(session.installation, session.caller, order)
        show_closing(session.output, done)
        session.output.next_step(
            _NEXT_WHILE_IT_WAITS if done.waits else "rebill statements list --documents all lists every document."
        )


def void(
    statement_id: Annotated[int, typer.Argument(metavar="STATEMENT_ID", help="The issued statement to take back.")],
    reason: WhyOption,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back an issued statement with all its notes, so that its month can be issued anew."""
    from rebill.services.billing.void_statement import void_statement

    with changing_session(Act.VOID_STATEMENT, partner, as_json, reason, statement_id) as session:
        done = void_statement(session.installation, session.caller, statement_id, reason)
        show_closing(session.output, done)
        period = done.order.month
        anew = f"rebill bill run --period {period}, then rebill bill finalize, issues {period} anew."
        session.output.next_step(_NEXT_WHILE_IT_WAITS if done.waits else anew)


def show_closing(output: Output, done: IssuedClosing) -> None:
    """What an act issued, what waits, and what it overrode."""
    from rebill.api.closing_shapes import ClosingAnswer

    output.answer(ClosingAnswer.of(done).model_dump())
    if done.waits and done.closing is not None:
        output.say(
            f"Nothing is issued yet: another person approves it with rebill bill approve {done.closing.closing_id}."
        )
    elif done.documents:
        show_statements(output, done.documents)
    elif not done.blocks:
        output.say("Nothing was issued: the difference is 0.")
    for block in done.blocks:
        statement = block.statement
        output.say(
            f"On the next statement of {block.customer_name}, as a correction of {statement.month}: "
            f"{statement.price_text} {statement.currency}"
        )
    for blocker in done.overridden:
        output.say(f"Overridden ({blocker.kind}): {blocker.sentence}")
    if done.order.reason:
        output.say(f"Reason: {done.order.reason}")
