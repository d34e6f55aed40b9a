"""Look at the lines of a month that need attention, before they are mended or accepted."""

from collections import Counter
from collections.abc import Iterable

from rebill.model.attention import AttentionLine, AttentionList
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.runs.attention_lines import attention_lines_of, last_run
from rebill.store.accepted_lines import accepted_lines_of
from rebill.store.closing import runs_of_month
from rebill.store.scope import Scope


def list_attention(
    installation: Installation, caller: Caller, month: BillingMonth, greatest: int, customer_id: int | None = None
) -> AttentionList:
    """Lines of the last run of ``month`` that need attention, at most ``greatest`` of them, those that are open first.

    ``customer_id``: only lines of this customer, and their counts.
    Raises ``Forbidden``, and ``Conflict`` where the month was not run.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        run = last_run(month, runs_of_month(scope, month))
        accepted = accepted_lines_of(scope, month)
    found = sorted(attention_lines_of(installation, run), key=lambda one: one.line in accepted)
    counts, open_counts = run.attention, run.open_attention
    if customer_id is not None:
        found = [one for one in found if one.line.customer_id == customer_id]
        counts = _by_kind(found)
        open_counts = _by_kind(one for one in found if one.line not in accepted)
    lines = found[:greatest]
    shown = frozenset(one.line for one in lines if one.line in accepted)
    return AttentionList(month, run.run_id, tuple(lines), shown, counts, open_counts)


def _by_kind(lines: Iterable[AttentionLine]) -> dict[str, int]:
    return dict(Counter(one.line.kind.value for one in lines))
