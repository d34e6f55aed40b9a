"""Which accounts nobody has, by their cost: as a month's last run found them, and whose they are by now."""

from dataclasses import dataclass
from decimal import Decimal

from rebill.model.checklist import UnassignedAccount
from rebill.model.identifiers import AccountKind, account_key
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.unassigned_accounts import unassigned_accounts
from rebill.store.accounts import accounts_of_keys
from rebill.store.closing import runs_of_month
from rebill.store.data_sets import data_sets_in_force
from rebill.store.scope import Scope


@dataclass(frozen=True)
class AccountToAssign:
    """An account with cost of a month that nobody was billed for.

    ``kind`` and ``identifier``: what can be assigned of it, ``None`` and ``""`` where the cost names neither. ``cost``
    is exact. ``is_new``: the month before had none of it. ``assigned_to``: the customer that has it by now.
    """

    kind: AccountKind | None
    identifier: str
    name: str
    currency: str
    charges: int
    cost: Decimal
    is_new: bool
    assigned_to: str


@dataclass(frozen=True)
class UnassignedCost:
    """Unassigned accounts of a month by cost, the greatest first, whether they are new or not.

    ``run_id``: of the run that says so, if any.
    """

    month: BillingMonth
    run_id: int | None
    accounts: tuple[AccountToAssign, ...]


def read_unassigned(installation: Installation, caller: Caller, month: BillingMonth) -> UnassignedCost:
    """The accounts whose cost in ``month`` is nobody's, by the last run of the whole month. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    today = today_of(installation.clock())
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        run = next((one for one in runs_of_month(scope, month) if one.customer_id is None), None)
        if run is None:
            return UnassignedCost(month, None, ())
        found = unassigned_accounts(installation, run, data_sets_in_force(scope, month.preceding))
        named = [_named(one) for one in found]
        known = {
            kind: accounts_of_keys(scope, kind, sorted({key for one, key in named if one is kind}), today)
            for kind in (AccountKind.SUBSCRIPTION, AccountKind.AZURE_CUSTOMER)
        }
    accounts = []
    for one, (kind, key) in zip(found, named, strict=True):
        spelling, name, owner = known.get(kind, {}).get(key, (key, "", "")) if kind is not None else (key, "", "")
        accounts.append(AccountToAssign(kind, spelling, name, one.currency, one.lines, one.cost, one.is_new, owner))
    return UnassignedCost(month, run.run_id, tuple(sorted(accounts, key=_greatest_first)))


def _greatest_first(one: AccountToAssign) -> tuple[Decimal, str]:
    return -abs(one.cost), one.identifier


def _named(found: UnassignedAccount) -> tuple[AccountKind | None, str]:
    """What can be assigned: the subscription where the cost names one, else the tenant."""
    if found.subscription:
        return AccountKind.SUBSCRIPTION, account_key(AccountKind.SUBSCRIPTION, found.subscription)
    if found.azure_customer:
        return AccountKind.AZURE_CUSTOMER, account_key(AccountKind.AZURE_CUSTOMER, found.azure_customer)
    return None, ""
