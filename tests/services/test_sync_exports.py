"""Exports in storage are synced beside Microsoft's services: every place by itself, each new run once."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.errors import Invalid
from rebill.model.movement import AlarmKind
from rebill.model.party import Caller
from rebill.model.sync import SyncOutcome, SyncPart, SyncRecord
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.syncing.sync import sync
from rebill.twin.world import TwinWorld
from tests.blob_server import BlobServer
from tests.export_files import PROFILE, Run, write_run
from tests.focus_files import row
from tests.services.syncing_partner import syncing_with_twin
from tests.services.test_export_deliveries import EARLY, LATE, SCOPE, costs


def synced(installation: Installation, caller: Caller, *places: Path | str) -> SyncRecord:
    """The record of a sync of these places."""
    settings = replace(installation.settings, cost_exports=tuple(map(str, places)))
    (record,) = sync(replace(installation, settings=settings), caller, lambda part, done, total: None)
    return record


def test_each_new_run_is_taken_in_once_and_replaces_the_one_before(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="1")]}, submitted=EARLY))
    first = synced(installation, partner, tmp_path)
    assert (first.part, first.outcome, first.fault) == (SyncPart.EXPORTS, SyncOutcome.DONE, "")
    assert (first.result.counts["places"], first.result.counts["deliveries"], first.result.counts["rows"]) == (1, 1, 1)
    again = synced(installation, partner, tmp_path)
    assert (again.result.counts["deliveries"], again.result.counts["unchanged"]) == (0, 1)
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="1"), row(BilledCost="2")]}, submitted=LATE))
    later = synced(installation, partner, tmp_path)
    assert (later.result.counts["deliveries"], later.result.counts["older"]) == (1, 1)
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(3))]


def test_the_rows_of_an_older_run_that_comes_late_are_not_counted(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_run(tmp_path / "new", Run({"a.csv": [row(BilledCost="1")]}, submitted=LATE))
    synced(installation, partner, tmp_path / "new")
    write_run(tmp_path / "old", Run({"a.csv": [row(BilledCost="2"), row(BilledCost="3")]}, submitted=EARLY))
    counts = synced(installation, partner, tmp_path / "old").result.counts
    assert (counts["deliveries"], counts["superseded"], counts["rows"]) == (0, 1, 0)
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(1))]


def test_one_place_that_fails_does_not_hold_up_the_others(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    good, faulty = tmp_path / "good", tmp_path / "faulty"
    write_run(good, Run({"a.csv": [row(BilledCost="1")]}))
    write_run(faulty, Run({"a.csv": [row(BilledCost="7")]}, resource=PROFILE + "X"), runInfo={"submittedTime": "soon"})
    record = synced(installation, partner, "nothing-of-the-kind://cost", faulty, good)
    assert (record.outcome, record.fault_code) == (SyncOutcome.FAILED, "deliveries_refused")
    assert record.fault.startswith("2 deliveries were refused. nothing-of-the-kind://cost: ")
    assert record.result.counts["deliveries"] == 1
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(1))]


def test_a_place_whose_address_bears_a_secret_is_refused_and_named_without_it(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="1")]}))
    record = synced(installation, partner, "ftp://user:Hunter2Pass@127.0.0.1:9/costs", tmp_path)
    assert record.fault.startswith("1 delivery was refused. ftp://…@127.0.0.1:9/costs: ")
    assert "FSSPEC_FTP_PASSWORD" in record.fault
    assert "Hunter2Pass" not in repr(record)
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(1))]


def test_a_manifest_that_cannot_be_used_does_not_hold_up_the_runs_beside_it(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="1")]}))
    write_run(tmp_path, Run({"b.csv": [row(BilledCost="7")]}, export="broken"), blobCount=9)
    record = synced(installation, partner, tmp_path)
    assert "broken" in record.fault
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(1))]


def test_a_run_is_not_taken_in_before_its_manifest_is_there(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    """Half a run would stand for its month, and the whole one would be refused as double counting."""
    manifest = write_run(tmp_path / "exports", Run({"a.csv": [row(BilledCost="1")], "b.csv": [row(BilledCost="2")]}))
    written_last = [manifest.rename(tmp_path / "manifest.json"), (manifest.parent / "b.csv").rename(tmp_path / "b.csv")]
    early = synced(installation, partner, tmp_path / "exports")
    assert (early.outcome, early.fault_code) == (SyncOutcome.FAILED, "deliveries_refused")
    assert "holds files, and no manifest of a run" in early.fault
    assert list_data_sets(installation, partner) == []
    for file in written_last:
        file.rename(manifest.parent / file.name)
    assert synced(installation, partner, tmp_path / "exports").outcome is SyncOutcome.DONE
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(3))]


def test_a_storage_account_is_synced_beside_microsofts_services(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    blob_server: BlobServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin knows no invoice of the export's scope, so both come: three records, each with its counts."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", blob_server.connection_string)
    container = f"s-{abs(hash(tmp_path)):x}"
    write_run(tmp_path / "up", Run({"a.csv": [row(BilledCost="1", BillingAccountId="another")]}))
    blob_server.put(container, tmp_path / "up")
    world = TwinWorld(customer_count=1, days=1)
    with syncing_with_twin(installation, partner, world) as syncing:
        places = replace(syncing.installation.settings, cost_exports=(f"az://{container}",))
        beside = replace(syncing, installation=replace(syncing.installation, settings=places))
        records = beside.sync()
        assert [(one.part, one.outcome) for one in records] == [(part, SyncOutcome.DONE) for part in SyncPart]
        assert [one.result.counts.get("deliveries") for one in records] == [None, 4, 1]
        syncing.twin.line.count, syncing.twin.line.cut_from = 0, 0
        cut = beside.sync()
    assert [one.outcome for one in cut] == [SyncOutcome.FAILED, SyncOutcome.FAILED, SyncOutcome.DONE]
    assert cut[2].result.counts["unchanged"] == 1


def test_a_month_whose_cost_falls_raises_an_alarm(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="9"), row(BilledCost="1")]}, submitted=EARLY))
    assert synced(installation, partner, tmp_path).result.alarms == ()
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="7")]}, submitted=LATE))
    (alarm,) = synced(installation, partner, tmp_path).result.alarms
    assert (alarm.kind, alarm.about) == (AlarmKind.MONTH_MOVED, "focus USD")
    assert (str(alarm.month), alarm.before, alarm.now) == ("2024-09", Decimal(10), Decimal(7))


def test_without_any_source_it_is_said_what_to_set(installation: Installation, partner: Caller) -> None:
    with pytest.raises(Invalid) as refused:
        sync(installation, partner, lambda part, done, total: None, [SyncPart.EXPORTS])
    assert (refused.value.code, list(refused.value.fields)) == ("exports_not_configured", ["REBILL_COST_EXPORTS"])
