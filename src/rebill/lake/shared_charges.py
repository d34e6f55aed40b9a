"""Whether two data sets hold the same charges: a staged one, and one that is in force."""

from pathlib import Path
from typing import Final

import duckdb

from rebill.lake.account_days import KEYS, first_shared_day, have_same_days
from rebill.lake.cost_data_sets import StagedDataSet, account_days_paths, part_paths
from rebill.lake.evidence import damaged
from rebill.model.data_set import DataSet, OverlapKey
from rebill.model.sql_text import sql_paths

_OF_INVOICE: Final = (
    "nullif(trim(InvoiceId), '') AS Invoice, ProviderName, SubAccountId, x_AzureCustomerId, "
    "CAST(ChargePeriodStart AS DATE) AS ChargeDay"
)


def overlap(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, staged: StagedDataSet, other: DataSet
) -> OverlapKey | None:
    """The first charge day of an account that both data sets hold, if any."""
    known = _account_days(lake_folder, other)
    return first_shared_day(connection, staged.folder / KEYS, known, staged.data_set.view == other.view)


def are_same_charges(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, staged: StagedDataSet, other: DataSet
) -> bool:
    """Whether both are the same charges to all appearance: as many, of the same cost, accounts and days."""
    mine = staged.data_set
    if (mine.view, mine.rows, mine.sums) != (other.view, other.rows, other.sums):
        return False
    return have_same_days(connection, staged.folder / KEYS, _account_days(lake_folder, other))


def shared_invoice(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, staged: StagedDataSet, other: DataSet
) -> str | None:
    """An invoice that both data sets, of one view, have charges of for the same account and day, if there is one."""
    mine = staged.data_set
    if mine.view != other.view or not mine.invoice_lines or other.invoice_lines == 0:
        return None
    # Few data sets of other months share a day at all, and their keys tell so without a look at any line.
    if overlap(connection, lake_folder, staged, other) is None:
        return None
    own = [staged.folder / Path(part.path).name for part in mine.parts]
    sides = (own, part_paths(connection, lake_folder, [other]))
    of_invoices = " INTERSECT ".join(f"SELECT {_OF_INVOICE} FROM read_parquet({sql_paths(paths)})" for paths in sides)
    found = connection.execute(f"SELECT Invoice FROM ({of_invoices}) WHERE Invoice IS NOT NULL ORDER BY ALL LIMIT 1")
    row = found.fetchone()
    return str(row[0]) if row else None


def _account_days(lake_folder: Path, data_set: DataSet) -> Path:
    (found,) = account_days_paths(lake_folder, [data_set])
    if not found.exists():
        raise damaged(found.relative_to(lake_folder).as_posix(), "it is missing")
    return found
