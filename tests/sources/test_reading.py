"""Reading whole files: every form agrees with a slow reader, and every source row keeps its number."""

import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rebill
from rebill.model.cost_line import COLUMNS
from rebill.sources.cost_files import FileRefused
from tests.focus_files import SOUND_ROW, csv_text, row, write_csv, write_parquet
from tests.sources.delivered import FileReader, file_reader
from tests.sources.slow_reader import Unreadable, read_row

START = datetime.fromisoformat("2024-08-01")
SAMPLE = Path(rebill.__file__).parent / "samples" / "focus_1_0_sample_1000.csv"


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FileReader, Path]]:
    folder = tmp_path_factory.mktemp("reading")
    with file_reader(folder / "workspace") as found:
        yield found, folder


def test_an_exponent_behind_plain_numbers_costs_no_row(reader: FileReader, tmp_path: Path) -> None:
    """A file is first read as if it had none; so few have any."""
    rows = [row(), row(BilledCost="25E-2", PricingQuantity="5e0"), row(ListCost="2.5E+0")]
    for file in (write_csv(tmp_path / "a.csv", rows), write_parquet(tmp_path / "a.parquet", rows)):
        read = reader.read(file)
        assert (read.rejects, read.converted.rounded_values) == ((), 0)
        assert [line["BilledCost"] for line in read.lines] == [Decimal("1.25"), Decimal("0.25"), Decimal("1.25")]
        assert [(line["ListCost"], line["PricingQuantity"]) for line in read.lines] == [(Decimal("2.5"), 5)] * 3
    read = reader.read(write_csv(tmp_path / "b.csv", [*rows, row(ListCost="2e"), row(BilledCost="3")]))
    assert [(reject.row, reject.column, reject.code) for reject in read.rejects] == [(4, "ListCost", "not_a_number")]
    assert [line["BilledCost"] for line in read.lines][-1] == 3


texts = st.text(st.one_of(st.sampled_from(',"\n ;\\é€😀'), st.characters(exclude_categories=["Cs", "Cc"])), max_size=10)
amounts = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=14, min_value=-(10**9), max_value=10**9).map(str),
    st.sampled_from(
        ["", "NULL", "0", "-0", "1e-7", "5E-13", "1_000", " 5", "x", "99999999999999999", "1,5", "NaN", "1e400"]
    ),
)
moments = st.one_of(
    st.datetimes(START, START + timedelta(days=90)).map(lambda found: found.isoformat(timespec="seconds") + "Z"),
    st.sampled_from(["", "NULL", "2024-09-01", "2024-09-30T23:30:00-01:00", "infinity", "2024-13-01", "1066-10-14"]),
)
mostly = {
    "BilledCost": amounts,
    "ListCost": amounts,
    "PricingQuantity": amounts,
    "ChargePeriodStart": moments,
    "ChargePeriodEnd": moments,
    "BillingPeriodStart": st.sampled_from(["2024-09-01", "2024-09-01 00:00:00", "2024-10-01T00:00Z", "", "soon"]),
    "BillingCurrency": st.sampled_from(["USD", "EUR", "JPY", "", "usd", "XXX"]),
    "ChargeCategory": st.sampled_from(["Usage", "Purchase", "Tax", "Credit", "Adjustment", "Refund", "NULL"]),
    "CommitmentDiscountId": st.sampled_from(["", "", "NULL", "ri-1"]),
    "CommitmentDiscountStatus": st.sampled_from(["", "Used", "Unused", "Spare"]),
    "ServiceName": texts,
    "SubAccountId": texts,
    "x_CustomerId": texts,
    "CostCentre": texts,
}


@st.composite
def focus_rows(draw: st.DrawFn) -> dict[str, str]:
    changed = draw(st.sets(st.sampled_from(sorted(mostly)), max_size=3))
    return {**SOUND_ROW, "CostCentre": "7", **{name: draw(mostly[name]) for name in sorted(changed)}}


