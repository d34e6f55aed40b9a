"""Sync the catalogue: customers, and the Azure subscriptions under their Azure plans."""

import shutil
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from rebill.model.errors import Invalid
from rebill.model.identifiers import GREATEST_IDENTIFIER_LENGTH, AccountKind
from rebill.model.months import BillingMonth
from rebill.model.movement import Alarm, CatalogueMovement, catalogue_alarms, incomplete_alarm
from rebill.model.party import Caller
from rebill.model.sync import SyncResult
from rebill.services.acting.installation import Installation, today_of
from rebill.services.parties.catalogue import CatalogueImport, keep_catalogue
from rebill.services.syncing.spools import fresh_spool
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.sources.partner_center.catalogue import FetchedCatalogue, Progress, fetch_catalogue
from rebill.store.accounts import SeenAccount, count_active, remember_accounts
from rebill.store.closing import closing_settings_of
from rebill.store.scope import Scope
from rebill.store.syncs import remember_plan_subscriptions


def sync_catalogue(
    installation: Installation, caller: Caller, calls: MicrosoftCalls, folder: Path, progress: Progress
) -> SyncResult:
    """Bring the catalogue up to date with Partner Center, as one step; till then ``folder`` keeps what was fetched.

    Raises what ``MicrosoftCalls`` raises, and ``Invalid`` for a listing without any customer where some are known.
    """
    spool = fresh_spool(folder, installation.clock())
    try:
        fetched = fetch_catalogue(calls, spool, progress)
    except Invalid:
        # What cannot be read would be read again: next time all of it is fetched anew.
        shutil.rmtree(spool)
        raise
    now = installation.clock()

    def act(connection: Connection) -> tuple[int, Decimal, CatalogueImport]:
        scope = Scope.of(connection, caller)
        known = count_active(scope, AccountKind.AZURE_CUSTOMER)
        if known and not fetched.customers:
            raise Invalid(
                "catalogue_empty",
                f"Partner Center lists no customer, but {known} are known: nothing was changed. Look whether the "
                "sign-in is that of the right partner tenant.",
            )
        done = keep_catalogue(scope, caller, fetched.customers, fetched.is_complete, now)
        seen = [SeenAccount(one.subscription_id, one.subscription_name) for one in fetched.subscriptions]
        sound = [one for one in seen if len(one.identifier) <= GREATEST_IDENTIFIER_LENGTH]
        remember_accounts(scope, AccountKind.SUBSCRIPTION, sound, now)
        remember_plan_subscriptions(scope, fetched.subscriptions, now)
        return known, closing_settings_of(scope).movement_percent, done

    known, percent, done = installation.database.write(act)
    shutil.rmtree(spool)
    month = BillingMonth.of(today_of(now))
    alarms = _alarms(month, known, percent, done, fetched.is_complete)
    return SyncResult(_counts(fetched, done), tuple(alarms), moved=done.moved)


def _counts(fetched: FetchedCatalogue, done: CatalogueImport) -> dict[str, int]:
    return {
        "customers": done.total,
        "new": done.new,
        "changed": done.changed,
        "gone": done.gone,
        "subscriptions": len(fetched.subscriptions),
        "closed_tenants": len(fetched.closed_tenants),
        "closed_plans": len(fetched.closed_plans),
    }


def _alarms(month: BillingMonth, known: int, percent: Decimal, done: CatalogueImport, is_complete: bool) -> list[Alarm]:
    found = [] if is_complete else [incomplete_alarm(month, done.total)]
    return found + catalogue_alarms(month, CatalogueMovement(known, done.new, done.gone), percent, "the last sync")
