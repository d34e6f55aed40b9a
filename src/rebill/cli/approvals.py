"""``rebill bill approve`` and what goes with it: a second person's word before anything is issued."""

from __future__ import annotations

from typing import Annotated

import typer

from rebill.cli.closing import show_closing
from rebill.cli.options import JsonOption, PartnerOption, ReasonOption
from rebill.cli.output import Heading
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act

ProposalArgument = Annotated[int, typer.Argument(metavar="CLOSING_ID", help="As rebill bill proposals shows it.")]


def proposals(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List what waits for a second person to approve it."""
    from rebill.api.closing_shapes import ProposalAnswer
    from rebill.services.billing.approve_closing import list_proposals

    with partner_session(partner, as_json) as session:
        waiting = list_proposals(session.installation, session.caller)
        documents = [ProposalAnswer.of(closing).model_dump() for closing in waiting]
        session.output.answer({"proposals": documents})
        names = ("closing_id", "act", "period", "customer_id", "requested_by", "requested_at", "reason")
        rows = [["" if one[name] is None else str(one[name]) for name in names] for one in documents]
        session.output.table([Heading(name.replace("_", " ")) for name in names], rows)
        session.output.next_step("rebill bill approve CLOSING_ID issues it; another person must do that.")


def approve(
    closing_id: ProposalArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Issue what another person asked for, exactly as it was asked for."""
    from rebill.services.billing.approve_closing import approve_closing

    with changing_session(Act.APPROVE_CLOSING, partner, as_json, reason, closing_id) as session:
        show_closing(session.output, approve_closing(session.installation, session.caller, closing_id))
        session.output.next_step("rebill statements export ID writes one.")


def withdraw(
    closing_id: ProposalArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Take back what waits for a second person."""
    from rebill.api.closing_shapes import ProposalAnswer
    from rebill.services.billing.approve_closing import withdraw_proposal

    with changing_session(Act.WITHDRAW_CLOSING, partner, as_json, reason, closing_id) as session:
        closing = withdraw_proposal(session.installation, session.caller, closing_id)
        session.output.answer(ProposalAnswer.of(closing).model_dump())
        session.output.say(f"Nothing waits for approval under {closing_id} any more.")
        session.output.next_step("rebill bill proposals shows what still waits.")