def _expected(rows: list[dict[str, str]]) -> tuple[list[dict[str, Any]], list[tuple[int, str | None, str]]]:
    lines, rejects = [], []
    for number, texts_of_row in enumerate(rows, 1):
        try:
            lines.append({**read_row(texts_of_row), "x_SourceRow": number})
        except Unreadable as fault:
            rejects.append((number, fault.code))
    return lines, [(number, None, code) for number, code in rejects]


@given(st.lists(focus_rows(), min_size=1, max_size=25), st.sampled_from(["csv", "csv.gz", "parquet", "crlf.csv"]))
@settings(max_examples=25, deadline=None)
def test_any_rows_become_the_lines_and_rejects_that_a_slow_reader_finds(
    lasting: tuple[FileReader, Path], rows: list[dict[str, str]], form: str
) -> None:
    reader, folder = lasting
    file = folder / f"delivery.{form}"
    if form == "parquet":
        write_parquet(file, rows)
    elif form == "crlf.csv":
        file.write_bytes(csv_text(rows, newline="\r\n").encode())
    else:
        write_csv(file, rows)
    read = reader.read(file)
    lines, rejects = _expected(rows)
    assert [(found.row, None, found.code.value) for found in read.rejects] == rejects
    assert len(read.lines) == len(lines)
    for found, line in zip(read.lines, lines, strict=True):
        assert {name: found[name] for name in line} == line
    kept = [found["CostCentre"] or "" for found in read.lines]
    assert kept == [rows[line["x_SourceRow"] - 1]["CostCentre"].replace("NULL", "") for line in lines]
    assert {found["x_SourceFile"] for found in read.lines} <= {file.name}
    assert reader.leftovers() == []


def test_the_published_sample_is_read_whole(reader: FileReader) -> None:
    read = reader.read(SAMPLE)
    assert read.converted.layout == "focus-1.0"
    assert [line["x_SourceRow"] for line in read.lines] == list(range(1, 1001))
    assert sum(line["BilledCost"] for line in read.lines) == Decimal("20.520226728990")
    assert len({line["SubAccountId"] for line in read.lines}) == 73
    assert read.lines[0]["Id"] == "11472"
    assert read.lines[0]["SubAccountName"] == "Atlas Nimbus"


def test_columns_are_found_in_any_order_and_case_and_the_unknown_are_kept(reader: FileReader, tmp_path: Path) -> None:
    found = row(**{"Cost Centre": "Berlin", "servicename_2": "b", "BilledCost": "7"})
    columns = [name for name in reversed(found) if name != "Cost Centre"]
    text = csv_text([found], [*columns, "Cost Centre"])
    header, rest = text.split("\n", 1)
    file = tmp_path / "odd.csv"
    file.write_bytes(b"\xef\xbb\xbf" + (header.upper() + ",\n" + rest.replace("\n", ",tail\n")).encode())
    (line,) = reader.read(file).lines
    assert line["BilledCost"] == 7
    assert line["x_AzureCustomerId"] == "bbbb0000-0000-4000-8000-000000000001"
    assert line["SubAccountId"] == "aaaa0000-0000-4000-8000-000000000001"
    assert (line["COST CENTRE"], line["SERVICENAME_2"], line["column_22"]) == ("Berlin", "b", "tail")
    assert [name for name in line if name in {column.name for column in COLUMNS}] == [column.name for column in COLUMNS]


def test_a_column_of_our_own_name_in_a_file_is_kept_beside_ours(reader: FileReader, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "again.csv", [row(X_SOURCEROW="9", x_SourceFile="before.csv", x_InvoiceId="G1")])
    (line,) = reader.read(file).lines
    assert (line["x_SourceRow"], line["X_SOURCEROW_2"]) == (1, "9")
    assert (line["x_SourceFile"], line["x_SourceFile_2"], line["InvoiceId"]) == ("again.csv", "before.csv", "G1")


