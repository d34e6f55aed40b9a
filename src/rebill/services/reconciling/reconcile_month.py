"""Reconcile a month: its imported cost beside Microsoft's invoices and credit notes."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from rebill.lake.reconciliation import cost_sums, exchange_rates, invoices_named, meter_comparisons, rounding_lines
from rebill.lake.session import engine_session
from rebill.model.data_set import DataSet
from rebill.model.microsoft_invoice import MicrosoftInvoice
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.reconciliation import (
    CostKind,
    CostSum,
    Reconciliation,
    ReconciliationDetails,
    manual_sums,
    reconcile,
)
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.closing import closing_settings_of
from rebill.store.data_sets import data_sets_in_force
from rebill.store.entry_currencies import entry_currencies
from rebill.store.manual_lines import manual_lines_to_reconcile
from rebill.store.microsoft_invoices import invoices_in_force
from rebill.store.scope import Scope

DETAILS_SHOWN: Final = 100
"""How many meters and rounding adjustments an answer names; all of them are counted."""
_REMEMBERED: Final = 1_000


def reconcile_month(
    installation: Installation, caller: Caller, month: BillingMonth
) -> tuple[Reconciliation, ReconciliationDetails]:
    """Compare a month's cost in force with its invoices, and look for what differs.

    Raises ``Forbidden``, and ``ProgramError`` where files of the lake are not what was imported.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        found = reconciliation_of(installation, scope, month)
        data_sets = _compared(installation, month, invoices_in_force(scope), data_sets_in_force(scope))
    with engine_session(installation.settings.engine_memory_limit) as engine:
        lake = installation.lake_folder
        meters, differing, total = meter_comparisons(engine, lake, data_sets, DETAILS_SHOWN)
        own = [one for one in data_sets if one.billing_month == month]
        rates = exchange_rates(engine, lake, own)
        rounding = rounding_lines(engine, lake, own, DETAILS_SHOWN)
    counted = sum(
        one.lines for data_set in own for one in _sums_of(installation, data_set) if one.kind is CostKind.ROUNDING
    )
    return found, ReconciliationDetails(meters, differing, total, rates, rounding, counted)


def reconciliation_of(installation: Installation, scope: Scope, month: BillingMonth) -> Reconciliation:
    """The comparison as the record is at this moment."""
    documents = invoices_in_force(scope)
    data_sets = _compared(installation, month, documents, data_sets_in_force(scope))
    numbers = _numbers(month, documents)
    lines = manual_lines_to_reconcile(scope, month, numbers)
    sums = [one for data_set in data_sets for one in _sums_of(installation, data_set)]
    sums += manual_sums(lines, entry_currencies(scope, lines))
    return reconcile(month, documents, sums, closing_settings_of(scope).tolerance)


def reconciliation_faults(
    installation: Installation, scope: Scope, month: BillingMonth, data_sets: Sequence[DataSet]
) -> tuple[str, ...]:
    """What of a month is out of tolerance. Cost is read only where there is something to compare it with.

    ``data_sets``: those of the month in force.
    """
    has_invoice = any(one.entered.month == month for one in invoices_in_force(scope))
    has_summary = any(found.tie_out_rows for one in data_sets for found in one.sums)
    return reconciliation_of(installation, scope, month).faults if has_invoice or has_summary else ()


def _numbers(month: BillingMonth, documents: Sequence[MicrosoftInvoice]) -> frozenset[str]:
    """The numbers of a month's invoices, and of what amends them."""
    own = {one.entered.invoice_number for one in documents if one.entered.month == month}
    return frozenset(own | {one.entered.number for one in documents if one.entered.invoice_number in own})


def _compared(
    installation: Installation,
    month: BillingMonth,
    documents: Sequence[MicrosoftInvoice],
    in_force: Sequence[DataSet],
) -> list[DataSet]:
    """The month's data sets, and those of other months that name one of its invoices."""
    numbers = _numbers(month, documents)
    return [
        one
        for one in in_force
        if one.billing_month == month or (numbers and not numbers.isdisjoint(_invoices_of(installation, one)))
    ]


def _sums_of(installation: Installation, data_set: DataSet) -> tuple[CostSum, ...]:
    return _cost_sums(installation.lake_folder, installation.settings.engine_memory_limit, data_set)


def _invoices_of(installation: Installation, data_set: DataSet) -> frozenset[str]:
    if data_set.invoice_lines == 0:
        return frozenset()
    return _invoices(installation.lake_folder, installation.settings.engine_memory_limit, data_set)


# What was imported never changes: it is looked through once in a process.
@lru_cache(_REMEMBERED)
def _cost_sums(lake_folder: Path, memory_limit: str, data_set: DataSet) -> tuple[CostSum, ...]:
    with engine_session(memory_limit) as engine:
        return cost_sums(engine, lake_folder, data_set)


@lru_cache(_REMEMBERED)
def _invoices(lake_folder: Path, memory_limit: str, data_set: DataSet) -> frozenset[str]:
    with engine_session(memory_limit) as engine:
        return invoices_named(engine, lake_folder, data_set)
