"""``rebill bill compare``: a month beside what the tool that billed before made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.options import JsonOption, MonthOption, PartnerOption
from rebill.cli.output import Heading
from rebill.cli.session import partner_session
from rebill.model.counting import counted


def compare(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV with the columns customer, currency, total.")],
    period: MonthOption,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a month's statements with the totals of the tool that billed before, customer by customer."""
    from rebill.api.month_comparison import ComparedTotalAnswer
    from rebill.services.billing.compare_totals import compare_totals

    with partner_session(partner, as_json) as session:
        found = compare_totals(session.installation, session.caller, period, file)
        documents = [ComparedTotalAnswer.of(one).model_dump() for one in found]
        session.output.answer({"period": str(period), "totals": documents})
        names = ("customer", "currency", "former", "rebill", "difference", "missing")
        numbers = ("former", "rebill", "difference")
        headings = [Heading(name, right=name in numbers) for name in names]
        session.output.table(
            headings, [["" if one[name] is None else str(one[name]) for name in names] for one in documents]
        )
        differing = sum(one.difference != 0 or None in (one.former, one.stated) for one in found)
        session.output.say(f"{len(found) - differing:,} of {counted(len(found), 'total')} the same.")
        unknown = dict.fromkeys(one.customer for one in found if one.customer_id is None)
        if unknown:
            session.output.say(f"No customer of yours is called so: {', '.join(unknown)}.")
        session.output.next_step(
            f"rebill explain STATEMENT_ID derives a statement of {period}, line by line."
            if any(one.stated is not None for one in found)
            else f"rebill bill run --period {period} makes its statements; none stands yet."
        )
