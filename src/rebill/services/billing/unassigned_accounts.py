"""Whose cost of a month is nobody's: the accounts that a run found unassigned, and which of them are new."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rebill.lake.cost_data_sets import accounts_of
from rebill.lake.evidence import damaged
from rebill.lake.runs import files_of_table
from rebill.lake.session import engine_session
from rebill.model.checklist import UnassignedAccount
from rebill.model.data_set import DataSet
from rebill.model.party import Caller
from rebill.model.sql_text import sql_paths
from rebill.rating.attention import UNASSIGNED_BY_ACCOUNT
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.closing import RecordedRun
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope
from rebill.store.stored_documents import runs_by_id

_TABLES = ("rated_lines", "account_spans", "products")
_RUNS_REMEMBERED: Final = 32
_remembered: dict[tuple[Path, int, tuple[int, ...]], tuple[UnassignedAccount, ...]] = {}


def unassigned_of_run(installation: Installation, caller: Caller, run_id: int) -> tuple[UnassignedAccount, ...]:
    """The accounts of a run whose cost is nobody's, as ``unassigned_accounts``. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        run = runs_by_id(scope, [run_id])[run_id]
        before = data_sets_in_force(scope, run.month.preceding)
    return unassigned_accounts(installation, run, before)


def unassigned_accounts(
    installation: Installation, run: RecordedRun, before: Sequence[DataSet]
) -> tuple[UnassignedAccount, ...]:
    """The accounts of a run whose cost is nobody's: new ones first, then by cost, the greatest first.

    ``before``: data sets of the month before. The files of a run never change: they are read once in a process.
    Raises ``ProgramError`` where one of them is gone.
    """
    if not any(balance.get("unassigned_gross", balance["unassigned"]).strip("-0.") for balance in run.balance):
        return ()
    key = installation.lake_folder, run.run_id, tuple(one.data_set_id for one in before)
    known = _remembered.get(key)
    if known is None:
        known = _read(installation, run, before)
        if len(_remembered) >= _RUNS_REMEMBERED:
            _remembered.clear()
        _remembered[key] = known
    return known


def _read(installation: Installation, run: RecordedRun, before: Sequence[DataSet]) -> tuple[UnassignedAccount, ...]:
    folder = installation.lake_folder / run.folder
    with engine_session(installation.settings.engine_memory_limit) as engine:
        for name in _TABLES:
            files = files_of_table(folder / f"{name}.parquet")
            if not files:
                raise damaged(f"{run.folder}/{name}.parquet", "it is missing")
            engine.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({sql_paths(files)})")
        rows = engine.execute(UNASSIGNED_BY_ACCOUNT).fetchall()
        known = accounts_of(engine, installation.lake_folder, before)
    found = [
        UnassignedAccount(
            subscription, tenant, currency, lines, cost, bool(known) and _name(subscription, tenant) not in known
        )
        for subscription, tenant, currency, lines, cost in rows
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_new, -abs(one.cost), one.subscription or "")))


def _name(subscription: str | None, tenant: str | None) -> str | None:
    return subscription or tenant
