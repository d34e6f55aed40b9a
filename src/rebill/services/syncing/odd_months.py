"""Months that a sync moved oddly: whose cost became another by more than the partner's setting."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rebill.model.data_set import SOURCE_KIND_BILLING_EXPORT, SOURCE_KIND_EXPORT, DataSet
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.movement import has_moved
from rebill.model.party import Caller
from rebill.model.sync import AlarmKind, SyncAlarm
from rebill.services.acting.installation import Installation, today_of
from rebill.store.closing import closing_settings_of
from rebill.store.scope import Scope

UNBILLED: Final = "unbilled:"
"""Begins the scope of what is not billed yet."""
_SYNCED: Final = (SOURCE_KIND_BILLING_EXPORT, SOURCE_KIND_EXPORT)
_What = tuple[str, str, BillingMonth, str]
"""The kind of a source, the view, the month and the currency."""


def odd_months(
    installation: Installation, caller: Caller, before: Sequence[DataSet], after: Sequence[DataSet]
) -> list[SyncAlarm]:
    """An alarm for each month, view and currency whose cost moved; what is not billed yet may grow.

    ``before`` and ``after``: the data sets in force before the sync and after it.
    """
    with installation.database.reading() as connection:
        percent = closing_settings_of(Scope.of(connection, caller)).movement_percent
    this_month = BillingMonth.of(today_of(installation.clock()))
    now, growing = _sums(after), _growing(after, this_month)
    found = []
    for what, was in _sums(before).items():
        amount = now.get(what, ZERO)
        if has_moved(was, amount, percent) and (amount < was or what[:3] not in growing):
            _, view, month, currency = what
            sentence = f"{month} {view}: cost moved from {was} to {amount} {currency}."
            found.append(SyncAlarm(AlarmKind.MONTH_MOVED, sentence))
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
        if one.billing_month >= this_month or one.scope.startswith(UNBILLED)
    }
