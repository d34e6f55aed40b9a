"""Files that nobody should deliver: refused whole, or kept aside row by row; nothing of them is lost or doubled."""

import gzip
import re
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.data_set import RejectedDelivery
from rebill.model.errors import Conflict, Invalid
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.costs.import_costs import list_data_sets
from rebill.sources.cost_files import GREATEST_UNPACKED_RATIO
from tests.focus_files import csv_text, row, write_csv
from tests.services.test_import_costs import bring, lines_of

FILES = Path(__file__).parents[1] / "sources" / "files"
ZEROS_OF_A_MEMBER = 64 * 2**20


def refusal(installation: Installation, partner: Caller, *files: Path, **order: str) -> Invalid:
    """Why a delivery is refused; nothing of it is in force, and nothing of it lies in the lake."""
    with pytest.raises(Invalid) as refused:
        bring(installation, partner, *files, **order)
    assert list_data_sets(installation, partner) == []
    assert not list(installation.lake_folder.rglob("*.parquet"))
    assert not list(installation.lake_folder.rglob("staging"))
    return refused.value


# What a file unpacks to is judged where it is read, alike whatever keeps the record.
@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("start", [b"", csv_text([row()]).encode()], ids=["zeros only", "behind a sound start"])
def test_ten_gigabytes_of_zeros_are_refused_within_the_first_few_hundred(
    installation: Installation, partner: Caller, tmp_path: Path, start: bytes
) -> None:
    member = gzip.compress(bytes(ZEROS_OF_A_MEMBER), 9, mtime=0)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(start, mtime=0) + member * 160)
    assert len(member) * GREATEST_UNPACKED_RATIO < ZEROS_OF_A_MEMBER
    refused = refusal(installation, partner, bomb)
    assert refused.code == ("gzip_too_large" if start else "not_text")
    assert not start or re.search("more than 25[67] MiB", refused.message)


def test_an_archive_within_an_archive_is_no_cost_file(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    nested = tmp_path / "nested.csv.gz"
    nested.write_bytes(gzip.compress(gzip.compress(csv_text([row()]).encode())))
    assert refusal(installation, partner, nested).code in ("not_text", "not_utf8_header")


def test_a_header_in_another_language_is_refused_with_what_it_lacks(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    german = csv_text([row()]).replace("BilledCost", "Abgerechnete Kosten").replace("ChargeCategory", "Kategorie")
    (tmp_path / "kosten.csv").write_text(german, encoding="utf-8")
    refused = refusal(installation, partner, tmp_path / "kosten.csv")
    assert refused.code == "not_focus"
    assert "BilledCost" in refused.message
    assert "ChargeCategory" in refused.message


def test_two_layouts_in_one_folder_are_two_deliveries(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    write_csv(tmp_path / "focus.csv", [row()])
    (tmp_path / "enterprise.csv").write_bytes((FILES / "enterprise_actual.csv").read_bytes())
    refused = refusal(installation, partner, tmp_path)
    assert refused.code == "mixed_views"
    assert "focus.csv" in refused.message


def test_currencies_are_never_added_up(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    rows = [row(BilledCost="1"), row(BilledCost="2", BillingCurrency="EUR"), row(BilledCost="4", BillingCurrency="JPY")]
    (found,) = bring(installation, partner, write_csv(tmp_path / "a.csv", rows)).data_sets
    assert {one.currency: str(one.partner_cost.normalize()) for one in found.sums} == {
        "EUR": "2",
        "JPY": "4",
        "USD": "1",
    }


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("ChargePeriodStart", "1924-09-18", "date_out_of_range"),
        ("ChargePeriodStart", "2124-09-18T00:00:00Z", "date_out_of_range"),
        ("BillingPeriodStart", "0001-01-01T00:00:00Z", "date_out_of_range"),
        ("ChargePeriodStart", "18 September 2024", "not_a_date"),
        ("BilledCost", "1,25", "not_a_number"),
        ("BilledCost", "1.234,56", "not_a_number"),
        ("PricingQuantity", "1'000", "not_a_number"),
        ("BilledCost", "NaN", "not_a_number"),
        ("BilledCost", "99999999999999999", "number_out_of_range"),
        ("BillingCurrency", "BTC", "unknown_currency"),
    ],
)
def test_a_value_of_another_century_or_country_keeps_its_row_aside(
    installation: Installation, partner: Caller, tmp_path: Path, column: str, text: str, code: str
) -> None:
    file = write_csv(tmp_path / "a.csv", [row(), row(**{column: text}), row(BilledCost="3")])
    with pytest.raises(RejectedDelivery) as refused:
        bring(installation, partner, file)
    (reject,) = refused.value.rejects
    assert (reject.row, reject.column, reject.code) == (2, column, code)
    done = bring(installation, partner, file, accept_rejects=True)
    assert (done.data_sets[0].rows, done.data_sets[0].reject_count) == (2, 1)


def test_a_number_of_22_digits_is_kept_to_its_decimals_and_the_loss_is_counted(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    rows = [
        row(BilledCost="0.1999968000511991808131", PricingQuantity="23.350007005"),
        row(BilledCost="1.2500000000000000000000", EffectiveCost="7.2E-05"),
        row(BilledCost="3E-14", ListCost="1234567890123.123456789"),
    ]
    (found,) = bring(installation, partner, write_csv(tmp_path / "a.csv", rows)).data_sets
    assert [cost for *_, cost in lines_of(installation, found)] == [Decimal("0.199996800051"), Decimal("1.25"), 0]
    assert found.files[0].rounded_values == 3


def test_a_delivery_cut_off_in_the_middle_is_not_there_at_all(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    whole = write_csv(tmp_path / "whole.csv.gz", [row(Tags=str(number)) for number in range(2000)])
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(whole.read_bytes()[:-100])
    sound = write_csv(tmp_path / "sound.csv", [row(SubAccountId="another")])
    assert refusal(installation, partner, sound, cut).code == "damaged_gzip"


def test_a_delivery_that_comes_twice_counts_once(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [row()])
    bring(installation, partner, file, scope="contoso")
    (again,) = bring(installation, partner, file, scope="contoso").data_sets
    assert again.already_imported
    with pytest.raises(Conflict):
        bring(installation, partner, file, scope="fabrikam")
    assert len(list_data_sets(installation, partner)) == 1
