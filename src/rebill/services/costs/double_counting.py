"""No charge counts twice: what is in force already is refused, whatever file or month it comes under."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from rebill.lake.cost_data_sets import StagedDataSet
from rebill.lake.shared_charges import are_same_charges, overlap, shared_invoice
from rebill.model.data_set import LAWFUL_PAIR, DataSet, FileFault
from rebill.model.errors import Conflict


def refuse_files_in_force(standing: Sequence[DataSet], sha256s: Sequence[str]) -> None:
    """Raise ``Conflict`` where bytes of these hashes are in one of the data sets that stay in force."""
    for data_set in standing:
        for file in data_set.files:
            if file.sha256 in sha256s and file.rows:
                raise Conflict(
                    FileFault.FILE_IN_FORCE,
                    f"The bytes of {file.name} are in force already, in data set {data_set.data_set_id} of "
                    f"{data_set.billing_month} (scope {data_set.scope}); leave the file out, or replace that data set "
                    "by importing with its --scope, and with --read-anew where it is to be of another month.",
                )


def refuse_overlaps(
    connection: duckdb.DuckDBPyConnection,
    lake_folder: Path,
    staged: Sequence[StagedDataSet],
    standing: Sequence[DataSet],
) -> None:
    """Raise ``Conflict`` where a data set shares charges with one of those that stay in force.

    Within a month no account may have a charge day in two data sets, but in usage and its invoice. Of another month
    late usage of the same days is lawful; the very same charges are not, nor other charges of an invoice for them.
    """
    for entry in staged:
        for other in standing:
            if other.billing_month == entry.data_set.billing_month:
                _refuse_shared_day(connection, lake_folder, entry, other)
            else:
                _refuse_same_charges(connection, lake_folder, entry, other)


def _refuse_same_charges(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, entry: StagedDataSet, other: DataSet
) -> None:
    if are_same_charges(connection, lake_folder, entry, other):
        what = "the very same charges: as many, of the same cost, accounts and days"
    elif invoice := shared_invoice(connection, lake_folder, entry, other):
        what = f"charges of invoice {invoice} for the same accounts and days"
    else:
        return
    raise Conflict(
        FileFault.DOUBLE_COUNTING,
        f"Data set {other.data_set_id} of {other.billing_month} (scope {other.scope}) and this delivery of "
        f"{entry.data_set.billing_month} hold {what}. Look which month bills them. To count both, say why with "
        "--overlap-reason.",
    )


def _refuse_shared_day(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, entry: StagedDataSet, other: DataSet
) -> None:
    if {other.view, entry.data_set.view} == LAWFUL_PAIR:
        return
    shared = overlap(connection, lake_folder, entry, other)
    if shared is not None:
        raise Conflict(
            FileFault.DOUBLE_COUNTING,
            f"Data set {other.data_set_id} of {other.billing_month} (scope {other.scope}) already holds "
            f"charges of {shared}. To replace it, import with its --scope, or name that with --in-place-of "
            "to go on under another; to count both, say why with --overlap-reason.",
        )
