"""Take back that lines which need attention were accepted: they hold their month back again."""

from datetime import datetime

from rebill.model.attention import AcceptanceOrder, Reopening
from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.billing.chosen_lines import ChosenLines, change_acceptance, told_lines
from rebill.store.accepted_lines import open_counts, remove_accepted, set_open_attention
from rebill.store.scope import Scope


def reopen_lines(installation: Installation, caller: Caller, order: AcceptanceOrder) -> Reopening:
    """Open again what the order names of the accepted lines of the month's last run; what is issued stays issued.

    Nothing accepted of what it names: nothing is stored. Raises as ``change_acceptance``.
    """

    def act(scope: Scope, chosen: ChosenLines, now: datetime) -> Reopening:
        opened = [one for one in chosen.wanted if one.line in chosen.accepted]
        lines = {one.line for one in opened}
        left = open_counts((one.line for one in chosen.every), chosen.accepted - lines)
        if opened:
            remove_accepted(scope, order.month, lines)
            set_open_attention(scope, order.month, chosen.run.inputs_sha256, left)
            before = {"period": order.month, **told_lines(opened)}
            after = {"reason": chosen.reason}
            run_id, concerned = chosen.run.run_id, order.customer_id
            record_change(
                scope, caller, Act.REOPEN_LINES, run_id, now, before=before, after=after, customer_id=concerned
            )
        return Reopening(order.month, len(opened), left)

    return change_acceptance(installation, caller, order, act)
