"""Sync cost: usage and reconciliation of the latest invoices, and of what is not billed yet."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rebill.model.audit import Act
from rebill.model.data_set import (
    SOURCE_KIND_BILLING_EXPORT,
    UNBILLED_SCOPE,
    VIEW_INVOICE,
    VIEW_USAGE,
    BillingStatus,
    CostImport,
    CostImportOrder,
)
from rebill.model.delivery import DeliveryOrigin
from rebill.model.errors import ProgramError, Refusal, Unavailable
from rebill.model.months import BillingMonth
from rebill.model.movement import Alarm, still_unbilled_alarm
from rebill.model.party import Caller
from rebill.model.sync import SyncResult
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation, today_of
from rebill.services.costs.import_costs import import_delivery, list_data_sets
from rebill.services.reconciling.keep_read_invoices import keep_read_invoices
from rebill.services.syncing.odd_months import odd_months
from rebill.services.syncing.spools import fresh_spool
from rebill.sources.billing_export.delivery import FetchedExport
from rebill.sources.billing_export.export import ExportOrder, Manifest, fetch, submit
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.sources.partner_center.invoices import InvoiceListing, list_invoices
from rebill.store.partners import settings_of
from rebill.store.scope import Scope

_MONTHS_LOOKED_AT: Final = 3
"""Invoices of so many months back are looked at again: late versions come."""
_LAYOUTS: Final = {VIEW_USAGE: "daily-rated-usage", VIEW_INVOICE: "invoice-reconciliation"}


@dataclass(frozen=True)
class _Wanted:
    """An export that is wanted: of which month, under which scope, and in whose place."""

    order: ExportOrder
    month: BillingMonth
    scope: str
    ends: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Task:
    installation: Installation
    caller: Caller
    calls: MicrosoftCalls
    folder: Path


def sync_costs(
    installation: Installation,
    caller: Caller,
    calls: MicrosoftCalls,
    folder: Path,
    progress: Callable[[int, int], None],
    counts: Counter[str],
) -> SyncResult:
    """Bring the cost of the latest months up to date; each delivery is all there or not there.

    A delivery that is refused does not keep the others from coming: the result names it. What keeps
    Microsoft from answering is raised at once; what was fetched is kept in ``folder``, and what was brought is counted
    in ``counts`` whatever happens.
    """
    task = _Task(installation, caller, calls, fresh_spool(folder, installation.clock()))
    before = list_data_sets(installation, caller)
    listing = list_invoices(calls)
    wanted = _wanted(task, listing)
    looked_at = [one for one in listing.totals if one.month >= _oldest(installation)]
    totals, refused = keep_read_invoices(installation, caller, looked_at)
    counts.update(deliveries=0, unchanged=0, without_data=0, rows=0, invoice_totals=totals)
    waiting: list[Alarm] = []
    for number, one in enumerate(wanted):
        progress(number, len(wanted))
        try:
            if not _take(task, one, counts):
                counts["without_data"] += 1
                waiting += _still_unbilled(task, one)
        except Unavailable:
            raise
        except Refusal as refusal:
            record_refused(installation, caller, Act.IMPORT_COSTS, None, refusal)
            refused[f"{one.scope} {one.order.view}"] = refusal.message
    progress(len(wanted), len(wanted))
    if not refused:
        shutil.rmtree(task.folder)
    moved = odd_months(installation, caller, before, list_data_sets(installation, caller))
    return SyncResult(dict(counts), (*moved, *waiting), refused)


def _wanted(task: _Task, listing: InvoiceListing) -> list[_Wanted]:
    """Usage before reconciliation, month by month; of a month that is invoiced nothing unbilled.

    An invoice that was issued anew is not asked for: what came of it stands until the one in its place takes it over.
    """
    this_month = BillingMonth.of(today_of(task.installation.clock()))
    last_month, oldest = this_month.preceding, _oldest(task.installation)
    invoices, replaced = listing.invoices, listing.replaced
    issued_anew = {old for numbers in replaced.values() for old in numbers}
    found = [
        _Wanted(
            ExportOrder(view, invoice_id=one.number),
            one.month,
            one.number,
            (UNBILLED_SCOPE + one.currency, *replaced.get(one.number, ())),
        )
        for one in invoices
        if one.month >= oldest and one.number not in issued_anew
        for view in _LAYOUTS
    ]
    billed = {(one.month, one.currency) for one in invoices}
    for month, period in ((last_month, "last"), (this_month, "current")):
        for currency in sorted({one.currency for one in invoices}) or [_home_currency(task)]:
            if (month, currency) not in billed:
                orders = [ExportOrder(view, currency=currency, period=period) for view in _LAYOUTS]
                found += [_Wanted(order, month, UNBILLED_SCOPE + currency) for order in orders]
    return found


def _oldest(installation: Installation) -> BillingMonth:
    oldest = BillingMonth.of(today_of(installation.clock()))
    for _ in range(_MONTHS_LOOKED_AT):
        oldest = oldest.preceding
    return oldest


def _home_currency(task: _Task) -> str:
    with task.installation.database.reading() as connection:
        return settings_of(Scope.of(connection, task.caller)).currency


def _take(task: _Task, wanted: _Wanted, counts: Counter[str]) -> bool:
    """Bring what is wanted; false where Microsoft has no data for it."""
    manifest = submit(task.calls, wanted.order)
    if manifest is None:
        return False
    if _is_in_force(task, wanted, manifest):
        counts["unchanged"] += 1
        return True
    folder = task.folder / f"{wanted.scope.replace(':', '-')}-{wanted.order.view}"
    try:
        manifest, files = fetch(task.calls, manifest, folder)
    except OSError as error:
        raise ProgramError(
            "fetch_failed",
            f"What Microsoft sent could not be written down: {error.strerror or error}. Look at the free disk space of "
            "REBILL_HOME, then sync again.",
        ) from None
    origin = DeliveryOrigin(
        SOURCE_KIND_BILLING_EXPORT, wanted.scope, manifest.version, view=wanted.order.view, ends=wanted.ends
    )
    delivery = FetchedExport(origin, tuple(files))
    if delivery.is_empty:
        return False
    order = CostImportOrder((), layout=_LAYOUTS[wanted.order.view], period=wanted.month)
    _count(import_delivery(task.installation, task.caller, order, delivery), counts)
    shutil.rmtree(folder)
    return True


def _still_unbilled(task: _Task, wanted: _Wanted) -> list[Alarm]:
    """An alarm for what was not billed yet and stays, as Microsoft has no data of the invoice to put in its place."""
    return [
        still_unbilled_alarm(one, wanted.scope)
        for one in list_data_sets(task.installation, task.caller)
        if (one.source_kind, one.view, one.billing_month)
        == (SOURCE_KIND_BILLING_EXPORT, wanted.order.view, wanted.month)
        and one.scope in wanted.ends
        and one.billing_status is BillingStatus.UNBILLED
    ]


def _is_in_force(task: _Task, wanted: _Wanted, manifest: Manifest) -> bool:
    """Whether this very version is in force: then nothing need be fetched."""
    name = (SOURCE_KIND_BILLING_EXPORT, wanted.scope, wanted.order.view, wanted.month)
    return any(
        one.name == name and (one.source_version or "").endswith(f" {manifest.etag}")
        for one in list_data_sets(task.installation, task.caller)
    )


def _count(done: CostImport, counts: Counter[str]) -> None:
    counts["deliveries" if done.put_in_force else "unchanged"] += 1
    counts["rows"] += sum(one.rows for one in done.put_in_force)
