"""Lines of months that a person accepted as they are."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from rebill.model.attention import LineToAccept
from rebill.model.months import BillingMonth
from rebill.model.rating import Attention
from rebill.store.identity import draw_id
from rebill.store.scope import Scope
from rebill.store.tables import acceptances, accepted_lines, runs

_COLUMNS = ("acceptance_id", "billing_month", "kind", "source_sha256", "source_row", "customer_id")
_REMOVED_AT_ONCE: Final = 500


def accepted_lines_of(scope: Scope, month: BillingMonth) -> frozenset[LineToAccept]:
    """Every line of a month that was accepted, of runs long gone too."""
    query = scope.select(accepted_lines).where(accepted_lines.c.billing_month == str(month))
    return frozenset(map(_line_of, scope.connection.execute(query)))


def _line_of(row: Row[Any]) -> LineToAccept:
    return LineToAccept(Attention(row.kind), row.source_sha256, row.source_row, row.customer_id)


def add_acceptance(
    scope: Scope, month: BillingMonth, lines: Sequence[LineToAccept], reason: str, accepted_by: str, now: datetime
) -> int:
    """Keep that these lines are accepted, by whom and why; answers the act's id. ``hold_closing`` must be held."""
    acceptance_id = draw_id(scope.connection, acceptances.c.acceptance_id)
    row = {"acceptance_id": acceptance_id, "billing_month": str(month), "reason": reason}
    scope.insert(acceptances, [{**row, "accepted_by": accepted_by, "accepted_at": now}])
    rows = [
        (acceptance_id, str(month), line.kind.value, line.source_sha256, line.source_row, line.customer_id)
        for line in lines
    ]
    scope.load(accepted_lines, _COLUMNS, rows)
    return acceptance_id


def remove_accepted(scope: Scope, month: BillingMonth, lines: Collection[LineToAccept]) -> None:
    """Forget that these lines are accepted; the acts that accepted them stay. ``hold_closing`` must be held."""
    query = scope.select(accepted_lines).where(accepted_lines.c.billing_month == str(month))
    ids = [row.accepted_line_id for row in scope.connection.execute(query) if _line_of(row) in lines]
    for start in range(0, len(ids), _REMOVED_AT_ONCE):
        some = ids[start : start + _REMOVED_AT_ONCE]
        scope.connection.execute(scope.delete(accepted_lines).where(accepted_lines.c.accepted_line_id.in_(some)))


def open_counts(lines: Iterable[LineToAccept], accepted: frozenset[LineToAccept]) -> dict[str, int]:
    """How many of ``lines`` are not accepted, by kind; kinds without any are left out."""
    return dict(Counter(line.kind.value for line in lines if line not in accepted))


def set_open_attention(scope: Scope, month: BillingMonth, inputs_sha256: str, counts: dict[str, int]) -> None:
    """Note on the runs of a month that were computed from these inputs how many of their lines are open."""
    same = scope.update(runs).where(runs.c.billing_month == str(month), runs.c.manifest_sha256 == inputs_sha256)
    scope.connection.execute(same.values(open_attention=counts))
