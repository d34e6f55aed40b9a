"""Sample data: a made-up partner, seeded, with every kind of cost line a partner meets."""

import csv
import gzip
import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from rebill.model.cost_line import CHARGE_CATEGORIES, FOCUS_COLUMNS
from rebill.model.data_set import CostImportOrder
from rebill.model.errors import Conflict, Invalid
from rebill.model.money import kept_amount
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.import_costs import import_costs
from rebill.services.costs.sample_data import SampleData, write_sample_data
from rebill.services.parties.catalogue import import_catalogue
from rebill.sources.synthetic import CostFileLayout
from tests.services.months import Month
from tests.services.steps import assign

SEPTEMBER = BillingMonth(2024, 9)
Row = dict[str, str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleData:
    """Twenty customers with 6,000 lines: enough for every kind of line."""
    return write_sample_data(tmp_path_factory.mktemp("sample") / "partner", 20, 6_000, SEPTEMBER)


@pytest.fixture(scope="module")
def rows(sample: SampleData) -> list[Row]:
    return _rows(sample)


def _rows(sample: SampleData) -> list[Row]:
    found: list[Row] = []
    for file in sample.cost_files:
        with file.open(newline="", encoding="utf-8") as text:
            found.extend(csv.DictReader(text))
    return found


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "parquet"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, file_format: str) -> None:
    for name, seed in (("first", 7), ("again", 7), ("other", 8)):
        write_sample_data(tmp_path / name, 5, 2_000, SEPTEMBER, seed, file_format)

    first, again, other = (_digests(tmp_path / name) for name in ("first", "again", "other"))

    assert first == again
    assert first.keys() == other.keys()
    assert not set(first.values()) & set(other.values())


def test_the_lines_and_their_order_do_not_depend_on_the_size_of_the_files(tmp_path: Path) -> None:
    several = write_sample_data(tmp_path / "several", 5, 1_700, SEPTEMBER, lines_a_file=500)
    one = write_sample_data(tmp_path / "one", 5, 1_700, SEPTEMBER)

    assert [file.name for file in several.cost_files] == [f"part_{number:04d}.csv" for number in range(4)]
    assert _rows(several) == _rows(one)
    assert several.sums == one.sums


def test_files_have_focus_names_and_microsofts_own(rows: Sequence[Row]) -> None:
    names = set(rows[0])

    assert {name for name in names if not name.startswith("x_")} == {column.name for column in FOCUS_COLUMNS} - {
        "AvailabilityZone"
    }
    assert {"x_CustomerId", "x_ResellerId", "x_PartnerCreditApplied"} <= names


def test_every_charge_category_occurs(rows: Sequence[Row]) -> None:
    assert {row["ChargeCategory"] for row in rows} == set(CHARGE_CATEGORIES)


def _is(**wanted: str) -> Callable[[Row], bool]:
    return lambda row: all(row[name] == value for name, value in wanted.items())


def _money(row: Row, name: str) -> Decimal:
    return Decimal(row[name] or "0")


