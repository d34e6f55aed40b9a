"""Accounts that nobody has ever seen: a book that is tried on them would change nothing, however they are spelt."""

from collections.abc import Sequence
from typing import Final

from rebill.lake.account_days import accounts_in
from rebill.lake.cost_data_sets import account_days_paths
from rebill.lake.session import engine_session
from rebill.model.data_set import DataSet
from rebill.model.identifiers import AccountKind, account_key, price_book_account_key
from rebill.services.acting.installation import Installation
from rebill.store.accounts import known_accounts
from rebill.store.scope import Scope

_NAMED: Final = 20
"""How many unknown accounts a fault names."""


def unknown_accounts_fault(unknown: Sequence[str]) -> str | None:
    """What is said of accounts that are unknown, by how they were asked for; ``None`` where there are none."""
    named = ", ".join(sorted(unknown)[:_NAMED])
    return f"is known neither from the catalogue nor from imported cost: {named}" if unknown else None


def unknown_owners(
    installation: Installation, scope: Scope, data_sets: Sequence[DataSet], owner_ids: Sequence[str]
) -> list[str]:
    """Which accounts that a book is to price stand neither in the record nor in the lines of these data sets."""
    unknown = list(owner_ids)
    for kind in (AccountKind.SUBSCRIPTION, AccountKind.AZURE_CUSTOMER):
        known = known_accounts(scope, kind, {_key(kind, one) for one in unknown}) if unknown else {}
        unknown = [one for one in unknown if _key(kind, one) not in known]
    if not unknown or not data_sets:
        return unknown
    # Billing accounts stand in the lines alone.
    with engine_session(installation.settings.engine_memory_limit) as connection:
        in_lines = accounts_in(connection, account_days_paths(installation.lake_folder, data_sets))
    keys = {price_book_account_key(one) for one in in_lines}
    return [one for one in unknown if price_book_account_key(one) not in keys]


def _key(kind: AccountKind, owner_id: str) -> str:
    return account_key(kind, price_book_account_key(owner_id))
