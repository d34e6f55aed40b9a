"""Take in what lies in folders and at addresses: each run of an export is a delivery, all other files together one."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rebill.model.audit import Act
from rebill.model.data_set import CostImport, CostImportOrder, FileFault
from rebill.model.errors import Invalid, Refusal
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_refused
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.costs.import_costs import import_delivery
from rebill.sources.delivery_source import DeliverySource, GivenFiles
from rebill.sources.exports.runs import ExportRun, FilesElsewhere, export_runs, newest
from rebill.sources.exports.storage import is_address, storage_at


class Outcome(StrEnum):
    """What became of a delivery."""

    IMPORTED = "imported"
    ALREADY_IMPORTED = "already_imported"
    SUPERSEDED = "superseded"
    """A newer one is in force: it is kept, and not used."""
    OLDER = "older"
    """A newer run of the same export lies beside it: it was not read."""
    NO_COST = "no_cost"
    """An export of prices, reservations or recommendations."""
    REFUSED = "refused"


@dataclass(frozen=True)
class DeliveryDone:
    """A delivery, by its manifest or ``files``, and what became of it. ``refusal``: why it was refused."""

    name: str
    outcome: Outcome
    done: CostImport | None = None
    refusal: Refusal | None = None


def import_deliveries(installation: Installation, caller: Caller, order: CostImportOrder) -> tuple[DeliveryDone, ...]:
    """Take in every delivery at the paths and addresses of ``order``, the older ones first, each whole or not at all.

    Of several a refused one does not hold up the others: it is in the answer and in the audit trail. A single one
    raises as ``import_costs`` does.
    """
    require(caller, Permission.CHANGE)
    runs, others = _found(installation, order)
    taken = newest([run for run in runs if run.manifest.holds_cost])
    left = [DeliveryDone(run.manifest.path, _left(run)) for run in runs if run not in taken]
    deliveries: list[tuple[str, DeliverySource]] = [*others, *((run.manifest.path, run) for run in taken)]
    if not deliveries and not left:
        deliveries.append(("files", GivenFiles(())))
    _require_one_scope(order, len(deliveries))
    done: list[DeliveryDone] = []
    for name, source in deliveries:
        try:
            done.append(_named(name, import_delivery(installation, caller, order, source)))
        except Refusal as refusal:
            if len(deliveries) == 1:
                raise
            record_refused(installation, caller, Act.IMPORT_COSTS, None, refusal)
            done.append(DeliveryDone(name, Outcome.REFUSED, refusal=refusal))
    return (*done, *left)


def _found(
    installation: Installation, order: CostImportOrder
) -> tuple[list[ExportRun], list[tuple[str, DeliverySource]]]:
    """The runs of exports; and other deliveries by their names: all files of this machine, and each other address."""
    runs: list[ExportRun] = []
    here: list[Path] = []
    others: list[tuple[str, DeliverySource]] = []
    for given in order.files:
        address = str(given)
        storage = storage_at(address, installation.settings.storage_connection_string_file)
        found = export_runs(storage)
        runs += found
        if not found and is_address(address):
            others.append((address, FilesElsewhere(address, storage)))
        elif not found:
            here.append(Path(address))
    return runs, ([("files", GivenFiles(tuple(here)))] if here else []) + others


def _left(run: ExportRun) -> Outcome:
    return Outcome.OLDER if run.manifest.holds_cost else Outcome.NO_COST


def _require_one_scope(order: CostImportOrder, count: int) -> None:
    if order.scope is not None and count > 1:
        raise Invalid(
            FileFault.SEVERAL_DELIVERIES,
            f"These are {count} deliveries, and --scope names one: import them one after the other, or without it.",
        )


def _named(name: str, done: CostImport) -> DeliveryDone:
    data_sets = done.data_sets
    if all(found.superseded for found in data_sets):
        return DeliveryDone(name, Outcome.SUPERSEDED, done)
    is_known = all(found.already_imported for found in data_sets)
    return DeliveryDone(name, Outcome.ALREADY_IMPORTED if is_known else Outcome.IMPORTED, done)
