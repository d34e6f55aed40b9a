"""Which accounts nobody has, by their cost: as a month's last run found them, and whose they are by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from rebill.lake.runs import files_of_table
from rebill.lake.session import engine_session
from rebill.model.identifiers import AccountKind, account_key
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.sql_text import sql_paths
from rebill.rating.attention import UNASSIGNED_ACCOUNTS
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.store.accounts import accounts_of_keys
from rebill.store.closing import runs_of_month
from rebill.store.scope import Scope

_TABLES: Final = ("rated_lines", "account_spans", "products")


@dataclass(frozen=True)
class UnassignedAccount:
    """An account with cost of a month that nobody was billed for.

    ``kind`` and ``identifier``: what can be assigned of it, ``None`` and ``""`` where the cost names neither. ``cost``
    is exact, ``gross`` the same without the signs of its charges. ``assigned_to``: the customer that has it by now.
    """

    kind: AccountKind | None
    identifier: str
    name: str
    currency: str
    charges: int
    cost: Decimal
    gross: Decimal
    assigned_to: str


@dataclass(frozen=True)
class UnassignedCost:
    """Unassigned accounts of a month, the greatest cost first; ``run_id``: of the run that says so, if any."""

    month: BillingMonth
    run_id: int | None
    accounts: tuple[UnassignedAccount, ...]


def read_unassigned(installation: Installation, caller: Caller, month: BillingMonth) -> UnassignedCost:
    """The accounts whose cost in ``month`` is nobody's, by the last run of the whole month. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    today = today_of(installation.clock())
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        run = next((one for one in runs_of_month(scope, month) if one.customer_id is None), None)
        if run is None:
            return UnassignedCost(month, None, ())
        found = _found(installation.lake_folder / run.folder, installation.settings.engine_memory_limit)
        known = {
            kind: accounts_of_keys(scope, kind, sorted({one.key for one in found if one.kind is kind}), today)
            for kind in (AccountKind.SUBSCRIPTION, AccountKind.AZURE_CUSTOMER)
        }
    accounts = []
    for one in found:
        account = known[one.kind].get(one.key) if one.kind is not None else None
        spelling, name, owner = (one.key, "", "") if account is None else account
        accounts.append(
            UnassignedAccount(one.kind, spelling, name, one.currency, one.charges, one.cost, one.gross, owner)
        )
    return UnassignedCost(month, run.run_id, tuple(accounts))


@dataclass(frozen=True)
class _Found:
    """An account as a run's files name it."""

    kind: AccountKind | None
    key: str
    currency: str
    charges: int
    cost: Decimal
    gross: Decimal


@lru_cache(maxsize=32)
def _found(folder: Path, memory_limit: str) -> Sequence[_Found]:
    """What the files of a run say, which never change: they are read once."""
    if not (folder / "rated_lines.parquet").exists():
        return ()
    with engine_session(memory_limit) as engine:
        for table in _TABLES:
            files = sql_paths(files_of_table(folder / f"{table}.parquet"))
            engine.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files})")
        rows = engine.execute(UNASSIGNED_ACCOUNTS).fetchall()
    return tuple(_Found(*_named(subscription, tenant), *figures) for subscription, tenant, *figures in rows)


def _named(subscription: str | None, tenant: str | None) -> tuple[AccountKind | None, str]:
    """What can be assigned: the subscription where the cost names one, else the tenant."""
    if subscription:
        return AccountKind.SUBSCRIPTION, account_key(AccountKind.SUBSCRIPTION, subscription)
    if tenant:
        return AccountKind.AZURE_CUSTOMER, account_key(AccountKind.AZURE_CUSTOMER, tenant)
    return None, ""
