"""Deliveries of cost files: identity, replacement, no double counting, all or nothing."""

import hashlib
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import rebill
from rebill.lake.cost_data_sets import kept_rejects, part_paths, verify
from rebill.lake.session import engine_session
from rebill.lake.workshop import costs_folder, workshop
from rebill.model.data_set import CostImport, CostImportOrder, DataSet, Reject, RejectedDelivery
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound, ProgramError
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import import_costs, list_data_sets
from rebill.services.costs.read_rejects import list_refused_rejects
from rebill.store.accounts import known_accounts
from rebill.store.scope import Scope
from rebill.store.tables import accounts, data_sets
from tests.conftest import SettableClock
from tests.focus_files import SOUND_ROW, row, write_csv, write_parquet

SAMPLE = Path(rebill.__file__).parent / "samples" / "focus_1_0_sample_1000.csv"
SEPTEMBER = BillingMonth(2024, 9)


def bring(installation: Installation, caller: Caller, *files: Path, **order: Any) -> CostImport:
    """Import files as one delivery."""
    return import_costs(installation, caller, CostImportOrder(files=files, **order))


def everything(installation: Installation) -> tuple[dict[str, str], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The lake's files by hash, and the record's rows of data sets and accounts."""
    lake = {
        file.relative_to(installation.lake_folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(installation.lake_folder.rglob("*"))
        if file.is_file()
    }
    with installation.database.reading() as connection:
        rows = [tuple(found) for found in connection.execute(select(data_sets).order_by(data_sets.c.data_set_id))]
        known = [tuple(found) for found in connection.execute(select(accounts).order_by(accounts.c.account_id))]
    return lake, rows, known


def lines_of(installation: Installation, *found: DataSet) -> list[tuple[Any, ...]]:
    """Source file, source row and billed cost of every line, in the lake's order."""
    with engine_session("200MB") as connection:
        paths = part_paths(connection, installation.lake_folder, found)
        lines: list[tuple[Any, ...]] = []
        for path in paths:
            lines += connection.execute(f"SELECT x_SourceFile, x_SourceRow, BilledCost FROM '{path}'").fetchall()
        return lines


def test_the_published_sample_becomes_one_data_set_for_each_month_that_bills_it(
    installation: Installation, partner: Caller
) -> None:
    done = bring(installation, partner, SAMPLE)
    september, october = done.data_sets
    assert (september.billing_month, september.rows) == (SEPTEMBER, 999)
    assert (october.billing_month, october.rows) == (BillingMonth(2024, 10), 1)
    assert sum(found.partner_cost for found in (*september.sums, *october.sums)) == Decimal("20.520226728990")
    assert (september.layout, september.view, september.source_kind) == ("focus-1.0", "focus", "file")
    assert september.files[0].sha256.startswith("e91e5ac7edf0")
    assert list_data_sets(installation, partner) == list(done.data_sets)
    with engine_session("200MB") as connection:
        verify(connection, installation.lake_folder, september)
    assert len(lines_of(installation, september, october)) == 1000


def test_the_lines_lie_where_the_lake_says_and_bear_their_source(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    (folder / "part=1").mkdir(parents=True)
    (folder / "notes.txt").write_text("no cost file")
    write_csv(folder / "part=1" / "b.csv.gz", [row(BilledCost="2"), row(BilledCost="3")])
    write_parquet(folder / "a[1].parquet", [row(BilledCost="1", ServiceName="Disks")])
    (data_set,) = bring(installation, partner, folder).data_sets
    assert [(found.name, found.rows) for found in data_set.files] == [("a[1].parquet", 1), ("part=1/b.csv.gz", 2)]
    assert lines_of(installation, data_set) == [
        ("a[1].parquet", 1, 1),
        ("part=1/b.csv.gz", 1, 2),
        ("part=1/b.csv.gz", 2, 3),
    ]
    place = f"{partner.partner_id}/costs/2024-09/{data_set.data_set_id}"
    assert [part.path for part in data_set.parts] == [f"{place}/part-00000.parquet", f"{place}/part-00001.parquet"]
    assert {file.name for file in (installation.lake_folder / place).iterdir()} == {
        "part-00000.parquet",
        "part-00001.parquet",
        "manifest.json",
        "keys.parquet",
        "line_keys.parquet",
    }


def test_the_same_bytes_again_change_nothing(installation: Installation, partner: Caller, clock: SettableClock) -> None:
    first = bring(installation, partner, SAMPLE)
    before = everything(installation)
    clock.now = clock.now.replace(day=20)
    again = bring(installation, partner, SAMPLE)
    assert everything(installation) == before
    assert [found.data_set_id for found in again.data_sets] == [found.data_set_id for found in first.data_sets]
    assert [found.already_imported for found in (*first.data_sets, *again.data_sets)] == [False, False, True, True]


def test_a_copy_under_another_name_is_the_same_delivery(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    bring(installation, partner, SAMPLE, scope="contoso")
    copy = tmp_path / "copy.csv"
    copy.write_bytes(SAMPLE.read_bytes())
    assert all(found.already_imported for found in bring(installation, partner, copy, scope="contoso").data_sets)
    with pytest.raises(Conflict) as refused:
        bring(installation, partner, copy)
    assert refused.value.code == "file_in_force"
    with pytest.raises(Conflict) as refused:
        bring(installation, partner, copy, write_csv(tmp_path / "more.csv", [row()]), scope="other")
    assert refused.value.code == "file_in_force"


def test_a_scope_replaces_what_it_delivered_before_as_one_step(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    other_day = row(ChargePeriodStart="2024-09-02")
    (first,) = bring(installation, partner, write_csv(tmp_path / "a.csv", [row()]), scope="contoso").data_sets
    clock.now = clock.now.replace(day=16)
    newer = write_csv(tmp_path / "b.csv", [row(BilledCost="9"), other_day])
    (second,) = bring(installation, partner, newer, scope="contoso").data_sets
    assert list_data_sets(installation, partner) == [second]
    assert (second.name, second.rows) == (first.name, 2)
    assert (installation.lake_folder / first.parts[0].path).exists()
    with installation.database.reading() as connection:
        ended = {found.data_set_id: found.replaced_at for found in connection.execute(select(data_sets))}
    assert ended == {first.data_set_id: clock.now, second.data_set_id: None}


def test_what_was_imported_without_a_scope_is_replaced_by_the_scope_it_was_given(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    (first,) = bring(installation, partner, write_csv(tmp_path / "a.csv", [row(BilledCost="1")])).data_sets
    restated = write_csv(tmp_path / "b.csv", [row(BilledCost="2")])
    with pytest.raises(Conflict) as refused:
        bring(installation, partner, restated)
    assert first.scope in refused.value.message
    (second,) = bring(installation, partner, restated, scope=first.scope).data_sets
    assert list_data_sets(installation, partner) == [second]


def test_going_back_to_earlier_bytes_replaces_again(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    old = write_csv(tmp_path / "a.csv", [row()])
    new = write_csv(tmp_path / "b.csv", [row(BilledCost="9")])
    bring(installation, partner, old, scope="contoso")
    bring(installation, partner, new, scope="contoso")
    (back,) = bring(installation, partner, old, scope="contoso").data_sets
    assert not back.already_imported
    assert list_data_sets(installation, partner) == [back]
    assert lines_of(installation, back) == [("a.csv", 1, Decimal("1.25"))]


def test_a_delivery_of_two_months_replaces_only_the_months_it_holds(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    october = row(BillingPeriodStart="2024-10-01", ChargePeriodStart="2024-10-03")
    both = write_csv(tmp_path / "both.csv", [row(), october, row(BilledCost="2")])
    first = bring(installation, partner, both, scope="contoso").data_sets
    assert [lines_of(installation, found) for found in first] == [
        [("both.csv", 1, Decimal("1.25")), ("both.csv", 3, Decimal(2))],
        [("both.csv", 2, Decimal("1.25"))],
    ]
    only_october = write_csv(tmp_path / "october.csv", [{**october, "BilledCost": "7"}])
    (second,) = bring(installation, partner, only_october, scope="contoso").data_sets
    assert list_data_sets(installation, partner) == [first[0], second]
    again = bring(installation, partner, both, scope="contoso").data_sets
    assert [found.already_imported for found in again] == [True, False]
    assert [found.data_set_id for found in list_data_sets(installation, partner)] == [
        first[0].data_set_id,
        again[1].data_set_id,
    ]


def test_charges_that_are_in_force_are_not_counted_twice(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    (first,) = bring(installation, partner, write_csv(tmp_path / "a.csv", [row()])).data_sets
    before = everything(installation)
    with pytest.raises(Conflict) as refused:
        bring(installation, partner, write_csv(tmp_path / "b.csv", [row(BilledCost="9")]))
    assert refused.value.code == "double_counting"
    assert str(first.data_set_id) in refused.value.message
    assert "aaaa0000-0000-4000-8000-000000000001" in refused.value.message
    assert everything(installation) == before


@pytest.mark.parametrize(
    "other",
    [
        {"ChargePeriodStart": "2024-09-17T23:59:59Z"},
        {"SubAccountId": "another"},
        {"x_CustomerId": "another"},
        {"BillingAccountId": "another"},
        {"ProviderName": "AWS"},
        {"BillingPeriodStart": "2024-10-01", "BilledCost": "1.5"},
    ],
)
def test_other_charges_stand_beside(
    installation: Installation, partner: Caller, tmp_path: Path, other: dict[str, str]
) -> None:
    bring(installation, partner, write_csv(tmp_path / "a.csv", [row()]))
    bring(installation, partner, write_csv(tmp_path / "b.csv", [row(**other)]))
    assert len(list_data_sets(installation, partner)) == 2


def test_rows_without_any_account_are_not_counted_twice_either(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    bare = {"SubAccountId": "", "x_CustomerId": "", "BillingAccountId": ""}
    bring(installation, partner, write_csv(tmp_path / "a.csv", [row(**bare)]))
    with pytest.raises(Conflict):
        bring(installation, partner, write_csv(tmp_path / "b.csv", [row(**bare, BilledCost="3")]))
    assert len(list_data_sets(installation, partner)) == 1


def test_a_reason_lets_charges_stand_beside_and_is_kept(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    bring(installation, partner, write_csv(tmp_path / "a.csv", [row()]))
    second = bring(
        installation,
        partner,
        write_csv(tmp_path / "b.csv", [row(BilledCost="9")]),
        overlap_reason="credit in two files",
    )
    assert second.data_sets[0].overlap_reason == "credit in two files"
    assert len(list_data_sets(installation, partner)) == 2


def test_partners_share_nothing(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "a.csv", [row()])
    (mine,) = bring(installation, partner, file).data_sets
    (theirs,) = bring(installation, other_partner, file).data_sets
    assert mine.data_set_id != theirs.data_set_id
    assert list_data_sets(installation, partner) == [mine]
    assert list_data_sets(installation, other_partner) == [theirs]


def test_subscriptions_of_imported_cost_are_known_afterwards(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    rows = [
        row(SubAccountName="Old name", ChargePeriodStart="2024-09-01"),
        row(SubAccountName="New name", ChargePeriodStart="2024-09-09"),
        row(SubAccountId="51738928782", SubAccountName=""),
        row(SubAccountId="x" * 500),
    ]
    bring(installation, partner, write_csv(tmp_path / "a.csv", rows))
    with installation.database.reading() as connection:
        found = known_accounts(
            Scope.of(connection, partner),
            AccountKind.SUBSCRIPTION,
            ["aaaa0000-0000-4000-8000-000000000001", "51738928782", "x" * 500],
        )
    assert {key: known.name for key, known in found.items()} == {
        "aaaa0000-0000-4000-8000-000000000001": "New name",
        "51738928782": "",
    }


def test_rejects_keep_a_delivery_out_unless_they_are_accepted(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    rows = [row(), row(BilledCost="12,50"), row(BilledCost="2", BillingCurrency="Dollar"), row(BilledCost="4")]
    file = write_csv(tmp_path / "a.csv", rows)
    before = everything(installation)
    with pytest.raises(RejectedDelivery) as refused:
        bring(installation, partner, file)
    assert (refused.value.code, refused.value.reject_count) == ("rejected_rows", 2)
    assert refused.value.fields == {
        "a.csv:2:BilledCost": "'12,50' is not a number: write digits with at most one point",
        "a.csv:3:BillingCurrency": "'Dollar' is not an ISO 4217 currency code such as USD",
    }
    after = everything(installation)
    assert (after[1], after[2]) == (before[1], before[2])
    assert not [name for name in after[0] if not name.endswith(".lock")]

    done = bring(installation, partner, file, accept_rejects=True)
    (data_set,) = done.data_sets
    assert (data_set.rows, data_set.reject_count, done.reject_count) == (2, 2, 2)
    assert (data_set.files[0].rows, data_set.files[0].rejects) == (2, 2)
    assert lines_of(installation, data_set) == [("a.csv", 1, Decimal("1.25")), ("a.csv", 4, Decimal(4))]
    with engine_session("200MB") as connection:
        kept = kept_rejects(connection, installation.lake_folder, data_set)
    assert kept == done.rejects
    assert [(found.row, found.column, found.billed_cost) for found in kept] == [
        (2, "BilledCost", None),
        (3, "BillingCurrency", Decimal(2)),
    ]


def test_the_rows_for_which_a_delivery_was_refused_are_kept_for_a_while_where_that_is_asked(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "a.csv", [row(), *(row(BilledCost=f"{number},5") for number in range(120))])
    numbers: list[int] = []
    told: tuple[Reject, ...] = ()
    for _ in range(11):
        with pytest.raises(RejectedDelivery) as refused:
            bring(installation, partner, file, keep_rejects=True)
        numbers.append(refused.value.kept_as or 0)
        told = refused.value.rejects
    rejects = list_refused_rejects(installation, partner, numbers[-1])
    assert [one.raw_text.split('"')[1] for one in rejects] == [f"{number},5" for number in range(120)]
    assert rejects[:100] == told
    assert list_refused_rejects(installation, partner, numbers[1]) == rejects
    for caller, number in ((partner, numbers[0]), (other_partner, numbers[-1])):
        with pytest.raises(NotFound):
            list_refused_rejects(installation, caller, number)


def test_a_reject_counts_for_the_month_it_names_else_for_the_first(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    october = {"BillingPeriodStart": "2024-10-01", "ChargePeriodStart": "2024-10-03"}
    rows = [row(), row(**october), row(**october, ListCost="?"), row(BillingPeriodStart="?"), row(ListCost="?")]
    done = bring(installation, partner, write_csv(tmp_path / "a.csv", rows), accept_rejects=True)
    assert [(str(found.billing_month), found.rows, found.reject_count) for found in done.data_sets] == [
        ("2024-09", 1, 2),
        ("2024-10", 1, 1),
    ]


def test_every_fault_of_every_file_is_told_at_once(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "empty.csv").write_bytes(b"")
    (folder / "other.csv").write_text("Date,Cost\n1,2\n")
    (folder / "broken.parquet").write_bytes(b"PAR1")
    write_csv(folder / "sound.csv", [row()])
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, folder)
    assert refused.value.code == "several_files_refused"
    assert set(refused.value.fields) == {"empty.csv", "other.csv", "broken.parquet"}
    assert list_data_sets(installation, partner) == []


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"layout": "cur"}, "unknown_layout"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "file:1"}, "invalid_scope"),
        ({"scope": "a\nb"}, "invalid_scope"),
        ({"currency": "Euro"}, "currency_missing"),
        ({"currency": "EUR"}, "currency_named"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    installation: Installation, partner: Caller, tmp_path: Path, order: dict[str, str], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, write_csv(tmp_path / "a.csv", [row()]), **order)
    assert refused.value.code == code


def test_paths_that_hold_no_cost_files_are_refused(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, tmp_path / "nothing", tmp_path / "absent.csv")
    assert set(refused.value.fields) == {str(tmp_path / "nothing"), str(tmp_path / "absent.csv")}
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, tmp_path / "pipe.csv")
    assert refused.value.code == "file_not_readable"
    with pytest.raises(Invalid, match="name at least one"):
        bring(installation, partner)
    header_only = write_csv(tmp_path / "header.csv", [], list(SOUND_ROW))
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, header_only)
    assert refused.value.code == "no_rows"
    first = write_csv(tmp_path / "first.csv", [row()])
    second = write_csv(tmp_path / "second.csv", [row()])
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, first, second)
    assert refused.value.code == "same_file_twice"


def test_a_period_and_a_currency_of_the_order_stand_in_for_absent_columns(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    columns = [name for name in SOUND_ROW if name not in ("BillingPeriodStart", "BillingCurrency")]
    file = write_csv(tmp_path / "a.csv", [row()], columns)
    with pytest.raises(Invalid, match="--currency CODE"):
        bring(installation, partner, file)
    with pytest.raises(Invalid, match="--period YYYY-MM"):
        bring(installation, partner, file, currency="EUR")
    (data_set,) = bring(installation, partner, file, currency="EUR", period=BillingMonth(2024, 11)).data_sets
    assert str(data_set.billing_month) == "2024-11"
    assert [(found.currency, found.partner_cost) for found in data_set.sums] == [("EUR", Decimal("1.25"))]


def test_sums_are_kept_apart_by_currency(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    rows = [row(BilledCost="0.1"), row(BilledCost="0.2"), row(BilledCost="-5", BillingCurrency="EUR")]
    (data_set,) = bring(installation, partner, write_csv(tmp_path / "a.csv", rows)).data_sets
    assert [(found.currency, found.partner_cost) for found in data_set.sums] == [
        ("EUR", Decimal(-5)),
        ("USD", Decimal("0.3")),
    ]


def test_sums_that_no_run_could_keep_are_refused_and_the_greatest_that_it_can_are_taken(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    greatest = Decimal("9999999999999999.999999999999")
    half = "5000000000000000"
    bring(installation, partner, write_csv(tmp_path / "greatest.csv", [row(BilledCost=str(greatest))]))
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, write_csv(tmp_path / "beyond.csv", [row(BilledCost=half)] * 2), scope="beyond")
    assert refused.value.code == "cost_out_of_range"
    assert "2024-09 in USD" in str(refused.value)
    ((found,),) = (data_set.sums for data_set in list_data_sets(installation, partner))
    assert found.partner_cost == greatest


def test_only_who_may_change_costs_imports_and_no_customer_sees_them(
    installation: Installation, partner: Caller
) -> None:
    reader = Caller(partner.partner_id, Role.READ_ONLY)
    with pytest.raises(Forbidden):
        bring(installation, reader, SAMPLE)
    assert list_data_sets(installation, reader) == []
    with pytest.raises(Forbidden):
        list_data_sets(installation, Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, customer_id=1))


def test_one_import_of_a_partner_at_a_time(installation: Installation, partner: Caller, other_partner: Caller) -> None:
    with workshop(installation.lake_folder, partner.partner_id):
        with pytest.raises(Conflict) as refused:
            bring(installation, partner, SAMPLE)
        assert refused.value.code == "import_running"
        assert bring(installation, other_partner, SAMPLE).data_sets
    assert bring(installation, partner, SAMPLE).data_sets


def test_a_part_that_is_not_as_recorded_is_noticed(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    (data_set,) = bring(installation, partner, write_csv(tmp_path / "a.csv", [row(), row()])).data_sets
    part = installation.lake_folder / data_set.parts[0].path
    whole = part.read_bytes()
    with engine_session("200MB") as connection:
        part.write_bytes(whole[:-1])
        with pytest.raises(ProgramError, match="another size"):
            part_paths(connection, installation.lake_folder, [data_set])
        part.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        with pytest.raises(ProgramError, match="other bytes"):
            verify(connection, installation.lake_folder, data_set)
        part.unlink()
        with pytest.raises(ProgramError, match="missing"):
            part_paths(connection, installation.lake_folder, [data_set])


def test_a_disk_that_does_not_take_the_import_is_said_and_nothing_is_stored(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "a.csv", [row()])
    in_the_way = costs_folder(installation.lake_folder, partner.partner_id) / "2024-09"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("not a folder")
    with pytest.raises(ProgramError) as failed:
        bring(installation, partner, file)
    assert failed.value.code == "import_engine_failed"
    assert list_data_sets(installation, partner) == []
    in_the_way.unlink()
    assert len(bring(installation, partner, file).data_sets) == 1


def test_an_engine_without_memory_stops_the_import_and_stores_nothing(
    installation: Installation, partner: Caller
) -> None:
    small = replace(installation, settings=replace(installation.settings, engine_memory_limit="1MB"))
    with pytest.raises(ProgramError, match="REBILL_ENGINE_MEMORY_LIMIT"):
        bring(small, partner, SAMPLE)
    assert list_data_sets(installation, partner) == []
    assert [name for name in everything(installation)[0] if not name.endswith(".lock")] == []
    assert len(bring(installation, partner, SAMPLE).data_sets) == 2
