"""Exports fetched from a storage account: a real blob server, whole or not at all, and no secret told to anyone."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from azure.storage.blob.aio import ExponentialRetry

from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.costs.import_deliveries import DeliveryDone, Outcome
from tests.blob_server import BlobServer
from tests.cut_line import laid_line
from tests.export_files import Run, write_run
from tests.focus_files import row, write_csv
from tests.services.test_export_deliveries import EARLY, LATE, SCOPE, bring, costs, outcomes


@pytest.fixture
def container(blob_server: BlobServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a container of this test's own; the environment has the account's secret."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", blob_server.connection_string)
    return f"c-{abs(hash(tmp_path)):x}"


def test_an_export_is_fetched_and_replaced_by_the_next_run(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer, container: str
) -> None:
    parts = {"part_0_0001.csv.gz": [row(BilledCost="1")], "part_1_0001.parquet": [row(BilledCost="2")]}
    write_run(tmp_path / "up", Run(parts, submitted=EARLY))
    blob_server.put(container, tmp_path / "up")
    assert outcomes(bring(installation, partner, f"az://{container}/cost")) == [Outcome.IMPORTED]
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(3))]
    write_run(tmp_path / "up", Run({"part_0_0001.csv": [row(BilledCost="5")]}, submitted=LATE))
    blob_server.put(container, tmp_path / "up")
    assert outcomes(bring(installation, partner, f"abfs://{container}")) == [Outcome.IMPORTED, Outcome.OLDER]
    assert outcomes(bring(installation, partner, f"az://{container}")) == [Outcome.ALREADY_IMPORTED, Outcome.OLDER]
    (found,) = list_data_sets(installation, partner)
    assert costs([found]) == [(SCOPE, "2024-09", Decimal(5))]
    assert [file.name for file in found.files] == ["part_0_0001.csv"]


def test_a_blob_that_is_gone_or_grown_leaves_everything_as_it_was(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer, container: str
) -> None:
    run = Run({"a.csv": [row(BilledCost="1")], "b.csv": [row(BilledCost="2")]})
    manifest = write_run(tmp_path / "up", run)
    blob_server.put(container, tmp_path / "up")
    blob_server.delete(container, f"{run.folder}/b.csv")
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, f"az://{container}")
    assert (refused.value.code, "b.csv" in refused.value.message) == ("blob_missing", True)
    (manifest.parent / "b.csv").write_bytes((manifest.parent / "b.csv").read_bytes() * 1000)
    blob_server.put(container, tmp_path / "up")
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, f"az://{container}")
    grown = (manifest.parent / "b.csv").stat().st_size
    assert (refused.value.code, f"b.csv: has {grown:,} bytes" in refused.value.message) == ("byte_count_differs", True)
    assert list_data_sets(installation, partner) == []
    assert not list(installation.lake_folder.rglob("staging"))


def test_cost_files_without_a_manifest_are_fetched_like_a_folder_of_them(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer, container: str
) -> None:
    (tmp_path / "up").mkdir()
    write_csv(tmp_path / "up" / "a.csv.gz", [row(BilledCost="4")])
    (tmp_path / "up" / "notes.txt").write_text("no cost")
    blob_server.put(container, tmp_path / "up")
    bring(installation, partner, f"az://{container}", scope="contoso")
    assert costs(list_data_sets(installation, partner)) == [("contoso", "2024-09", Decimal(4))]


def test_a_folder_may_be_named_by_its_address_too(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    write_run(tmp_path / "up", Run({"a.csv": [row(BilledCost="1")]}))
    assert outcomes(bring(installation, partner, f"file://{tmp_path}/up")) == [Outcome.IMPORTED]


@pytest.mark.parametrize("address", ["az://there-is-none/cost", "nothing-of-the-kind://cost", "az://c/cost?sig=abc"])
def test_what_cannot_be_fetched_is_refused_with_the_address(
    installation: Installation, partner: Caller, container: str, address: str
) -> None:
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, address)
    assert address.partition("?")[0] in refused.value.message
    assert "sig=abc" not in refused.value.message


@pytest.mark.long
def test_an_export_whose_network_is_cut_at_any_moment_is_taken_in_whole_or_not_at_all(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    blob_server: BlobServer,
    container: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The client tries again by itself, after ever longer pauses.
    monkeypatch.setattr(ExponentialRetry, "get_backoff_time", lambda self, settings: 0)
    write_run(tmp_path / "up", Run({"a.csv": [row(BilledCost="1")]}, submitted=EARLY))
    blob_server.put(container, tmp_path / "up")
    bring(installation, partner, f"az://{container}")
    standing = list_data_sets(installation, partner)
    newer = {"a.csv": [row(BilledCost="2")], "b.csv": [row(BilledCost=str(number)) for number in range(60)]}
    write_run(tmp_path / "up", Run(newer, submitted=LATE))
    blob_server.put(container, tmp_path / "up")
    host, port = blob_server.endpoint
    with laid_line((host, port)) as (line, own_port):
        through_it = blob_server.connection_string.replace(f"{host}:{port}", f"127.0.0.1:{own_port}")
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", through_it)
        done: tuple[DeliveryDone, ...] = ()
        cuts = 0
        while not done:
            line.left = cuts * 1_500
            try:
                done = bring(installation, partner, f"az://{container}")
            except Invalid as refused:
                assert refused.code == "storage_refused"
                assert list_data_sets(installation, partner) == standing
                assert not list(installation.lake_folder.rglob("staging"))
                cuts += 1
    assert cuts > 5
    assert outcomes(done) == [Outcome.IMPORTED, Outcome.OLDER]
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(2 + sum(range(60))))]


@pytest.mark.parametrize("is_told", [True, False], ids=["a manifest that says so", "files that nobody speaks of"])
def test_what_is_larger_than_a_delivery_may_be_is_not_fetched(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer, container: str, is_told: bool
) -> None:
    if is_told:
        write_run(tmp_path / "up", Run({"a.csv": [row()], "b.csv": [row(BilledCost="2", Tags="x" * 2_000_000)]}))
    else:
        (tmp_path / "up").mkdir()
        for name in ("a.csv", "b.csv"):
            write_csv(tmp_path / "up" / name, [row(BilledCost="2", Tags=name * 120_000)])
    blob_server.put(container, tmp_path / "up")
    microsoft = replace(installation.settings.microsoft, greatest_delivery_megabytes=1)
    bounded = replace(installation, settings=replace(installation.settings, microsoft=microsoft))
    with pytest.raises(Invalid) as refused:
        bring(bounded, partner, f"az://{container}")
    assert refused.value.code == "delivery_too_large"
    assert "b.csv" in refused.value.message
    assert list_data_sets(installation, partner) == []
    assert not list(installation.lake_folder.rglob("staging"))