@pytest.mark.parametrize(
    ("columns", "layout"),
    [
        ({}, "focus-1.0"),
        ({"x_InvoiceId": "G1", "x_SkuMeterName": "D2s", "x_PricingCurrency": "USD"}, "focus-1.0"),
        ({"SkuMeter": "D2s"}, "focus-1.1"),
        ({"InvoiceId": "G1", "SkuMeter": "D2s", "x_InvoiceId": "other"}, "focus-1.2"),
    ],
)
def test_the_version_is_told_by_the_columns_it_added(
    reader: FileReader, tmp_path: Path, columns: dict[str, str], layout: str
) -> None:
    read = reader.read(write_csv(tmp_path / "versions.csv", [row(**columns)]))
    assert read.converted.layout == layout
    if "x_InvoiceId" in columns or "InvoiceId" in columns:
        assert read.lines[0]["InvoiceId"] == "G1"
    if columns:
        assert read.lines[0]["SkuMeter"] == "D2s"
    if layout == "focus-1.2":
        assert read.lines[0]["x_InvoiceId"] == "other"


def test_a_parquet_file_with_types_of_its_own_is_read_exactly(reader: FileReader, tmp_path: Path) -> None:
    rows = [row(BilledCost="0.1", PricingQuantity="3"), row(BilledCost="1e-7", PricingQuantity="4")]
    types = {
        "BilledCost": "DOUBLE",
        "ListCost": "FLOAT",
        "EffectiveCost": "DECIMAL(18,4)",
        "PricingQuantity": "INTEGER",
        "ChargePeriodStart": "TIMESTAMPTZ",
        "ChargePeriodEnd": "TIMESTAMP",
        "BillingPeriodStart": "DATE",
    }
    read = reader.read(write_parquet(tmp_path / "typed.parquet", rows, types))
    assert [line["BilledCost"] for line in read.lines] == [Decimal("0.1"), Decimal("0.0000001")]
    assert [line["PricingQuantity"] for line in read.lines] == [3, 4]
    assert {line["EffectiveCost"] for line in read.lines} == {Decimal("1.25")}
    assert {line["BillingPeriodStart"] for line in read.lines} == {START + timedelta(days=31)}
    assert {line["ChargePeriodStart"] for line in read.lines} == {START + timedelta(days=48)}
    assert read.converted.float_values == 4


def test_parquet_text_without_its_type_and_columns_of_any_name_are_kept(reader: FileReader, tmp_path: Path) -> None:
    types = {"ProviderName": "BLOB", "Token": "BLOB", "source_row": "INTEGER", "filename": "VARCHAR"}
    rows = [row(ProviderName="Microsoft", Token=r"\x00\xFF", source_row="7", filename="x.csv")]
    (line,) = reader.read(write_parquet(tmp_path / "odd.parquet", rows, types)).lines
    found = {name: line[name] for name in ("ProviderName", "Token", "source_row", "filename", "x_SourceRow")}
    assert found == {
        "ProviderName": "Microsoft",
        "Token": r"\x00\xFF",
        "source_row": "7",
        "filename": "x.csv",
        "x_SourceRow": 1,
    }


def test_a_parquet_number_that_is_none_is_a_reject(reader: FileReader, tmp_path: Path) -> None:
    rows = [row(), row(BilledCost="nan"), row(BilledCost="inf"), row(BilledCost="1e30"), row(ServiceName="a\0b")]
    read = reader.read(write_parquet(tmp_path / "odd.parquet", rows, {"BilledCost": "DOUBLE"}))
    assert [(found.row, found.column, found.code.value) for found in read.rejects] == [
        (2, "BilledCost", "not_a_number"),
        (3, "BilledCost", "not_a_number"),
        (4, "BilledCost", "number_out_of_range"),
        (5, "ServiceName", "nul_character"),
    ]
    assert [line["x_SourceRow"] for line in read.lines] == [1]


