"""Sync the exports that Cost Management writes into storage: each new run of each place, by its manifest."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from rebill.model.data_set import CostImportOrder
from rebill.model.errors import Refusal
from rebill.model.party import Caller
from rebill.model.sync import SyncResult
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.costs.import_deliveries import DeliveryDone, Outcome, import_deliveries
from rebill.services.syncing.odd_months import odd_months
from rebill.storage.address import shown_address

_COUNTED_AS: Final = {
    Outcome.IMPORTED: "deliveries",
    Outcome.ALREADY_IMPORTED: "unchanged",
    Outcome.SUPERSEDED: "superseded",
    Outcome.OLDER: "older",
    Outcome.NO_COST: "without_cost",
}


def sync_exports(
    installation: Installation, caller: Caller, progress: Callable[[int, int], None], counts: Counter[str]
) -> SyncResult:
    """Take in what is new at every place of the settings, each delivery whole or not at all, counted in ``counts``.

    A place that cannot be read and a delivery that is refused do not hold up the others: the result names them.
    So is a place without a manifest: files there may be those of a run that is still being written.
    """
    places = installation.settings.cost_exports
    before = list_data_sets(installation, caller)
    counts.update(places=len(places), **dict.fromkeys(_COUNTED_AS.values(), 0), rows=0)
    refused: dict[str, str] = {}
    for number, place in enumerate(places):
        progress(number, len(places))
        try:
            done = import_deliveries(installation, caller, CostImportOrder((place,)), by_manifest=True)
        except Refusal as refusal:
            refused[shown_address(place)] = refusal.message
            continue
        _count(done, counts, refused)
    progress(len(places), len(places))
    moved = odd_months(installation, caller, before, list_data_sets(installation, caller))
    return SyncResult(dict(counts), tuple(moved), refused)


def _count(done: tuple[DeliveryDone, ...], counts: Counter[str], refused: dict[str, str]) -> None:
    for one in done:
        if one.refusal is not None:
            refused[one.name] = one.refusal.message
            continue
        counts[_COUNTED_AS[one.outcome]] += 1
        if one.done is not None:
            counts["rows"] += sum(found.rows for found in one.done.put_in_force)
