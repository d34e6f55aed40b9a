"""What of a month moves oddly, beside the month before: deliveries, cost, the partner earned credit, the catalogue."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from rebill.lake.reconciliation import credited_retail
from rebill.lake.session import engine_session
from rebill.model.data_set import DataSet
from rebill.model.deliveries import stopped
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.movement import (
    Alarm,
    CreditedRetail,
    catalogue_alarms,
    cost_alarms,
    credit_alarms,
    stopped_alarms,
)
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.accounts import catalogue_movement
from rebill.store.closing import closing_settings_of
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope

_REMEMBERED: Final = 1_000


def month_alarms(installation: Installation, caller: Caller, month: BillingMonth) -> tuple[Alarm, ...]:
    """Every odd movement of ``month``; how far something moves before it is odd is the partner's setting.

    Raises ``Forbidden``, and ``ProgramError`` where files of the lake are damaged.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return alarms_of(installation, Scope.of(connection, caller), month)


def alarms_of(installation: Installation, scope: Scope, month: BillingMonth) -> tuple[Alarm, ...]:
    """The same, as the record is at this moment."""
    percent = closing_settings_of(scope).movement_percent
    now = data_sets_in_force(scope, month)
    before = data_sets_in_force(scope, month.preceding)
    began = datetime.combine(month.first_day, time(), UTC)
    gone_silent = stopped(before, now) if now else []
    return (
        *stopped_alarms(month, gone_silent),
        *cost_alarms(month, _cost(before), _cost(now), percent),
        *credit_alarms(month, _credited(installation, before), _credited(installation, now), percent),
        *catalogue_alarms(month, catalogue_movement(scope, began), percent, str(month.first_day)),
    )


def _cost(data_sets: Sequence[DataSet]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for data_set in data_sets:
        for found in data_set.sums:
            sums[found.currency] += found.partner_cost
    return dict(sums)


def _credited(installation: Installation, data_sets: Sequence[DataSet]) -> list[CreditedRetail]:
    limit = installation.settings.engine_memory_limit
    return [found for data_set in data_sets for found in _read(installation.lake_folder, limit, data_set)]


# What was imported never changes: it is looked through once in a process.
@lru_cache(_REMEMBERED)
def _read(lake_folder: Path, memory_limit: str, data_set: DataSet) -> tuple[CreditedRetail, ...]:
    with engine_session(memory_limit) as engine:
        return credited_retail(engine, lake_folder, data_set)
