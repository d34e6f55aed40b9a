"""Months that a sync moved oddly: by more than the partner's setting."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rebill.model.data_set import SOURCE_KIND_BILLING_EXPORT, SOURCE_KIND_EXPORT, UNBILLED_SCOPE, DataSet
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.movement import Alarm, AlarmKind, has_moved, moved_alarm
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.reconciling.month_alarms import alarms_of
from rebill.store.closing import closing_settings_of
from rebill.store.scope import Scope

_SYNCED: Final = (SOURCE_KIND_BILLING_EXPORT, SOURCE_KIND_EXPORT)
_TOLD_OF_OPEN_MONTHS: Final = (AlarmKind.CREDIT_MOVED,)
_TOLD_OF_MONTHS: Final = (AlarmKind.DELIVERY_STOPPED, AlarmKind.COST_MOVED, AlarmKind.CREDIT_MOVED)
_What = tuple[str, str, BillingMonth, str]
"""The kind of a source, the view, the month and the currency."""


def odd_months(
    installation: Installation, caller: Caller, before: Sequence[DataSet], after: Sequence[DataSet]
) -> list[Alarm]:
    """Alarms of what a sync moved: months beside what stood for them, and beside the months before them.

    ``before`` and ``after``: the data sets in force before the sync and after it. What is not over yet may grow, and is
    compared with no other month but for its credit.
    """
    this_month = BillingMonth.of(today_of(installation.clock()))
    known = {one.data_set_id for one in before}
    fresh = {one.billing_month for one in after if one.data_set_id not in known}
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        found = _moved(before, after, this_month, closing_settings_of(scope).movement_percent)
        for month in sorted(fresh):
            told = _TOLD_OF_OPEN_MONTHS if month >= this_month else _TOLD_OF_MONTHS
            found += [alarm for alarm in alarms_of(installation, scope, month) if alarm.kind in told]
    return found


def _moved(
    before: Sequence[DataSet], after: Sequence[DataSet], this_month: BillingMonth, percent: Decimal
) -> list[Alarm]:
    now, growing = _sums(after), _growing(after, this_month)
    found = []
    for what, was in _sums(before).items():
        amount = now.get(what, ZERO)
        if has_moved(was, amount, percent) and (amount < was or what[:3] not in growing):
            _, view, month, currency = what
            found.append(moved_alarm(month, view, currency, was, amount))
    return found


def _sums(data_sets: Sequence[DataSet]) -> dict[_What, Decimal]:
    sums: dict[_What, Decimal] = defaultdict(lambda: ZERO)
    for one in data_sets:
        if one.source_kind in _SYNCED:
            for found in one.sums:
                what = (one.source_kind, one.view, one.billing_month, found.currency)
                sums[what] += found.partner_cost + found.tie_out_cost
    return dict(sums)


def _growing(data_sets: Sequence[DataSet], this_month: BillingMonth) -> set[tuple[str, str, BillingMonth]]:
    """What is not over yet: the open month, and what is not billed."""
    return {
        (one.source_kind, one.view, one.billing_month)
        for one in data_sets
        if one.billing_month >= this_month or one.scope.startswith(UNBILLED_SCOPE)
    }
