"""``rebill margins``: what is left to the partner, by customer, service, month or rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, MonthFilter, PartnerOption
from rebill.cli.output import Heading
from rebill.cli.session import partner_session
from rebill.model.margin import MarginsBy
from rebill.model.money import kept_amount, text_of

if TYPE_CHECKING:
    from rebill.cli.output import Document
    from rebill.model.margin import Margin

_NAMES = {
    MarginsBy.CUSTOMER: ("customer_id", "customer"),
    MarginsBy.SERVICE: ("service",),
    MarginsBy.MONTH: ("period",),
    MarginsBy.RULE: ("price_book", "rule"),
}
"""What names a row, by what margins are told by."""


def margins(
    by: Annotated[MarginsBy, typer.Option("--by", help="What margins are told by.")] = MarginsBy.CUSTOMER,
    period: MonthFilter = None,
    customer: Annotated[int | None, typer.Option("--customer", metavar="ID", help="Only this customer's.")] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show price, cost and margin of what stands on documents; services and rules of one month."""
    if by.of_one_month and period is None:
        raise typer.BadParameter(f"margins by {by.value} are of one month: name it", param_hint="--period")
    from rebill.services.proof.read_margins import MarginsOrder, read_margins

    with partner_session(partner, as_json) as session:
        output = session.output
        with output.working("Reading margins"):
            found = read_margins(session.installation, session.caller, MarginsOrder(by, period, customer))
        output.answer({"by": by.value, "margins": [margin_document(one, by) for one in found]})
        amounts = ("price", "cost", "margin", "margin_percentage")
        headings = [Heading(name.removesuffix("_id").replace("_", " ")) for name in _NAMES[by]]
        headings += [Heading(name.replace("_percentage", " %"), right=True) for name in amounts]
        rows = []
        for one in found:
            shown = margin_document(one, by)
            cells = ["–" if shown[name] is None else str(shown[name]) for name in (*_NAMES[by], *amounts)]
            rows.append([*cells, one.currency])
        output.table([*headings, Heading("currency")], rows)
        output.next_step("rebill explain STATEMENT_ID derives a price; rebill bill diff tells why it changed.")


def margin_document(one: Margin, by: MarginsBy) -> Document:
    """A row as ``--json`` shows it: exact decimal text."""
    names = {
        "customer_id": one.customer_id,
        "customer": one.customer_name,
        "service": one.service,
        "period": None if one.month is None else str(one.month),
        "price_book": one.price_book,
        "rule": one.rule,
    }
    return {
        **{name: names[name] for name in _NAMES[by]},
        "currency": one.currency,
        "price": text_of(kept_amount(one.price)),
        "cost": text_of(kept_amount(one.cost)),
        "margin": text_of(kept_amount(one.margin)),
        "margin_percentage": None if one.percent is None else text_of(one.percent),
    }
