"""The days of charges of each account in a data set: by them two data sets are known to hold the same charges."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from rebill.model.cost_line import ROLE
from rebill.model.data_set import OverlapKey
from rebill.model.identifiers import AccountKind
from rebill.model.sql_text import sql_path, sql_paths, sql_text

KEYS: Final = "keys.parquet"
"""The file beside a data set that has each account and day of its lines once."""
_ACCOUNTS: Final = ("BillingAccountId", "SubAccountId", "x_AzureCustomerId")
_NAMED: Final = {AccountKind.SUBSCRIPTION: "SubAccountId", AccountKind.AZURE_CUSTOMER: "x_AzureCustomerId"}
_COLUMNS: Final = ", ".join(("ProviderName", *_ACCOUNTS))


class AccountDays(NamedTuple):
    """Days without a gap, from ``first`` up to, not including, ``until``: of each there are lines of these accounts.

    ``commitment`` and ``charge_kind``: what lines may be allocated by that name neither subscription nor tenant. Ids as
    accounts are compared; ``None``: the lines name none.
    """

    subscription: str | None
    tenant: str | None
    commitment: str | None
    charge_kind: str | None
    first: date
    until: date


def write_account_days(connection: duckdb.DuckDBPyConnection, parts: list[Path], file: Path) -> None:
    """Write the accounts and days of these ``parts`` into ``file``."""
    keys = (
        f"SELECT DISTINCT {_COLUMNS}, CAST(ChargePeriodStart AS DATE) AS ChargeDay "
        f"FROM read_parquet({sql_paths(parts)}, union_by_name=true)"
    )
    connection.execute(f"COPY ({keys}) TO {sql_text(str(file))} (FORMAT parquet, COMPRESSION zstd)")


def accounts_in(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> set[str]:
    """Every billing account, subscription and tenant that lines of these files name, as the lines write it."""
    each = " UNION ".join(
        f"SELECT {column} FROM read_parquet({sql_paths(files)}) WHERE {column} IS NOT NULL" for column in _ACCOUNTS
    )
    return {account for (account,) in connection.execute(each).fetchall()}


def days_of_accounts(
    connection: duckdb.DuckDBPyConnection, files: list[Path], kind: AccountKind, keys: Collection[str], since: date
) -> dict[Path, list[AccountDays]]:
    """The days from ``since`` on of lines that name one of these subscriptions or tenants, by file."""
    found = _spans(
        connection,
        "SELECT filename, SubAccountId, x_AzureCustomerId, NULL, NULL, ChargeDay "
        f"FROM read_parquet({sql_paths(files)}, filename=true) "
        f"WHERE {_NAMED[kind]} IN (SELECT unnest(?)) AND ChargeDay >= CAST(? AS DATE)",
        [list(keys), since],
    )
    return {file: found.get(str(file), []) for file in files}


def last_days(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> dict[Path, date]:
    """The last day of which there are lines, by file; files of no line are left out."""
    found = connection.execute(
        f"SELECT filename, max(ChargeDay) FROM read_parquet({sql_paths(files)}, filename=true) GROUP BY filename"
    ).fetchall()
    return {Path(file): day for file, day in found}


def days_of_allocated(
    connection: duckdb.DuckDBPyConnection,
    lines: str,
    names: Mapping[AccountKind, str],
    kind: AccountKind,
    keys: Collection[str],
    since: date,
) -> list[AccountDays]:
    """The days from ``since`` on of ``lines`` (SQL of a table) that may be allocated by one of these keys.

    ``names``: what a line ``l`` may be allocated by, as SQL; NULL where it may not.
    """
    found = _spans(
        connection,
        f"SELECT '', NULL, NULL, {names[AccountKind.COMMITMENT]}, {names[AccountKind.CHARGE_KIND]}, "
        f"CAST(l.ChargePeriodStart AS DATE) FROM {lines} AS l "
        f"WHERE l.SubAccountId IS NULL AND l.x_AzureCustomerId IS NULL AND l.{ROLE} IS NULL "
        f"AND {names[kind]} IN (SELECT unnest(?)) AND l.ChargePeriodStart >= CAST(? AS TIMESTAMP)",
        [list(keys), since],
    )
    return found.get("", [])


def _spans(connection: duckdb.DuckDBPyConnection, found: str, values: list[Any]) -> dict[str, list[AccountDays]]:
    """The days of accounts that the query ``found`` finds, those without a gap together, by its first column."""
    names = "place, subscription, tenant, commitment, charge_kind"
    spans = f"""
WITH found({names}, charge_day) AS ({found}), of_days AS (SELECT DISTINCT * FROM found), spans AS (
    SELECT *, charge_day - CAST(row_number() OVER (PARTITION BY {names} ORDER BY charge_day) AS INTEGER) AS span
    FROM of_days
)
SELECT {names}, min(charge_day), max(charge_day) + 1 FROM spans GROUP BY {names}, span ORDER BY ALL"""
    by_place: dict[str, list[AccountDays]] = defaultdict(list)
    for place, *days in connection.execute(spans, values).fetchall():
        by_place[place].append(AccountDays(*days))
    return by_place


def first_shared_day(
    connection: duckdb.DuckDBPyConnection, file: Path, other_file: Path, is_same_view: bool
) -> OverlapKey | None:
    """The first charge day of an account that both files hold, if any.

    Files of different views name one billing account in different ways, and some files name none: such are compared
    without it, by subscription and day, and by tenant and day where no subscription is named.
    """
    mine, others = (f"read_parquet({sql_path(path)})" for path in (file, other_file))
    has_none = "mine.BillingAccountId IS NULL OR others.BillingAccountId IS NULL"
    found = connection.execute(
        f"(SELECT * FROM {mine} INTERSECT SELECT * FROM {others}) UNION SELECT * FROM {mine} AS mine "
        f"SEMI JOIN {others} AS others ON mine.ProviderName = others.ProviderName "
        "AND mine.ChargeDay = others.ChargeDay AND coalesce(mine.SubAccountId, mine.x_AzureCustomerId) = "
        "coalesce(others.SubAccountId, others.x_AzureCustomerId) "
        "AND (mine.SubAccountId IS NULL) = (others.SubAccountId IS NULL) "
        f"AND ({has_none if is_same_view else 'true'}) ORDER BY ALL NULLS LAST LIMIT 1"
    ).fetchone()
    return OverlapKey(*found) if found else None


def have_same_days(connection: duckdb.DuckDBPyConnection, file: Path, other_file: Path) -> bool:
    """Whether both files hold the very same accounts and days."""
    mine, others = (f"SELECT * FROM read_parquet({sql_path(path)})" for path in (file, other_file))
    differing = f"({mine} EXCEPT {others}) UNION ALL ({others} EXCEPT {mine}) LIMIT 1"
    return connection.execute(differing).fetchone() is None
