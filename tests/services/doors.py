"""Every door that cost comes in by, so that one story is told at each of them: what is handed over, and what stands."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
import simplejson
import stamina

from rebill.model.data_set import CostImportOrder, DataSet
from rebill.model.errors import Refusal
from rebill.model.party import Caller
from rebill.model.sync import SyncOutcome, SyncPart
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import import_costs, list_data_sets
from rebill.services.syncing.sync import sync
from rebill.twin import service
from rebill.twin.datasets import ExportedDataSet, blobs
from rebill.twin.world import TwinWorld
from tests.blob_server import BlobServer
from tests.export_files import Run, manifest_of
from tests.focus_files import row
from tests.services.syncing_partner import syncing_with_twin

WORLD: Final = TwinWorld(customer_count=1, days=1)
TENANT: Final = WORLD.customers[0].tenant_id
_SUBMITTED: Final = "2024-09-{:02}T06:00:00Z"
_FIELDS_OF_FOCUS: Final = {"cost": ("BilledCost", "ListCost", "EffectiveCost"), "day": ("ChargePeriodStart",)}
_FIELDS_OF_USAGE: Final = {"cost": ("BillingPreTaxTotal", "UnitPrice"), "day": ("UsageDate",)}


@dataclass(frozen=True)
class Charge:
    """A charge of ``TENANT`` in September 2024, as texts."""

    cost: str
    day: str = "2024-09-02T00:00:00Z"
    currency: str = "USD"


@dataclass(frozen=True)
class Parcel:
    """A delivery of the month: ``age``: the greater, the newer does its source call it.

    ``spoiled``: what becomes of the packed file on its way. ``renamed``: columns by other names. ``stranger``: another
    file lies beside it, of a layout that holds something else.
    """

    charges: Sequence[Charge]
    age: int = 1
    spoiled: Callable[[bytes], bytes] = bytes
    renamed: str = ""
    stranger: bool = False


class Door(Protocol):
    """A way in. ``take_in``: the delivery, and why it was refused, ``""`` where it was not."""

    def take_in(self, parcel: Parcel) -> str: ...


@dataclass
class Threshold:
    """Where a door is: the installation behind it, and what each of them needs."""

    installation: Installation
    caller: Caller
    folder: Path
    patch: pytest.MonkeyPatch
    blob_server: BlobServer

    def in_force(self) -> list[DataSet]:
        """What stands of the charges that were handed over."""
        found = list_data_sets(self.installation, self.caller)
        return [one for one in found if str(one.billing_month) == "2024-09" and one.view != "invoice"]

    def cost(self) -> dict[str, Decimal]:
        """What stands, by currency."""
        (one,) = self.in_force() or (None,)
        return {found.currency: found.partner_cost for found in one.sums} if one else {}


@dataclass
class Files:
    """Files that somebody hands over by hand, under one scope."""

    at: Threshold

    def take_in(self, parcel: Parcel) -> str:
        folder = self.at.folder / "files"
        _write_focus(folder, parcel)
        try:
            import_costs(self.at.installation, self.at.caller, CostImportOrder((folder,), scope="by hand"))
        except Refusal as refusal:
            return refusal.message
        return ""


@dataclass
class ExportsInFolder:
    """Runs of an export, in a folder of this machine that is synced."""

    at: Threshold

    def take_in(self, parcel: Parcel) -> str:
        _write_run(self.at.folder / "exports", parcel)
        return self._synced(str(self.at.folder / "exports"))

    def _synced(self, place: str) -> str:
        settings = replace(self.at.installation.settings, cost_exports=(place,))
        installation = replace(self.at.installation, settings=settings)
        (record,) = sync(installation, self.at.caller, lambda *_: None, [SyncPart.EXPORTS])
        return _fault_of(record.outcome, record.fault)


@dataclass
class ExportsInStorageAccount(ExportsInFolder):
    """The same runs in a storage account, which is a real blob server."""

    def take_in(self, parcel: Parcel) -> str:
        folder = self.at.folder / "exports"
        _write_run(folder, parcel)
        container = f"d-{abs(hash(self.at.folder)):x}"
        self.at.patch.setenv("AZURE_STORAGE_CONNECTION_STRING", self.at.blob_server.connection_string)
        self.at.blob_server.put(container, folder)
        return self._synced(f"az://{container}")


@dataclass
class BillingExport:
    """Microsoft Graph's billing export, which the twin serves."""

    at: Threshold

    def take_in(self, parcel: Parcel) -> str:
        served = _usage_blobs(parcel)

        def of_invoice(world: TwinWorld, data_set: ExportedDataSet, is_old: bool) -> dict[str, bytes]:
            wanted = (data_set.invoice_id, data_set.kind) == (WORLD.invoice_id, "usage")
            return served if wanted else blobs(world, data_set, is_old)

        with self.at.patch.context() as patch:
            patch.setattr(service, "blobs", of_invoice)
            with (
                syncing_with_twin(self.at.installation, self.at.caller, WORLD) as syncing,
                stamina.set_testing(True, attempts=2),
            ):
                syncing.twin.service.edition += parcel.age
                (record,) = syncing.sync(SyncPart.COSTS)
        return _fault_of(record.outcome, record.fault)


