"""The Azure subscriptions under the Azure plans of tenants: the bridge from what Partner Center bills to what costs."""

from rebill.model.azure_plan import PlanSubscription
from rebill.model.identifiers import azure_customer_key, subscription_key
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.scope import Scope
from rebill.store.syncs import known_plan_subscriptions


def list_plan_subscriptions(
    installation: Installation, caller: Caller, identifier: str | None = None
) -> list[PlanSubscription]:
    """Every subscription that a sync ever saw under an Azure plan, by tenant, plan and subscription.

    ``identifier``: only those of this tenant, under this plan, or of this subscription.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        among = None if identifier is None else {azure_customer_key(identifier), subscription_key(identifier)}
        return known_plan_subscriptions(Scope.of(connection, caller), among)
