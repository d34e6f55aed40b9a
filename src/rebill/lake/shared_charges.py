"""Whether two data sets hold the same charges: a staged one, and one that is in force."""

from pathlib import Path

import duckdb

from rebill.lake.account_days import KEYS, first_shared_day, have_same_days
from rebill.lake.cost_data_sets import StagedDataSet, account_days_paths
from rebill.lake.evidence import damaged
from rebill.model.data_set import DataSet, OverlapKey


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


def _account_days(lake_folder: Path, data_set: DataSet) -> Path:
    (found,) = account_days_paths(lake_folder, [data_set])
    if not found.exists():
        raise damaged(found.relative_to(lake_folder).as_posix(), "it is missing")
    return found