DOORS: Final[dict[str, Callable[[Threshold], Door]]] = {
    "files": Files,
    "exports in a folder": ExportsInFolder,
    "exports in a storage account": ExportsInStorageAccount,
    "billing export": BillingExport,
}


def _fault_of(outcome: SyncOutcome, fault: str) -> str:
    """What a record of a sync says: done without a fault, or failed with one."""
    assert (outcome is SyncOutcome.DONE) == (not fault)
    return fault


def _write_focus(folder: Path, parcel: Parcel) -> list[tuple[Path, int]]:
    """The files of a parcel as FOCUS, each with its number of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    sound = row(x_CustomerId=TENANT)
    rows = [_filled({**sound, "BillingCurrency": one.currency}, one, _FIELDS_OF_FOCUS) for one in parcel.charges]
    written = [(folder / "charges.csv.gz", rows)]
    if parcel.stranger:
        cost = {"date": "2024-09-02", "costInBillingCurrency": "1", "chargeType": "Usage", "billingCurrency": "USD"}
        own = {"customerTenantId": TENANT, "SubscriptionId": "s-1", "billingPeriodStartDate": "2024-09-01"}
        named = {"invoiceId": "", "billingProfileId": "profile", "partnerTenantId": "p", "meterId": "m"}
        written.append((folder / "others.csv.gz", [{**cost, **own, **named}]))
    for file, lines in written:
        names = [name if name != parcel.renamed else "Abgerechnete Kosten" for name in lines[0]]
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([names, *(list(line.values()) for line in lines)])
        file.write_bytes(parcel.spoiled(gzip.compress(stream.getvalue().encode(), mtime=0)))
    return [(file, len(lines)) for file, lines in written]


def _write_run(container: Path, parcel: Parcel) -> None:
    # Another age is another run; the very same parcel is the same one.
    run = Run({}, submitted=_SUBMITTED.format(10 + parcel.age), run_id=f"run-{parcel.age}")
    folder = container / run.folder
    written = _write_focus(folder, parcel)
    described = replace(run, blobs={file.name: [{}] * count for file, count in written})
    (folder / "manifest.json").write_text(json.dumps(manifest_of(described, folder)), encoding="utf-8")


def _usage_blobs(parcel: Parcel) -> dict[str, bytes]:
    """The blobs of a parcel as daily-rated usage."""
    known = {**WORLD.usage(WORLD.month, WORLD.invoice_id)[0], "Quantity": 1}
    rows = [_filled({**known, "BillingCurrency": one.currency}, one, _FIELDS_OF_USAGE) for one in parcel.charges]
    names = {name: name if name != parcel.renamed else "Abgerechnete Kosten" for name in known}
    kept = [{names[name]: value for name, value in one.items()} for one in rows]
    found = {"part-00000.c000.json.gz": parcel.spoiled(_packed(kept))}
    if parcel.stranger:
        found["part-00001.c000.json.gz"] = _packed(WORLD.reconciliation(WORLD.month, WORLD.invoice_id))
    return found


def _packed(rows: Sequence[dict[str, Any]]) -> bytes:
    text = "".join(simplejson.dumps(one, use_decimal=True) + "\n" for one in rows)
    return gzip.compress(text.encode(), mtime=0)


def _filled(known: Mapping[str, Any], charge: Charge, names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    is_json = "BillingPreTaxTotal" in known
    cost = _number(charge.cost) if is_json else charge.cost
    return {**known, **dict.fromkeys(names["cost"], cost), **dict.fromkeys(names["day"], charge.day)}


def _number(text: str) -> Decimal | str:
    """A number as JSON writes it, or the text where it is none."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
