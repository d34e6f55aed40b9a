"""Exports delivered into a folder: read by manifest, whole, in the order of their source, and never twice."""

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rebill.model.data_set import CostImportOrder, DataSet, RejectedDelivery
from rebill.model.errors import Conflict, Invalid
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.costs.import_deliveries import DeliveryDone, Outcome, import_deliveries
from rebill.services.keeping.read_audit_trail import AuditFilter, newest_audit_entries
from tests.export_files import PROFILE, Run, write_run
from tests.focus_files import Row, row, write_csv
from tests.services.microsoft_months import bought, used

SCOPE = PROFILE.lower()
EARLY = "2024-09-10T06:00:00Z"
LATE = "2024-09-20T06:00:00.5Z"


def bring(installation: Installation, caller: Caller, *places: Path | str, **order: Any) -> tuple[DeliveryDone, ...]:
    return import_deliveries(installation, caller, CostImportOrder(files=places, **order))


def outcomes(done: tuple[DeliveryDone, ...]) -> list[Outcome]:
    return [delivery.outcome for delivery in done]


def costs(found: list[DataSet]) -> list[tuple[str, str, Decimal]]:
    """Scope, month and cost of data sets."""
    return [(one.scope, str(one.billing_month), one.sums[0].partner_cost) for one in found]


def test_a_partitioned_run_is_one_delivery_known_by_its_manifest(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    blobs = {"part_0_0001.csv.gz": [row(BilledCost="1")], "part_1_0001.parquet": [row(BilledCost="2"), row()]}
    write_run(tmp_path, Run(blobs, submitted=LATE))
    write_csv(tmp_path / "cost" / "left-by-another-tool.csv", [row(BilledCost="1000")])
    (done,) = bring(installation, partner, tmp_path / "cost")
    assert done.outcome is Outcome.IMPORTED
    (found,) = list_data_sets(installation, partner)
    assert costs([found]) == [(SCOPE, "2024-09", Decimal("4.25"))]
    assert (found.source_kind, found.view, found.rows) == ("export", "focus", 3)
    assert found.source_version == "2024-09-20T06:00:00.500000000Z 73746dc5-5dcc-4b83-b340-bb1bd2b1ca30"
    assert str(found.covered) == "2024-09-01 to 2024-09-30"
    assert [file.name for file in found.files] == ["part_0_0001.csv.gz", "part_1_0001.parquet"]


def test_the_month_to_date_replaces_the_day_before_as_one_step(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    bring(installation, partner, write_run(tmp_path, Run({"a.csv": [row(BilledCost="1")]}, submitted=EARLY)))
    whole = {"a.csv": [row(BilledCost="1")], "b.csv": [row(BilledCost="2")]}
    bring(installation, partner, write_run(tmp_path, Run(whole, submitted=LATE)))
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(3))]


def test_an_older_delivery_that_comes_late_is_kept_and_not_used(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    early = write_run(tmp_path / "early", Run({"a.csv": [row(BilledCost="1")]}, submitted=EARLY))
    bring(installation, partner, write_run(tmp_path / "late", Run({"a.csv": [row(BilledCost="9")]}, submitted=LATE)))
    in_force = list_data_sets(installation, partner)
    (late_comer,) = bring(installation, partner, early)
    assert late_comer.outcome is Outcome.SUPERSEDED
    assert list_data_sets(installation, partner) == in_force
    assert late_comer.done is not None
    (kept,) = late_comer.done.data_sets
    assert (installation.lake_folder / kept.parts[0].path).exists()
    (again,) = bring(installation, partner, early)
    assert again.done is not None
    assert [one.data_set_id for one in again.done.data_sets] == [kept.data_set_id]


def test_an_older_delivery_may_share_files_with_the_newer_one(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    first = {"a.csv": [row(BilledCost="1")]}
    early = write_run(tmp_path / "early", Run(first, submitted=EARLY))
    late = Run({**first, "b.csv": [row(BilledCost="2")]}, submitted=LATE)
    bring(installation, partner, write_run(tmp_path / "late", late))
    assert outcomes(bring(installation, partner, early)) == [Outcome.SUPERSEDED]
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(3))]