def test_a_file_without_period_or_currency_takes_those_of_the_order(reader: FileReader, tmp_path: Path) -> None:
    columns = [name for name in SOUND_ROW if name not in ("BillingPeriodStart", "BillingCurrency")]
    read = reader.read(write_csv(tmp_path / "bare.csv", [row()], columns), "2024-09", "EUR")
    assert read.lines[0]["BillingCurrency"] == "EUR"
    assert read.lines[0]["BillingPeriodStart"] is None


def test_rows_keep_their_numbers_behind_broken_ones(reader: FileReader, tmp_path: Path) -> None:
    count = 30_000
    lines = csv_text([row(ChargeDescription=f"row {number}\nof many") for number in range(1, count + 1)]).split("Z,USD")
    text = "Z,USD".join(lines)
    broken_at = 20_001
    marker = f'"row {broken_at}\nof many"'
    text = text.replace(marker, f'"row {broken_at}\nof many",too,many').replace('"row 5\nof many"', '"row 5"of')
    file = tmp_path / "broken.csv"
    file.write_text(text, encoding="utf-8", newline="")
    read = reader.read(file)
    assert [(found.row, found.code.value) for found in read.rejects] == [
        (5, "broken_quote"),
        (broken_at, "too_many_columns"),
    ]
    assert [line["ChargeDescription"] for line in read.lines] == [
        f"row {line['x_SourceRow']}\nof many" for line in read.lines
    ]
    assert [line["x_SourceRow"] for line in read.lines] == [
        number for number in range(1, count + 1) if number not in (5, broken_at)
    ]


SOUND = csv_text([row()]).split("\n")
HEADER, LINE = (text.encode() for text in SOUND[:2])


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (b"1,2,3", "too_few_columns"),
        (b"   ", "too_few_columns"),
        (LINE + b",x", "too_many_columns"),
        (LINE + b",,x", "too_many_columns"),
        (LINE.replace(b"Microsoft", b'"Micro"soft', 1), "broken_quote"),
        (LINE.replace(b"Microsoft", b'"Microsoft', 1), "unclosed_quote"),
        (LINE.replace(b"Microsoft", b"Micros\xffft"), "not_utf8"),
        (LINE.replace(b"Microsoft", b"Micro\x00soft"), "nul_character"),
        (LINE.replace(b"Microsoft", b"M" * 2_100_000), "row_too_long"),
    ],
)
def test_a_broken_row_costs_one_row_and_no_other(reader: FileReader, tmp_path: Path, broken: bytes, code: str) -> None:
    bad = LINE.replace(b"1.25", b"1_25", 1)
    file = tmp_path / "rows.csv"
    file.write_bytes(b"\r\n".join([HEADER, LINE, b"", broken, LINE, bad, LINE, b"", b""]))
    read = reader.read(file)
    assert [(found.row, found.code.value) for found in read.rejects] == [(2, code), (4, "not_a_number")]
    assert [line["x_SourceRow"] for line in read.lines] == [1, 3, 5]
    first, second = read.rejects
    assert first.reason
    assert len(first.raw_text) <= 4000
    assert (second.column, second.billed_cost, second.currency) == ("BilledCost", None, "USD")
    assert second.reason == "'1_25' is not a number: write digits with at most one point"
    assert second.raw_text == bad.decode()


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("ending", [b"", b"\n"], ids=["cut", "ended"])
@pytest.mark.parametrize("behind", [0, 3], ids=["last", "within"])
def test_a_row_beyond_all_measure_is_named_wherever_it_stands(
    reader: FileReader, tmp_path: Path, is_packed: bool, ending: bytes, behind: int
) -> None:
    """The engine leaves a last line out that is longer than its buffer of 32 MB, and says nothing."""
    file = tmp_path / "rows.csv"
    content = b"\n".join([HEADER, LINE, LINE.replace(b"Microsoft", b"M" * 33_000_000), *[LINE] * behind]) + ending
    # Not packed so well that it is taken for a bomb.
    file.write_bytes(gzip.compress(content, 0) if is_packed else content)
    read = reader.read(file)
    assert [(found.row, found.code.value) for found in read.rejects] == [(2, "row_too_long")]
    assert len(read.lines) == 1 + behind


