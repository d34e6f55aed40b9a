"""What nobody should deliver, through every door: Microsoft's billing export and exports in storage, beside files."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import simplejson

from rebill.model.party import Caller
from rebill.model.sync import SyncOutcome, SyncPart
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.twin import service
from rebill.twin.datasets import ExportedDataSet, blobs
from rebill.twin.faults import Fault, Faults
from rebill.twin.world import TwinWorld
from tests.export_files import PROFILE, Run, write_run
from tests.focus_files import row
from tests.services.syncing_partner import SyncingPartner, syncing_with_twin
from tests.services.test_export_deliveries import SCOPE, costs
from tests.services.test_hostile_files import ZEROS_OF_A_MEMBER
from tests.services.test_sync_exports import synced

WORLD = TwinWorld(customer_count=1, days=1)
USAGE = (WORLD.invoice_id, "usage")


@lru_cache
def ten_gigabytes(start: bytes) -> bytes:
    """A sound start, and ten gigabytes of zeros behind it, packed."""
    return gzip.compress(start, mtime=0) + gzip.compress(bytes(ZEROS_OF_A_MEMBER), 9, mtime=0) * 160


def serve_usage(patch: pytest.MonkeyPatch, changed: Callable[[Sequence[Mapping[str, Any]]], bytes]) -> None:
    """Have the twin serve, as the one file of the invoice's usage, what ``changed`` makes of its rows."""

    def served(world: TwinWorld, data_set: ExportedDataSet, is_old: bool) -> dict[str, bytes]:
        if (data_set.invoice_id, data_set.kind) != USAGE:
            return blobs(world, data_set, is_old)
        return {"part-00000-v3.c000.json.gz": changed(world.usage(world.month, data_set.invoice_id))}

    patch.setattr(service, "blobs", served)


def lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(simplejson.dumps(one, use_decimal=True) + "\n" for one in rows).encode()


def views_in_force(syncing: SyncingPartner) -> set[tuple[str, str]]:
    """Scope and view of what is in force."""
    return {(one.scope, one.view) for one in list_data_sets(syncing.installation, syncing.caller)}


# What a file unpacks to is judged where it is read, alike whatever keeps the record.
@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("start", [b"", lines([{"InvoiceNumber": "G1"}])], ids=["zeros only", "behind a sound start"])
def test_ten_gigabytes_of_zeros_from_the_billing_export_are_refused_and_hold_up_nothing(
    installation: Installation, partner: Caller, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    serve_usage(monkeypatch, lambda rows: ten_gigabytes(start))
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.outcome, record.fault_code) == (SyncOutcome.FAILED, "deliveries_refused")
        assert f"1 delivery was refused. {WORLD.invoice_id} usage: " in record.fault
        assert record.result.counts["deliveries"] == 3
        assert USAGE not in views_in_force(syncing)
        assert len(views_in_force(syncing)) == 3


def test_a_file_of_the_billing_export_that_does_not_end_is_refused_and_nothing_of_it_is_kept(
    installation: Installation, partner: Caller
) -> None:
    faults = Faults((Fault.ENDLESS_BLOB,), seed=3)
    with syncing_with_twin(installation, partner, WORLD, faults) as syncing:
        microsoft = replace(syncing.installation.settings.microsoft, greatest_delivery_megabytes=2)
        bounded = replace(syncing.installation, settings=replace(syncing.installation.settings, microsoft=microsoft))
        (record,) = replace(syncing, installation=bounded).sync(SyncPart.COSTS)
        assert faults.suffered[Fault.ENDLESS_BLOB]
        assert (record.outcome, record.fault_code) == (SyncOutcome.FAILED, "deliveries_refused")
        assert "more than 2 megabytes" in record.fault
        assert "REBILL_MICROSOFT_GREATEST_DELIVERY_MEGABYTES" in record.fault
        assert len(views_in_force(syncing)) == 4 - faults.suffered[Fault.ENDLESS_BLOB]
        assert sum(file.stat().st_size for file in (installation.settings.home / "sync").rglob("*")) < 2 * 10**6


@pytest.mark.parametrize("store", ["sqlite"])
def test_ten_gigabytes_of_zeros_in_storage_are_refused_and_hold_up_nothing(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="1")]}))
    bomb = Run({"bomb.csv.gz": [row()]}, export="bomb", resource=PROFILE + "X")
    manifest = write_run(tmp_path, bomb)
    (manifest.parent / "bomb.csv.gz").write_bytes(ten_gigabytes(b""))
    manifest.write_text(manifest.read_text().replace('"byteCount": ', '"formerByteCount": '))
    record = synced(installation, partner, tmp_path)
    assert record.fault_code == "deliveries_refused"
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(1))]
    assert not list(installation.lake_folder.rglob("staging"))


# So is a value; test_every_door.py refuses a delivery at every door on both stores.
@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("UsageDate", "1924-09-01T00:00:00Z"), ("BillingPreTaxTotal", "1,5"), ("BillingCurrency", "US Dollars")],
)
def test_a_value_of_another_century_or_country_keeps_a_delivery_of_the_billing_export_out_whole(
    installation: Installation, partner: Caller, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    serve_usage(monkeypatch, lambda rows: gzip.compress(lines([{**rows[0], name: value}, *rows[1:]]), mtime=0))
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert record.fault_code == "deliveries_refused"
        assert USAGE not in views_in_force(syncing)
    monkeypatch.undo()
    mended = replace(WORLD)
    with syncing_with_twin(installation, partner, mended) as syncing:
        (record,) = syncing.sync(SyncPart.COSTS)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        assert USAGE in views_in_force(syncing)


def test_currencies_of_the_billing_export_are_never_added_up(
    installation: Installation, partner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    euro = {"BillingCurrency": "EUR", "BillingPreTaxTotal": Decimal("1.0000000000005")}
    serve_usage(monkeypatch, lambda rows: gzip.compress(lines([{**rows[0], **euro}, *rows[1:]]), mtime=0))
    with syncing_with_twin(installation, partner, WORLD) as syncing:
        syncing.sync(SyncPart.COSTS)
        (usage,) = [one for one in list_data_sets(installation, partner) if (one.scope, one.view) == USAGE]
    found = {one.currency: one.partner_cost for one in usage.sums}
    assert (set(found), found["EUR"]) == ({"EUR", "USD"}, Decimal("1.000000000001"))
