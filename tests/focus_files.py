"""FOCUS files for tests: a sound row to vary, and writers for every form a file comes in."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

SOUND_ROW: Mapping[str, str] = {
    "BilledCost": "1.25",
    "ListCost": "2.5",
    "EffectiveCost": "1.25",
    "PricingQuantity": "5",
    "PricingUnit": "1 Hour",
    "BillingPeriodStart": "2024-09-01T00:00:00Z",
    "BillingPeriodEnd": "2024-10-01T00:00:00Z",
    "ChargePeriodStart": "2024-09-18T00:00:00Z",
    "ChargePeriodEnd": "2024-09-19T00:00:00Z",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ProviderName": "Microsoft",
    "ServiceName": "Virtual Machines",
    "BillingAccountId": "/providers/Microsoft.Billing/billingAccounts/1",
    "SubAccountId": "/subscriptions/AAAA0000-0000-4000-8000-000000000001",
    "SubAccountName": "Production",
    "CommitmentDiscountId": "",
    "CommitmentDiscountStatus": "",
    "x_CustomerId": "BBBB0000-0000-4000-8000-000000000001",
}

Row = Mapping[str, str]


def row(**changes: str) -> dict[str, str]:
    """A sound row with these columns changed; a new name adds a column."""
    return {**SOUND_ROW, **changes}


def csv_text(rows: Sequence[Row], columns: Sequence[str] | None = None, newline: str = "\n") -> str:
    """Rows as CSV text with a header, quoted where they must be."""
    names = list(columns or (rows[0] if rows else SOUND_ROW))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator=newline)
    writer.writerow(names)
    writer.writerows([found.get(name, "") for name in names] for found in rows)
    return stream.getvalue()


def write_csv(file: Path, rows: Sequence[Row], columns: Sequence[str] | None = None) -> Path:
    """Write rows as a CSV file, gzipped when its name ends with ``.gz``."""
    text = csv_text(rows, columns).encode()
    file.write_bytes(gzip.compress(text, mtime=0) if file.suffix == ".gz" else text)
    return file


def write_parquet(file: Path, rows: Sequence[Row], types: Mapping[str, str] | None = None) -> Path:
    """Write rows as a Parquet file; columns are text unless ``types`` says otherwise."""
    names = list(rows[0])
    selected = ", ".join(
        f'CAST(nullif("{name}", \'\') AS {(types or {}).get(name, "VARCHAR")}) AS "{name}"' for name in names
    )
    with duckdb.connect(":memory:") as connection:
        columns = ", ".join(f'"{name}" VARCHAR' for name in names)
        connection.execute(f"CREATE TABLE rows ({columns})")
        places = ", ".join("?" for _ in names)
        connection.executemany(
            f"INSERT INTO rows VALUES ({places})", [[found[name] for name in names] for found in rows]
        )
        connection.execute(f"COPY (SELECT {selected} FROM rows) TO '{file}' (FORMAT parquet)")
    return file
