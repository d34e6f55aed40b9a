"""Look at the lines of a month that need attention, before they are mended or accepted."""

from rebill.model.attention import AttentionList
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.runs.attention_lines import attention_lines_of, last_run
from rebill.store.accepted_lines import accepted_lines_of
from rebill.store.closing import runs_of_month
from rebill.store.scope import Scope


def list_attention(installation: Installation, caller: Caller, month: BillingMonth, greatest: int) -> AttentionList:
    """Lines of the last run of ``month`` that need attention, at most ``greatest`` of them, those that are open first.

    Raises ``Forbidden``, and ``Conflict`` where the month was not run.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        run = last_run(month, runs_of_month(scope, month))
        accepted = accepted_lines_of(scope, month)
    lines = sorted(attention_lines_of(installation, run), key=lambda one: one.line in accepted)[:greatest]
    shown = frozenset(one.line for one in lines if one.line in accepted)
    return AttentionList(month, run.run_id, tuple(lines), shown, run.attention, run.open_attention)
