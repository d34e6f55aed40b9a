"""``rebill allocations``: whose the charges are that name neither subscription nor tenant."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.every_page import every_item
from rebill.cli.options import JsonOption, PartnerOption, day_from_text
from rebill.cli.output import Heading
from rebill.cli.session import partner_session
from rebill.model.identifiers import AccountKind

if TYPE_CHECKING:
    from rebill.cli.output import Document
    from rebill.model.assignment import Assignment

commands = typer.Typer(help="Charges that name neither subscription nor tenant.", no_args_is_help=True)


@commands.command("list")
def list_all(
    customer: Annotated[int | None, typer.Option("--customer", metavar="ID", help="Only this customer's.")] = None,
    as_of: Annotated[
        date | None,
        typer.Option("--as-of", parser=day_from_text, metavar="DAY", help="In force on this day; today unless given."),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Past and future ones too.")] = False,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List allocations: commitments first, then kinds of charges, each in order of creation."""
    from rebill.services.parties.list_assignments import list_assignments

    with partner_session(partner, as_json) as session:
        found: list[tuple[AccountKind, Assignment]] = []
        for kind in (AccountKind.COMMITMENT, AccountKind.CHARGE_KIND):
            each = every_item(
                lambda page, kind=kind: list_assignments(  # type: ignore[misc]  # a default that mypy cannot infer
                    session.installation, session.caller, kind, customer, page, as_of, history
                )
            )
            found += [(kind, one) for one in each]
        session.output.answer({"allocations": [_document(kind, one) for kind, one in found]})
        headings = [Heading(name) for name in ("customer", "kind", "id", "from", "to")]
        session.output.table(headings, [_row(kind, one) for kind, one in found])
        session.output.next_step("rebill assign CLIENT_API_ID ID --commitment (or --charge-kind) allocates more.")


def _document(kind: AccountKind, one: Assignment) -> Document:
    return {
        "client_api_id": one.customer_id,
        "customer": one.customer_name,
        "kind": kind.value,
        "id": one.identifier,
        "effective_from": _day(one.days.first) or None,
        "effective_to": _day(one.days.until) or None,
    }


def _row(kind: AccountKind, one: Assignment) -> list[str]:
    return [one.customer_name, kind.value, one.identifier, _day(one.days.first), _day(one.days.until)]


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
