"""FOCUS as Amazon, Google and Oracle export it: their own columns beside, their types, their ways to write."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from rebill.sources.layouts import recognise
from tests.focus_files import row, write_csv
from tests.sources.delivered import FileReader


def written_as_parquet(file: Path, columns: Mapping[str, str]) -> Path:
    """A Parquet file of one row: column → SQL of its value."""
    selected = ", ".join(f'{value} AS "{name}"' for name, value in columns.items())
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY (SELECT {selected}) TO '{file}' (FORMAT parquet)")
    return file


def only_line(reader: FileReader, file: Path) -> dict[str, Any]:
    read = reader.read(file)
    assert read.rejects == ()
    (line,) = read.lines
    return line


def test_amazons_export_has_binary_numbers_and_words_of_its_own(reader: FileReader, tmp_path: Path) -> None:
    # Amazon itself writes these columns as DOUBLE; what is tested is that exact decimals come of them.
    columns = {
        "BilledCost": "CAST(0.0116 AS DOUBLE)",
        "EffectiveCost": "CAST(0.0116 AS DOUBLE)",
        "ListCost": "CAST(0.0116 AS DOUBLE)",
        "PricingQuantity": "CAST(1 AS DOUBLE)",
        "BillingCurrency": "'USD'",
        "ChargeCategory": "'Usage'",
        "ProviderName": "'AWS'",
        "ServiceName": "'Amazon Elastic Compute Cloud'",
        "SubAccountId": "'123456789012'",
        "BillingPeriodStart": "TIMESTAMP_MS '2024-09-01 00:00:00'",
        "ChargePeriodStart": "TIMESTAMP_MS '2024-09-18 07:00:00'",
        "ChargePeriodEnd": "TIMESTAMP_MS '2024-09-18 08:00:00'",
        "Tags": "MAP {'team': 'web'}",
        "x_Discounts": "MAP {'edp': CAST(0 AS DOUBLE)}",
        "x_Operation": "'RunInstances'",
        "x_ServiceCode": "'AmazonEC2'",
        "x_UsageType": "'BoxUsage:t2.micro'",
    }
    line = only_line(reader, written_as_parquet(tmp_path / "aws.parquet", columns))
    assert (line["BilledCost"], line["PricingQuantity"]) == (Decimal("0.0116"), 1)
    assert (line["SkuMeter"], line["x_Operation"], line["x_ServiceCode"]) == (
        "BoxUsage:t2.micro",
        "RunInstances",
        "AmazonEC2",
    )
    assert line["ChargePeriodStart"].isoformat() == "2024-09-18T07:00:00"
    assert (line["Tags"], line["x_Discounts"]) == ('{"team":"web"}', '{"edp":0.0}')


def test_googles_export_has_exact_numbers_and_lists_of_records(reader: FileReader, tmp_path: Path) -> None:
    columns = {
        "BilledCost": "CAST(0.000000000001234 AS DECIMAL(38,9))",
        "EffectiveCost": "CAST(1.5 AS DECIMAL(38,9))",
        "PricingQuantity": "CAST(3.25 AS DECIMAL(38,9))",
        "BillingCurrency": "'EUR'",
        "ChargeCategory": "'Usage'",
        "ProviderName": "'Google Cloud'",
        "ServiceName": "'Compute Engine'",
        "SubAccountId": "'my-project-42'",
        "BillingPeriodStart": "TIMESTAMPTZ '2024-09-01 00:00:00-07'",
        "ChargePeriodStart": "TIMESTAMPTZ '2024-09-18 00:00:00-07'",
        "Tags": "[{'key': 'env', 'value': 'prod'}]",
        "x_Credits": "[{'name': 'Committed use', 'amount': CAST(-0.5 AS DECIMAL(38,9))}]",
        "x_ServiceId": "'6F81-5844-456A'",
    }
    line = only_line(reader, written_as_parquet(tmp_path / "google.parquet", columns))
    assert (line["BilledCost"], line["EffectiveCost"]) == (0, Decimal("1.5"))
    assert line["ChargePeriodStart"].isoformat() == "2024-09-18T07:00:00"
    assert line["SubAccountId"] == "my-project-42"
    assert line["Tags"] == '[{"key":"env","value":"prod"}]'
    assert '"name":"Committed use"' in line["x_Credits"]


def test_oracles_report_keeps_its_compartments(reader: FileReader, tmp_path: Path) -> None:
    changes = {
        "ProviderName": "Oracle",
        "ServiceName": "Block Storage",
        "SubAccountId": "ocid1.tenancy.oc1..AAAA",
        "BilledCost": "0.000024193548387",
        "ChargePeriodStart": "2024-09-18T00:00Z",
        "oci_ReferenceNumber": "V2.abc",
        "oci_CompartmentName": "production",
        "oci_OverageFlag": "N",
    }
    line = only_line(reader, write_csv(tmp_path / "oracle.csv.gz", [row(**changes)]))
    assert (line["BilledCost"], line["ServiceName"]) == (Decimal("0.000024193548"), "Block Storage")
    assert (line["oci_CompartmentName"], line["oci_ReferenceNumber"]) == ("production", "V2.abc")
    assert line["SubAccountId"] == "ocid1.tenancy.oc1..aaaa"
    assert line["x_RoundedValues"] == 1


def test_focus_1_4_is_known_by_the_detail_of_the_invoice() -> None:
    added = "ServiceProviderName HostProviderName InvoiceId InvoiceDetailId"
    header = f"BilledCost ChargePeriodStart BillingCurrency ChargeCategory {added}".split()
    recognition = recognise(header)
    assert (recognition.name, recognition.missing) == ("focus-1.4", ())
