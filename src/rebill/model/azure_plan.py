"""The bridge from a tenant's Azure plan, which Partner Center bills, to the Azure subscriptions that use it."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class PlanSubscription:
    """An Azure subscription under an Azure plan of a tenant. Ids in lower case; ``status``: Partner Center's word."""

    azure_customer_id: str
    plan_id: str
    subscription_id: str
    plan_name: str
    subscription_name: str
    status: str
