"""Take in what lies in folders and at addresses: each run of an export is a delivery, all other files together one."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.data_set import CostImport, CostImportOrder, FileFault
from rebill.model.errors import Invalid, Refusal
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.costs.import_costs import import_delivery, list_data_sets
from rebill.sources.delivery_source import DeliverySource, GivenFiles
from rebill.sources.exports.runs import ExportRun, FilesElsewhere, export_runs, newest
from rebill.sources.exports.storage import storage_at
from rebill.storage.address import is_address

_MEGABYTE: Final = 10**6


class Outcome(StrEnum):
    """What became of a delivery."""

    IMPORTED = "imported"
    ALREADY_IMPORTED = "already_imported"
    SUPERSEDED = "superseded"
    """A newer one is in force: it is kept, and not used."""
    OLDER = "older"
    """A newer run of the same export lies beside it: it was not read."""
    NO_COST = "no_cost"
    """An export of prices, reservations or recommendations, or of days on which nothing was charged."""
    REFUSED = "refused"


@dataclass(frozen=True)
class DeliveryDone:
    """A delivery, by its manifest or ``files``, and what became of it. ``refusal``: why it was refused."""

    name: str
    outcome: Outcome
    done: CostImport | None = None
    refusal: Refusal | None = None


def import_deliveries(
    installation: Installation, caller: Caller, order: CostImportOrder, by_manifest: bool = False
) -> tuple[DeliveryDone, ...]:
    """Take in every delivery at the paths and addresses of ``order``, the older ones first, each whole or not at all.

    ``by_manifest``: a place with files that no manifest speaks of is refused.
    Of several a refused one does not hold up the others: it is in the answer and in the audit trail. A single one
    raises as ``import_costs`` does.
    """
    require(caller, Permission.CHANGE)
    runs, unusable, others = _found(installation, order, by_manifest)
    found = newest([run for run in runs if run.manifest.holds_cost])
    left = [DeliveryDone(run.manifest.path, _left(run)) for run in runs if run not in found]
    silent = [run for run in found if order.scope is None and _is_silent(installation, caller, run)]
    left += [DeliveryDone(run.manifest.path, Outcome.NO_COST) for run in silent]
    taken = [run for run in found if run not in silent]
    deliveries: list[tuple[str, DeliverySource]] = [*others, *((run.manifest.path, run) for run in taken)]
    if not deliveries and not left and not unusable:
        deliveries.append(("files", GivenFiles(())))
    count = len(deliveries) + len(unusable)
    _require_one_scope(order, count)
    done: list[DeliveryDone] = []
    for name, refusal in unusable.items():
        done.append(_refused(installation, caller, name, refusal, count))
    for name, source in deliveries:
        try:
            done.append(_named(name, import_delivery(installation, caller, order, source)))
        except Refusal as refusal:
            done.append(_refused(installation, caller, name, refusal, count))
    return (*done, *left)


def _is_silent(installation: Installation, caller: Caller, run: ExportRun) -> bool:
    """Whether nothing was charged on the days of a run. Where cost of them is in force, it would be taken away: no."""
    origin = run.origin
    if origin is None or not run.manifest.has_no_row:
        return False
    return not any(
        (one.source_kind, one.scope, one.view) == (origin.source_kind, origin.scope, origin.view)
        and (origin.covered is None or origin.covered.within(one.billing_month))
        for one in list_data_sets(installation, caller)
    )


def _refused(installation: Installation, caller: Caller, name: str, refusal: Refusal, count: int) -> DeliveryDone:
    """One of several, recorded; a single delivery raises instead."""
    if count == 1:
        raise refusal
    record_refused(installation, caller, Act.IMPORT_COSTS, None, refusal)
    return DeliveryDone(name, Outcome.REFUSED, refusal=refusal)


def _found(
    installation: Installation, order: CostImportOrder, by_manifest: bool
) -> tuple[list[ExportRun], dict[str, Invalid], list[tuple[str, DeliverySource]]]:
    """The runs of exports, and manifests that cannot be used.

    And other deliveries by their names: all files of this machine, and each other address.
    """
    greatest_bytes = installation.settings.microsoft.greatest_delivery_megabytes * _MEGABYTE
    runs: list[ExportRun] = []
    unusable: dict[str, Invalid] = {}
    here: list[Path] = []
    others: list[tuple[str, DeliverySource]] = []
    for given in order.files:
        address = str(given)
        storage = storage_at(address, installation.settings.storage_connection_string_file)
        found, faulty = export_runs(storage, greatest_bytes)
        runs += found
        unusable |= faulty
        if by_manifest and not found and not faulty and storage.cost_files():
            unusable[address] = _without_manifest()
        elif not found and not faulty and is_address(address):
            others.append((address, FilesElsewhere(address, storage, greatest_bytes)))
        elif not found and not faulty:
            here.append(Path(address))
    return runs, unusable, ([("files", GivenFiles(tuple(here)))] if here else []) + others


def _without_manifest() -> Invalid:
    return Invalid(
        FileFault.MANIFEST_MISSING,
        "It holds files, and no manifest of a run: Microsoft writes it when the files of a run are complete. "
        "Sync again then; files that no manifest will speak of are taken in by rebill costs import.",
    )


def _left(run: ExportRun) -> Outcome:
    return Outcome.OLDER if run.manifest.holds_cost else Outcome.NO_COST


def _require_one_scope(order: CostImportOrder, count: int) -> None:
    option = "--scope" if order.scope is not None else "--in-place-of"
    if (order.scope, order.in_place_of) != (None, None) and count > 1:
        raise Invalid(
            FileFault.SEVERAL_DELIVERIES,
            f"These are {counted(count, 'delivery', 'deliveries')}, and {option} is for one: import them one after the "
            "other, or without it.",
        )


def _named(name: str, done: CostImport) -> DeliveryDone:
    data_sets = done.data_sets
    if all(found.superseded for found in data_sets):
        return DeliveryDone(name, Outcome.SUPERSEDED, done)
    is_known = all(found.already_imported for found in data_sets)
    return DeliveryDone(name, Outcome.ALREADY_IMPORTED if is_known else Outcome.IMPORTED, done)