KINDS: dict[str, Callable[[Row], bool]] = {
    "partner earned credit": lambda row: (
        row["x_PartnerCreditApplied"] == "true" and _money(row, "ListCost") > _money(row, "BilledCost") > 0
    ),
    "a day without partner earned credit": lambda row: (
        row["x_PartnerCreditApplied"] == "false" and _money(row, "ListCost") == _money(row, "BilledCost") > 0
    ),
    "list price of zero": lambda row: (
        row["ListCost"] != "" and _money(row, "ListCost") == 0 < _money(row, "BilledCost")
    ),
    "list price missing": lambda row: row["ListCost"] == "" and _money(row, "BilledCost") > 0,
    "reservation bought": _is(ChargeCategory="Purchase", CommitmentDiscountType="Reservation", ChargeClass=""),
    "reservation returned": lambda row: (
        _is(ChargeCategory="Purchase", CommitmentDiscountType="Reservation", ChargeClass="Correction")(row)
        and _money(row, "BilledCost") < 0
    ),
    "reservation used": lambda row: (
        _is(CommitmentDiscountType="Reservation", CommitmentDiscountStatus="Used")(row)
        and _money(row, "BilledCost") == 0 < _money(row, "EffectiveCost")
    ),
    "reservation unused": _is(CommitmentDiscountType="Reservation", CommitmentDiscountStatus="Unused", SubAccountId=""),
    "unused commitment that names no customer": _is(CommitmentDiscountStatus="Unused", x_CustomerId=""),
    "savings plan bought": _is(ChargeCategory="Purchase", CommitmentDiscountType="Savings Plan"),
    "savings plan used": _is(CommitmentDiscountType="Savings Plan", CommitmentDiscountStatus="Used"),
    "savings plan unused": _is(CommitmentDiscountType="Savings Plan", CommitmentDiscountStatus="Unused"),
    "commitment without retail price": lambda row: (
        row["CommitmentDiscountStatus"] == "Used" and _money(row, "ListCost") == 0
    ),
    "marketplace usage": _is(ChargeCategory="Usage", x_PublisherCategory="Vendor"),
    "marketplace purchase": _is(ChargeCategory="Purchase", x_PublisherCategory="Vendor"),
    "credit": lambda row: row["ChargeCategory"] == "Credit" and _money(row, "BilledCost") < 0,
    "refund": lambda row: (
        _is(ChargeCategory="Usage", ChargeClass="Correction")(row) and _money(row, "PricingQuantity") < 0
    ),
    "late usage": lambda row: row["ChargeClass"] == "" and row["ChargePeriodStart"].startswith("2024-08"),
    "tax": lambda row: row["ChargeCategory"] == "Tax" and _money(row, "BilledCost") > 0,
    "rounding that names nobody": _is(ChargeCategory="Adjustment", SubAccountId="", x_CustomerId=""),
    "more than twelve decimals": lambda row: _money(row, "BilledCost") != kept_amount(_money(row, "BilledCost")),
    "tags": lambda row: row["Tags"] != "" and "costCenter" in json.loads(row["Tags"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_advertised_kind_of_line_is_there(rows: Sequence[Row], kind: str) -> None:
    assert any(KINDS[kind](row) for row in rows)


def test_a_small_month_has_one_of_each_kind_too(tmp_path: Path) -> None:
    small = _rows(write_sample_data(tmp_path / "small", 3, 25, SEPTEMBER))

    assert len(small) == 25
    assert {row["ChargeCategory"] for row in small} == set(CHARGE_CATEGORIES)
    assert {row["CommitmentDiscountStatus"] for row in small} == {"Used", "Unused", ""}


def test_costs_are_unit_price_times_quantity_to_the_last_decimal(rows: Sequence[Row]) -> None:
    metered = [row for row in rows if row["PricingQuantity"]]

    assert metered
    for row in metered:
        quantity = Decimal(row["PricingQuantity"])
        assert _money(row, "BilledCost") == Decimal(row["x_BilledUnitPrice"]) * quantity
        assert _money(row, "EffectiveCost") == Decimal(row["x_EffectiveUnitPrice"]) * quantity
        if row["ListCost"]:
            assert Decimal(row["ListCost"]) == Decimal(row["ListUnitPrice"]) * quantity


def test_lines_fall_on_every_day_and_most_of_a_customers_in_one_currency(rows: Sequence[Row]) -> None:
    days = {row["ChargePeriodStart"][:10] for row in rows}
    currencies: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if row["x_CustomerId"]:
            currencies[row["x_CustomerId"]][row["BillingCurrency"]] += 1

    assert {f"2024-09-{day:02d}" for day in range(1, 31)} <= days
    assert {row["BillingPeriodStart"] for row in rows} == {"2024-09-01T00:00:00Z"}
    assert len({currency for counts in currencies.values() for currency in counts}) >= 4
    assert any(len(counts) == 2 for counts in currencies.values())
    assert all(max(counts.values()) * 2 > sum(counts.values()) for counts in currencies.values())


def test_sums_are_those_of_the_files(sample: SampleData, rows: Sequence[Row]) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["BillingCurrency"]] += kept_amount(Decimal(row["BilledCost"]))

    assert len(rows) == sample.lines == 6_000
    assert sample.sums == sums


def test_parquet_and_gzip_hold_the_same_lines_with_money_as_decimals(tmp_path: Path, sample: SampleData) -> None:
    parquet = write_sample_data(tmp_path / "parquet", 20, 6_000, SEPTEMBER, file_format="parquet")
    packed = write_sample_data(tmp_path / "gzip", 20, 6_000, SEPTEMBER, file_format="csv.gz")

    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW written AS FROM '{parquet.cost_files[0]}'")
        types = {name: kind for name, kind, *_ in connection.execute("DESCRIBE written").fetchall()}
        costs = connection.execute("SELECT BilledCost FROM written").fetchall()
    unpacked = gzip.decompress(packed.cost_files[0].read_bytes())

    assert {types[name] for name in ("BilledCost", "ListCost", "ContractedCost", "EffectiveCost")} == {"DECIMAL(28,15)"}
    assert "DOUBLE" not in types.values()
    assert [cost for (cost,) in costs] == [Decimal(row["BilledCost"]) for row in _rows(sample)]
    assert unpacked == sample.cost_files[0].read_bytes()
    assert parquet.sums == packed.sums == sample.sums


def test_customers_come_as_partner_center_lists_them(tmp_path: Path) -> None:
    written = write_sample_data(tmp_path / "large", 1_201, 3_000, SEPTEMBER)

    pages = json.loads(written.customers_file.read_text(encoding="utf-8"))
    items = [item for page in pages for item in page["items"]]

    assert [len(page["items"]) for page in pages] == [500, 500, 201]
    assert ["next" in page["links"] for page in pages] == [True, True, False]
    assert all(item["id"] == item["companyProfile"]["tenantId"] == str(uuid.UUID(item["id"])) for item in items)
    assert len({item["id"] for item in items}) == len({item["companyProfile"]["domain"] for item in items}) == 1_201
    assert {row["x_CustomerId"] for row in _rows(written)} - {""} <= {item["id"] for item in items}


def test_progress_is_told_up_to_the_last_line(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    write_sample_data(
        tmp_path / "told", 1, 10, SEPTEMBER, progress=lambda written, lines: told.append((written, lines))
    )

    assert told == [(0, 10), (10, 10)]


@pytest.mark.parametrize(
    ("field", "sizes"),
    [
        ("customers", {"customers": 0}),
        ("lines", {"lines": 0}),
        ("subscriptions", {"subscriptions": 2}),
        ("format", {"file_format": "xlsx"}),
        ("layout", {"layout": "daily"}),
    ],
)
def test_impossible_sizes_are_refused(tmp_path: Path, field: str, sizes: dict[str, int]) -> None:
    arguments: dict[str, int] = {"customers": 3, "lines": 10, **sizes}

    with pytest.raises(Invalid) as refusal:
        write_sample_data(tmp_path / "none", period=SEPTEMBER, **arguments)  # type: ignore[arg-type]  # a wrong format

    assert field in refusal.value.fields
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep")

    with pytest.raises(Conflict):
        write_sample_data(tmp_path, 3, 100, SEPTEMBER)

    assert [file.name for file in tmp_path.iterdir()] == ["precious.txt"]


def _order(sample: SampleData, layout: str = "auto", period: BillingMonth | None = None) -> CostImportOrder:
    return CostImportOrder(
        files=sample.cost_files,
        layout=layout,
        scope="sample",
        period=period,
        currency=None,
        accept_rejects=False,
        overlap_reason=None,
    )


@pytest.mark.parametrize("layout", list(CostFileLayout))
def test_rebill_takes_in_its_own_sample_in_every_layout(
    installation: Installation, partner: Caller, tmp_path: Path, layout: CostFileLayout
) -> None:
    sample = write_sample_data(tmp_path / "partner", 20, 6_000, SEPTEMBER, layout=layout)
    # Actual and amortized cost have one header: which of them a file holds must be said of the second.
    named = layout if layout is CostFileLayout.AMORTIZED else "auto"
    # Nor does daily-rated usage tell the month that bills it.
    period = SEPTEMBER if layout is CostFileLayout.DAILY_RATED_USAGE else None

    catalogue = import_catalogue(installation, partner, sample.customers_file)
    imported = import_costs(installation, partner, _order(sample, named, period))

    assert (catalogue.total, catalogue.new) == (20, 20)
    assert imported.reject_count == 0
    assert [data_set.layout.removesuffix("-1.2") for data_set in imported.data_sets] == [layout]
    assert sum(data_set.rows for data_set in imported.data_sets) == sample.lines
    assert {one.currency: one.partner_cost for one in imported.data_sets[0].sums} == sample.sums


def test_a_month_bills_the_same_from_its_actual_cost_as_from_focus(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    from_focus = _billed(installation, partner, tmp_path / "focus", CostFileLayout.FOCUS)
    from_actual = _billed(installation, other_partner, tmp_path / "actual", CostFileLayout.ACTUAL)

    assert len(from_focus) >= 5
    assert from_actual == from_focus


def _billed(
    installation: Installation, caller: Caller, folder: Path, layout: CostFileLayout
) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Customer and currency → total and cost, of a made-up month of five customers."""
    written = write_sample_data(folder, 5, 3_000, SEPTEMBER, layout=layout)
    import_catalogue(installation, caller, written.customers_file)
    month = Month(installation, caller, folder)
    for number, identifier in enumerate(_customer_ids(written)):
        assign(installation, caller, month.customer(f"Customer {number}", markup_percent=Decimal("7.5")), identifier)
    import_costs(installation, caller, _order(written))
    return {
        (one.customer_name, one.statement.currency): (one.statement.total_minor_units, one.statement.statement_cost)
        for one in run_bill(installation, caller, SEPTEMBER).statements
    }


def _customer_ids(written: SampleData) -> list[str]:
    pages = json.loads(written.customers_file.read_text(encoding="utf-8"))
    return [item["id"] for page in pages for item in page["items"]]
