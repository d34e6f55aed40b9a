"""A partner whose installation syncs from a twin of Microsoft."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import stamina

from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.model.sync import SyncPart, SyncRecord
from rebill.services.acting.installation import Installation
from rebill.services.parties.catalogue import list_catalogue
from rebill.services.syncing.sync import sync
from rebill.settings import MicrosoftSettings
from rebill.store.scope import Scope
from rebill.store.syncs import known_plan_subscriptions
from rebill.twin.faults import Faults
from rebill.twin.server import RunningTwin, running_twin
from rebill.twin.world import TwinWorld

TENANT = AccountKind.AZURE_CUSTOMER


@dataclass(frozen=True)
class SyncingPartner:
    """A partner, its installation, and the twin that this syncs from."""

    installation: Installation
    caller: Caller
    twin: RunningTwin

    def sync(self, *parts: SyncPart) -> list[SyncRecord]:
        """Sync these parts, or everything."""
        return sync(self.installation, self.caller, lambda part, done, total: None, parts or tuple(SyncPart))

    def catalogue(self) -> list[tuple[str, str, str, str]]:
        """Id, name, domain and status of every customer of the catalogue, by id."""
        found = list_catalogue(self.installation, self.caller, Page(per_page=1000)).items
        return sorted((one.identifier, one.name, one.domain, one.status) for one in found)

    def bridge(self) -> list[tuple[str, str, str]]:
        """Tenant, Azure plan and Azure subscription, of every subscription."""
        with self.installation.database.reading() as connection:
            found = known_plan_subscriptions(Scope.of(connection, self.caller))
        return [(one.azure_customer_id, one.plan_id, one.subscription_id) for one in found]


def bridge_of(world: TwinWorld) -> list[tuple[str, str, str]]:
    """The bridge as the twin has it."""
    return sorted(
        (customer.tenant_id, customer.plan_id, subscription.subscription_id)
        for customer in world.customers
        for subscription in customer.subscriptions
    )


def catalogue_of(world: TwinWorld) -> list[tuple[str, str, str, str]]:
    """The catalogue as the twin has it."""
    return sorted((one.tenant_id, one.name, one.domain, "active") for one in world.customers)


@contextmanager
def syncing_with_twin(
    installation: Installation, caller: Caller, world: TwinWorld, faults: Faults | None = None
) -> Iterator[SyncingPartner]:
    """The partner beside a twin that serves ``world``; calls are tried again at once, as often as in earnest."""
    with running_twin(world, faults) as twin, stamina.set_testing(True, attempts=8):
        settings = replace(installation.settings, microsoft=MicrosoftSettings.from_environment(twin.environment))
        yield SyncingPartner(replace(installation, settings=settings), caller, twin)