def test_commas_at_the_end_of_a_row_are_no_fault_by_either_way(reader: FileReader, tmp_path: Path) -> None:
    file = tmp_path / "comma.csv"
    file.write_bytes(b"\n".join([HEADER, LINE + b",,", LINE, b""]))
    assert len(reader.read(file).lines) == 2
    file.write_bytes(b"\n".join([HEADER, LINE + b",,", LINE, b"1,2", b""]))
    assert len(reader.read(file).lines) == 2


def test_every_fault_of_a_row_is_named_and_its_cost_where_it_can_be_read(reader: FileReader, tmp_path: Path) -> None:
    rows = [row(ChargeCategory="Refund", ChargePeriodStart="soon", BilledCost="12.5", BillingCurrency="EUR")]
    (reject,) = reader.read(write_csv(tmp_path / "faults.csv", rows)).rejects
    assert (reject.column, reject.code.value) == ("ChargePeriodStart", "not_a_date")
    assert reject.reason.endswith("; also ChargeCategory (unknown_charge_category)")
    assert (reject.billed_cost, reject.currency) == (Decimal("12.5"), "EUR")


def test_a_usage_row_of_a_commitment_must_say_used_or_unused(reader: FileReader, tmp_path: Path) -> None:
    named = {"CommitmentDiscountId": "ri-1"}
    rows = [
        row(**named, CommitmentDiscountStatus="Used"),
        row(**named),
        row(**named, CommitmentDiscountStatus="Idle"),
        row(**named, ChargeCategory="Purchase"),
    ]
    read = reader.read(write_csv(tmp_path / "commitments.csv", rows))
    assert [(found.row, found.code.value) for found in read.rejects] == [
        (2, "missing_commitment_status"),
        (3, "unknown_commitment_status"),
    ]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_is_read(reader: FileReader, tmp_path: Path, newline: bytes) -> None:
    file = tmp_path / "ends.csv"
    file.write_bytes(newline.join([newline, HEADER, LINE, b"", LINE, b""]))
    assert [line["x_SourceRow"] for line in reader.read(file).lines] == [1, 2]


def _refused(reader: FileReader, file: Path, content: bytes, **given: str) -> tuple[str, str]:
    file.write_bytes(content)
    with pytest.raises(FileRefused) as refused:
        reader.read(file, **given)  # type: ignore[arg-type] # options that are texts
    return refused.value.fault.value, refused.value.sentence