def test_the_same_run_again_changes_nothing_and_is_not_read(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    manifest = write_run(tmp_path, Run({"a.csv": [row()]}))
    bring(installation, partner, manifest)
    in_force = list_data_sets(installation, partner)
    (manifest.parent / "a.csv").unlink()
    assert outcomes(bring(installation, partner, tmp_path)) == [Outcome.ALREADY_IMPORTED]
    assert list_data_sets(installation, partner) == in_force


def test_a_newer_run_with_the_same_bytes_stands_before_runs_between(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    same = {"a.csv": [row(BilledCost="1")]}
    bring(installation, partner, write_run(tmp_path / "1", Run(same, submitted=EARLY)))
    assert outcomes(bring(installation, partner, write_run(tmp_path / "3", Run(same, submitted=LATE)))) == [
        Outcome.ALREADY_IMPORTED
    ]
    between = Run({"a.csv": [row(BilledCost="5")]}, submitted="2024-09-15T06:00:00Z")
    assert outcomes(bring(installation, partner, write_run(tmp_path / "2", between))) == [Outcome.SUPERSEDED]
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(1))]


def test_of_the_runs_of_a_month_that_lie_side_by_side_only_the_newest_is_read(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="1")]}, submitted=EARLY))
    write_run(tmp_path, Run({"a.csv": [row(BilledCost="2")]}, submitted=LATE))
    october = row(BillingPeriodStart="2024-10-01", ChargePeriodStart="2024-10-02", BilledCost="4")
    write_run(tmp_path, Run({"a.csv": [october]}, first_day="2024-10-01", last_day="2024-10-31"))
    assert outcomes(bring(installation, partner, tmp_path)) == [Outcome.IMPORTED, Outcome.IMPORTED, Outcome.OLDER]
    assert costs(list_data_sets(installation, partner)) == [
        (SCOPE, "2024-09", Decimal(2)),
        (SCOPE, "2024-10", Decimal(4)),
    ]


def test_two_exports_of_one_billing_profile_are_of_the_same_cost(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    bring(installation, partner, write_run(tmp_path, Run({"a.csv": [row(BilledCost="1")]}, submitted=EARLY)))
    last_month = Run({"a.csv": [row(BilledCost="3")]}, submitted=LATE, export="last-month")
    assert outcomes(bring(installation, partner, write_run(tmp_path, last_month))) == [Outcome.IMPORTED]
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(3))]


