"""The days of charges of each account in a data set: by them two data sets are known to hold the same charges."""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from rebill.model.data_set import OverlapKey
from rebill.model.sql_text import sql_path, sql_paths, sql_text

KEYS: Final = "keys.parquet"
"""The file beside a data set that has each account and day of its lines once."""
_ACCOUNTS: Final = ("BillingAccountId", "SubAccountId", "x_AzureCustomerId")
_COLUMNS: Final = ", ".join(("ProviderName", *_ACCOUNTS))


class TenantDays(NamedTuple):
    """Days without a gap, from ``first`` up to, not including, ``until``: of each there are lines of both accounts."""

    subscription: str
    tenant: str
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


def days_under_tenants(
    connection: duckdb.DuckDBPyConnection, files: list[Path], subscriptions: Collection[str]
) -> list[TenantDays]:
    """On which days lines of these subscriptions name a tenant too; ids as lines have them, folded."""
    spans = f"""
WITH of_days AS (
    SELECT DISTINCT SubAccountId AS subscription, x_AzureCustomerId AS tenant, ChargeDay AS charge_day
    FROM read_parquet({sql_paths(files)})
    WHERE x_AzureCustomerId IS NOT NULL AND SubAccountId IN (SELECT unnest(?))
), spans AS (
    SELECT *, charge_day - CAST(row_number() OVER (PARTITION BY subscription, tenant ORDER BY charge_day) AS INTEGER)
              AS span
    FROM of_days
)
SELECT subscription, tenant, min(charge_day), max(charge_day) + 1 FROM spans GROUP BY subscription, tenant, span
ORDER BY ALL"""
    return [TenantDays(*found) for found in connection.execute(spans, [list(subscriptions)]).fetchall()]


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