@pytest.mark.parametrize(
    ("name", "content", "fault", "named"),
    [
        ("a.csv", HEADER + b",File_Row_Number\n" + LINE + b",1\n", "reserved_column", "rename"),
        ("a.csv", b"", "empty_file", "empty"),
        ("a.csv", b"\xef\xbb\xbf\r\n\n", "empty_file", "empty"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "empty_file", "empty"),
        ("a.csv", bytes(range(256)) * 40, "not_text", "UTF-8"),
        ("a.csv", HEADER.decode().encode("utf-16"), "not_text", "UTF-8"),
        ("a.csv", b"PK\x03\x04" + b"x" * 100, "not_text", "ZIP"),
        ("a.csv", b'"BilledCost', "not_text", "header"),
        ("a.csv", b"K\xf6ln,b\n1,2\n", "not_utf8_header", "UTF-8"),
        ("a.csv", b"Date,Cost\n2024-09-01,1\n", "layout_not_recognised", "nearest is"),
        ("a.csv", HEADER.replace(b",", b";") + b"\n" + LINE.replace(b",", b";"), "wrong_delimiter", "semicolons"),
        ("a.csv", b'"' + HEADER.replace(b",", b'";"') + b'"\n', "wrong_delimiter", "semicolons"),
        ("a.csv", HEADER.replace(b",", b"\t") + b"\n" + LINE.replace(b",", b"\t"), "wrong_delimiter", "tabs"),
        ("a.csv", HEADER + b",tags,TAGS\n" + LINE + b",a,b\n", "duplicate_column", "Tags"),
        ("a.csv.gz", gzip.compress(HEADER + b"\n" + LINE, mtime=0)[:-9], "damaged_gzip", "cut off"),
        ("a.csv.gz", gzip.compress(HEADER + b"\n" + LINE, mtime=0)[:-4] + b"wxyz", "damaged_gzip", "damaged"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00" + b"x" * 100, "damaged_gzip", "damaged"),
        ("a.parquet", HEADER, "damaged_parquet", "not a Parquet"),
        ("a.parquet", b"PAR1" + b"x" * 1000, "damaged_parquet", "damaged"),
    ],
)
def test_a_file_that_is_no_cost_file_is_refused_with_what_is_wrong(
    reader: FileReader, tmp_path: Path, name: str, content: bytes, fault: str, named: str
) -> None:
    found, sentence = _refused(reader, tmp_path / name, content)
    assert (found, named in sentence) == (fault, True), sentence
    assert reader.leftovers() == []


def test_a_parquet_file_that_is_cut_off_is_refused(reader: FileReader, tmp_path: Path) -> None:
    whole = write_parquet(tmp_path / "whole.parquet", [row()] * 50).read_bytes()
    for length in (5, len(whole) // 2, len(whole) - 3):
        assert _refused(reader, tmp_path / "cut.parquet", whole[:length])[0] == "damaged_parquet"
    holed = whole[:200] + b"\xff" * 400 + whole[600:]
    assert _refused(reader, tmp_path / "holed.parquet", holed)[0] == "damaged_parquet"


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(
    reader: FileReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebill.sources.cost_files._RATIO_COUNTS_FROM_BYTES", 2**21)
    bomb = gzip.compress(HEADER + b"\n" + b"0" * 2**25, mtime=0)
    assert _refused(reader, tmp_path / "bomb.csv.gz", bomb)[0] == "gzip_too_large"
    assert reader.leftovers() == []


@pytest.mark.parametrize(
    "rows",
    [
        "SELECT '1.5' AS BilledCost FROM range(1_000_001)",
        "SELECT repeat('0', 100_000) || number AS BilledCost FROM range(100) AS rows(number)",
    ],
    ids=["a million rows that are one", "long values that are nearly one"],
)
def test_a_parquet_bomb_is_refused_before_it_is_read(
    reader: FileReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str
) -> None:
    monkeypatch.setattr("rebill.sources.cost_files._RATIO_COUNTS_FROM_BYTES", 2**21)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({rows}) TO '{tmp_path / 'bomb.parquet'}' (FORMAT parquet, COMPRESSION zstd)")
    with pytest.raises(FileRefused) as refused:
        reader.read(tmp_path / "bomb.parquet")
    assert refused.value.fault == "parquet_too_large"
    assert reader.leftovers() == []


def test_what_a_file_leaves_open_must_come_with_the_order_and_nothing_else(reader: FileReader, tmp_path: Path) -> None:
    rows = csv_text([row()]).encode()
    no_currency = csv_text([row()], [name for name in SOUND_ROW if name != "BillingCurrency"]).encode()
    no_period = csv_text([row()], [name for name in SOUND_ROW if name != "BillingPeriodStart"]).encode()
    file = tmp_path / "a.csv"
    assert _refused(reader, file, rows, currency="EUR")[0] == "currency_named"
    assert _refused(reader, file, no_currency)[0] == "currency_missing"
    fault, sentence = _refused(reader, file, no_period)
    assert (fault, "add --period" in sentence) == ("period_missing", True)
