"""``rebill verify``: statements that can be checked by somebody who trusts nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import EngineOption, JsonOption, MonthFilter, PartnerOption
from rebill.cli.output import Heading
from rebill.cli.session import partner_session

if TYPE_CHECKING:
    from rebill.services.proof.verify_statements import Verification


def verify(
    statement_id: Annotated[
        int | None,
        typer.Argument(metavar="[STATEMENT_ID]", help="The statement or note to verify.", show_default=False),
    ] = None,
    period: MonthFilter = None,
    engine: EngineOption = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute statements again from what their runs recorded, and compare them byte for byte."""
    from rebill.services.proof.told import verification_document
    from rebill.services.proof.verify_statements import VerifiedMonth, verify_month, verify_statement

    if (statement_id is None) == (period is None):
        raise typer.BadParameter("name a statement's id, or a month with --period")
    with partner_session(partner, as_json) as session:
        output = session.output
        with output.working(f"Computing {period or f'statement {statement_id}'} again"):
            found = (
                verify_month(session.installation, session.caller, period, engine)
                if period is not None
                else VerifiedMonth((verify_statement(session.installation, session.caller, statement_id or 0, engine),))
            )
        output.answer(
            {
                "equal": found.is_equal,
                "engine": (engine or session.installation.settings.engine).value,
                "statements": [verification_document(one) for one in found.verifications],
                "missing": list(found.missing),
            }
        )
        headings = [
            Heading("statement", right=True),
            Heading("customer"),
            Heading("month"),
            Heading("total", right=True),
        ]
        headings += [Heading("currency"), Heading("status"), Heading("verdict")]
        output.table(headings, [_row(one) for one in found.verifications])
        for sentence in found.missing:
            output.say(f"Missing: {sentence}")
        output.next_step(
            "rebill explain STATEMENT_ID derives its lines."
            if found.is_equal
            else "restore the lake or the record from a backup made before the difference, and verify again."
        )
    if not found.is_equal:
        raise typer.Exit(1)


def _row(one: Verification) -> list[str]:
    from rebill.services.proof.told import verification_document

    shown = verification_document(one)
    verdict = "equal" if not one.difference else f"different: {one.difference}"
    names = ("statement_id", "customer", "period", "total", "currency", "status")
    return [*(str(shown[name]) for name in names), verdict]