def test_exports_of_two_customers_stand_beside_each_other(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    for number in "12":
        rows = [row(SubAccountId=f"s-{number}", x_CustomerId=f"c-{number}")]
        resource = f"/providers/Microsoft.Billing/billingAccounts/1/customers/{number}"
        write_run(tmp_path / number, Run({"a.csv": rows}, resource=resource))
    bring(installation, partner, tmp_path)
    assert sorted(one.scope[-11:] for one in list_data_sets(installation, partner)) == ["customers/1", "customers/2"]


@pytest.mark.parametrize(
    ("first_day", "last_day"),
    [("2024-09-08", "2024-09-14"), ("2024-09-01", "2024-09-29"), ("2024-10-01", "2024-10-31")],
)
def test_a_run_of_fewer_days_takes_no_month_away(
    installation: Installation, partner: Caller, tmp_path: Path, first_day: str, last_day: str
) -> None:
    bring(installation, partner, write_run(tmp_path, Run({"a.csv": [row()]}, submitted=EARLY)))
    in_force = list_data_sets(installation, partner)
    narrow = Run({"a.csv": [row(BilledCost="9")]}, submitted=LATE, first_day=first_day, last_day=last_day)
    with pytest.raises(Conflict) as refused:
        bring(installation, partner, write_run(tmp_path, narrow))
    assert refused.value.code == "narrower_delivery"
    assert list_data_sets(installation, partner) == in_force


def test_a_run_of_several_months_gives_way_to_the_newer_one_of_each(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    august = row(BillingPeriodStart="2024-08-01", ChargePeriodStart="2024-08-03", BilledCost="7")
    quarter = Run({"a.csv": [august, row(BilledCost="1")]}, submitted=EARLY, first_day="2024-07-01")
    bring(installation, partner, write_run(tmp_path, quarter))
    bring(installation, partner, write_run(tmp_path, Run({"a.csv": [row(BilledCost="2")]}, submitted=LATE)))
    assert costs(list_data_sets(installation, partner)) == [
        (SCOPE, "2024-08", Decimal(7)),
        (SCOPE, "2024-09", Decimal(2)),
    ]


def test_the_manifest_says_whether_cost_is_actual_or_amortized(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    file = Path(__file__).parents[1] / "sources" / "files" / "enterprise_amortized.csv"
    run = Run({}, kind="AmortizedCost", first_day="2020-01-01", last_day="2030-12-31")
    folder = tmp_path / run.folder
    folder.mkdir(parents=True)
    shutil.copyfile(file, folder / "part.csv")
    blobs = [{"blobName": f"{run.folder}/part.csv", "byteCount": file.stat().st_size, "dataRowCount": 28}]
    totals = {"blobCount": 1, "byteCount": file.stat().st_size, "dataRowCount": 28}
    bring(installation, partner, write_run(tmp_path, run, blobs=blobs, **totals))
    assert {one.layout for one in list_data_sets(installation, partner)} == {"enterprise-amortized"}


def test_exports_of_prices_are_no_cost(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    write_run(tmp_path, Run({"prices.csv": [row()]}, kind="PriceSheet"))
    assert outcomes(bring(installation, partner, tmp_path)) == [Outcome.NO_COST]
    assert list_data_sets(installation, partner) == []


@pytest.mark.parametrize("blobs", [{}, {"a.csv": []}], ids=["no blob", "a header alone"])
def test_a_run_without_a_row_is_no_fault_until_it_would_take_cost_away(
    installation: Installation, partner: Caller, tmp_path: Path, blobs: dict[str, list[Row]]
) -> None:
    """The first day of a month, or a customer who used nothing; and then what was there all month is there no more."""
    write_run(tmp_path, Run(blobs, submitted=EARLY))
    assert outcomes(bring(installation, partner, tmp_path)) == [Outcome.NO_COST]
    bring(installation, partner, write_run(tmp_path, Run({"b.csv": [row()]}, submitted=LATE)))
    last = write_run(tmp_path, Run(blobs, submitted="2024-09-21T06:00:00Z", run_id="last"))
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, last)
    assert refused.value.code == "no_rows"
    assert len(list_data_sets(installation, partner)) == 1
    october = {"submitted": "2024-10-01T06:00:00Z", "first_day": "2024-10-01", "last_day": "2024-10-31"}
    assert outcomes(bring(installation, partner, write_run(tmp_path, Run(blobs, **october)))) == [Outcome.NO_COST]


def test_a_blob_with_fewer_rows_than_the_manifest_says_is_refused(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    manifest = write_run(tmp_path, Run({"a.csv": [row(), row(BilledCost="2")]}))
    text = manifest.read_text().replace('"dataRowCount": 2', '"dataRowCount": 3')
    manifest.write_text(text)
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, manifest)
    assert (refused.value.code, "3" in refused.value.message) == ("row_count_differs", True)
    assert list_data_sets(installation, partner) == []


def test_a_row_that_cannot_be_read_counts_as_a_row_of_the_manifest(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    manifest = write_run(tmp_path, Run({"a.csv": [row(), row(BilledCost="one")]}))
    with pytest.raises(RejectedDelivery):
        bring(installation, partner, manifest)
    bring(installation, partner, manifest, accept_rejects=True)
    (found,) = list_data_sets(installation, partner)
    assert (found.rows, found.reject_count) == (1, 1)


def test_a_blob_that_is_cut_off_is_refused(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    manifest = write_run(tmp_path, Run({"a.csv": [row(), row(BilledCost="2")]}))
    blob = manifest.parent / "a.csv"
    blob.write_bytes(blob.read_bytes()[:-5])
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, manifest)
    assert refused.value.code == "byte_count_differs"


def test_a_blob_that_is_not_there_is_named(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    manifest = write_run(tmp_path, Run({"a.csv": [row()], "b.csv": [row(BilledCost="2")]}))
    (manifest.parent / "b.csv").unlink()
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, tmp_path)
    assert (refused.value.code, "b.csv" in refused.value.message) == ("blob_missing", True)
    assert list_data_sets(installation, partner) == []


def test_an_old_manifest_says_what_is_there_and_nothing_of_whose_it_is(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    manifest = write_run(tmp_path, Run({"a.csv": [row()]}), exportConfig=None, runInfo=None)
    bring(installation, partner, manifest, scope="contoso")
    (found,) = list_data_sets(installation, partner)
    assert (found.scope, found.source_kind, found.source_version) == ("contoso", "file", None)


def test_of_several_deliveries_a_refused_one_does_not_hold_up_the_others(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_run(tmp_path / "1", Run({"a.csv": [row(SubAccountId="s-1")]}, resource="/customers/1"))
    damaged = write_run(tmp_path / "2", Run({"a.csv": [row(SubAccountId="s-2")]}, resource="/customers/2"))
    (damaged.parent / "a.csv").write_text("nothing of the kind")
    done = bring(installation, partner, tmp_path)
    assert sorted(outcomes(done)) == [Outcome.IMPORTED, Outcome.REFUSED]
    assert [one.scope for one in list_data_sets(installation, partner)] == ["/customers/1"]
    assert recorded(installation, partner) == ["done", "refused"]


def recorded(installation: Installation, partner: Caller) -> list[str]:
    """What the audit trail says became of imports, in any order."""
    found = newest_audit_entries(installation, partner, AuditFilter(act="import_costs"), 10)
    return sorted(kept.entry.outcome for kept in found)


def test_a_file_in_place_of_an_export_and_back(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    bring(installation, partner, write_run(tmp_path / "1", Run({"a.csv": [row(BilledCost="1")]}, submitted=EARLY)))
    mended = write_csv(tmp_path / "mended.csv", [row(BilledCost="2")])
    with pytest.raises(Conflict) as refused:
        bring(installation, partner, mended)
    assert refused.value.code == "double_counting"
    bring(installation, partner, mended, scope=SCOPE)
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(2))]
    bring(installation, partner, write_run(tmp_path / "2", Run({"a.csv": [row(BilledCost="3")]}, submitted=LATE)))
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(3))]


def test_an_export_goes_on_where_a_file_was_taken_in_by_hand(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    """Of another month what was taken in by hand stays; the next run replaces the first as ever."""
    october = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "BillingPeriodEnd": "2024-11-01T00:00:00Z"}
    late = row(BilledCost="4", ChargePeriodStart="2024-10-02T00:00:00Z", **october)
    bring(installation, partner, write_csv(tmp_path / "by-hand.csv", [row(BilledCost="1"), late]))
    (by_hand, _) = list_data_sets(installation, partner)
    first = write_run(tmp_path / "1", Run({"a.csv": [row(BilledCost="1"), row(BilledCost="2")]}, submitted=EARLY))
    with pytest.raises(Conflict) as refused:
        bring(installation, partner, first)
    assert refused.value.code == "double_counting"
    assert outcomes(bring(installation, partner, first, in_place_of=by_hand.scope)) == [Outcome.IMPORTED]
    bring(installation, partner, write_run(tmp_path / "2", Run({"a.csv": [row(BilledCost="5")]}, submitted=LATE)))
    assert costs(list_data_sets(installation, partner)) == [
        (SCOPE, "2024-09", Decimal(5)),
        (by_hand.scope, "2024-10", Decimal(4)),
    ]


def test_the_very_bytes_that_were_taken_in_by_hand_become_the_exports(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    bring(installation, partner, write_csv(tmp_path / "by-hand.csv", [row(BilledCost="1")]))
    (by_hand,) = list_data_sets(installation, partner)
    run = write_run(tmp_path / "run", Run({"a.csv": [row(BilledCost="1")]}))
    bring(installation, partner, run, in_place_of=by_hand.scope)
    assert costs(list_data_sets(installation, partner)) == [(SCOPE, "2024-09", Decimal(1))]


def test_cost_takes_the_place_of_another_view_but_usage_none_of_its_invoice(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    def files(name: str, *rows: Row) -> Path:
        return write_csv(tmp_path / f"{name}.csv", rows)

    def force() -> list[tuple[str, str]]:
        return [(one.scope, one.view) for one in list_data_sets(installation, partner)]

    charged = used("1", PartnerId="partner", EntitlementId="s-1")
    month = BillingMonth(2024, 9)
    bring(installation, partner, files("usage", charged), scope="G1", period=month)
    bring(installation, partner, files("invoice", bought("2")), scope="G1", period=month)
    more = files("more", charged, used("3", "E4", PartnerId="partner", EntitlementId="s-1"))
    bring(installation, partner, more, scope="by hand", in_place_of="G1", period=month)
    assert sorted(force()) == [("G1", "invoice"), ("by hand", "usage")]
    bring(installation, partner, more, scope="G1", in_place_of="by hand", period=month)
    bring(installation, partner, write_run(tmp_path, Run({"a.csv": [row()]})), in_place_of="G1")
    assert force() == [(SCOPE, "focus")]


def test_what_is_not_there_has_no_place_to_take(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, write_run(tmp_path, Run({"a.csv": [row()]})), in_place_of="contoso")
    assert (refused.value.code, "'contoso'" in refused.value.message) == ("invalid_scope", True)
    assert list_data_sets(installation, partner) == []


def test_one_scope_names_one_delivery(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    for number in "12":
        write_run(tmp_path / number, Run({"a.csv": [row()]}, resource=f"/customers/{number}"))
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, tmp_path, scope="contoso")
    assert refused.value.code == "several_deliveries"
