"""Accept lines that need attention as they are, so that they do not hold their month back any more."""

from datetime import datetime

from rebill.model.attention import Acceptance, AcceptanceOrder
from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.billing.chosen_lines import ChosenLines, change_acceptance, told_lines
from rebill.services.billing.closing_act import person_of
from rebill.store.accepted_lines import add_acceptance, open_counts, set_open_attention
from rebill.store.scope import Scope


def accept_lines(installation: Installation, caller: Caller, order: AcceptanceOrder) -> Acceptance:
    """Accept what the order names of the lines that are open by the month's last run; later runs know them again.

    Nothing open of what it names: nothing is stored. Raises as ``change_acceptance``.
    """

    def act(scope: Scope, chosen: ChosenLines, now: datetime) -> Acceptance:
        fresh = [one for one in chosen.wanted if one.line not in chosen.accepted]
        now_accepted = chosen.accepted | {one.line for one in fresh}
        left = open_counts((one.line for one in chosen.every), now_accepted)
        if not fresh:
            return Acceptance(None, order.month, 0, left)
        lines = [one.line for one in fresh]
        acceptance_id = add_acceptance(scope, order.month, lines, chosen.reason, person_of(caller), now)
        set_open_attention(scope, order.month, chosen.run.inputs_sha256, left)
        told = {"period": order.month, "reason": chosen.reason, **told_lines(fresh)}
        record_change(
            scope, caller, Act.ACCEPT_LINES, chosen.run.run_id, now, after=told, customer_id=order.customer_id
        )
        return Acceptance(acceptance_id, order.month, len(fresh), left)

    return change_acceptance(installation, caller, order, act)
