"""``rebill bill attention``, ``accept`` and ``reopen``: lines that a person must look at before a month is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthOption, PartnerOption
from rebill.cli.output import Heading
from rebill.cli.session import changing_session, partner_session
from rebill.model.attention import AcceptanceOrder
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.money import text_of
from rebill.model.rating import Attention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rebill.cli.output import Output
    from rebill.model.attention import AttentionLine, AttentionList


def attention(
    period: MonthOption,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many lines are listed.")] = 100,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the lines of a month's last run that hold it back until they are mended or accepted."""
    from rebill.services.billing.read_attention import list_attention

    with partner_session(partner, as_json) as session:
        found = list_attention(session.installation, session.caller, period, limit)
        output = session.output
        output.answer(found.document())
        if not found.counts:
            output.say(f"No line of {period} needs attention.")
            output.next_step(f"rebill bill checklist --period {period} shows what else the month needs.")
            return
        names = ("kind", "line", "customer", "account", "from", "until", "billed cost", "currency", "accepted")
        headings = [Heading(name, right=name == "billed cost") for name in names]
        output.table(headings, [_row(found, one) for one in found.lines], f"Lines of {period} that need attention")
        for kind, count in sorted(found.counts.items()):
            output.say(f"{kind}: {counted(count, 'line')}; open: {found.open_counts.get(kind, 0):,}.")
        output.next_step(f"rebill bill accept --period {period} --reason REASON accepts what is open.")


_KindOption = Annotated[Attention | None, typer.Option("--kind", help="Only lines of this kind.")]
_CustomerOption = Annotated[
    int | None, typer.Option("--customer", metavar="ID", help="Only lines that are this customer's.")
]
_LineOption = Annotated[
    list[str] | None, typer.Option("--line", metavar="FILE:ROW", help="Only this line; may be given several times.")
]


def accept(
    period: MonthOption,
    reason: Annotated[str, typer.Option("--reason", metavar="REASON", help="Why they may stay as they are.")],
    kind: _KindOption = None,
    customer: _CustomerOption = None,
    line: _LineOption = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept lines that need attention as they are; a line that is new or another customer's is open again."""
    from rebill.services.billing.accept_lines import accept_lines

    order = AcceptanceOrder(period, reason, kind, customer, tuple(line or ()))
    with changing_session(Act.ACCEPT_LINES, partner, as_json, reason) as session:
        done = accept_lines(session.installation, session.caller, order)
        session.output.answer(
            {
                "acceptance_id": done.acceptance_id,
                "period": str(done.month),
                "accepted": done.accepted_count,
                "open": done.open_counts,
            }
        )
        session.output.say(f"{counted(done.accepted_count, 'line')} of {period} accepted.")
        _say_open(session.output, done.open_counts)
        session.output.next_step(f"rebill bill finalize --period {period} issues the month.")


def reopen(
    period: MonthOption,
    reason: Annotated[str, typer.Option("--reason", metavar="REASON", help="Why they may not stay as they are.")],
    kind: _KindOption = None,
    customer: _CustomerOption = None,
    line: _LineOption = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back that lines were accepted; they hold the month back again until they are mended or accepted."""
    from rebill.services.billing.reopen_lines import reopen_lines

    order = AcceptanceOrder(period, reason, kind, customer, tuple(line or ()))
    with changing_session(Act.REOPEN_LINES, partner, as_json, reason) as session:
        done = reopen_lines(session.installation, session.caller, order)
        document = {"period": str(done.month), "reopened": done.reopened_count, "open": done.open_counts}
        session.output.answer(document)
        session.output.say(f"{counted(done.reopened_count, 'line')} of {period} opened again.")
        _say_open(session.output, done.open_counts)
        session.output.next_step(f"rebill bill attention --period {period} lists them.")


def _say_open(output: Output, open_counts: Mapping[str, int]) -> None:
    for name, count in sorted(open_counts.items()):
        output.say(f"{counted(count, 'line is', 'lines are')} open ({name}).")


def _row(found: AttentionList, one: AttentionLine) -> list[str]:
    return [
        one.line.kind.value,
        one.place,
        "" if one.line.customer_id is None else str(one.line.customer_id),
        one.subscription or one.azure_customer or "",
        str(one.start.date()),
        "" if one.end is None else str(one.end.date()),
        text_of(one.billed_cost),
        one.currency,
        "yes" if one.line in found.accepted else "no",
    ]
