"""A month that was really run, with a line that needs attention, for calls about proofs."""

import secrets
from dataclasses import dataclass

from tests.api.world import World
from tests.services.accountant import Accountant, cost
from tests.services.months import SEPTEMBER, charge


@dataclass(frozen=True)
class ProvenMonth:
    """``customer_id`` has the statement; ``other_id`` gets its account in mid-month, across usage at ``place``."""

    accountant: Accountant
    customer_id: int
    other_id: int
    statement_id: int
    scope: str
    subscription: str
    place: str


def proven_month(world: World) -> ProvenMonth:
    """A customer has Storage of 10.00, and usage that crosses the day on which its account becomes another's."""
    scope = secrets.token_hex(8)
    subscription = f"s-{scope}"
    accountant = Accountant(world.installation, world.partner, world.installation.settings.home)
    across = {"ChargePeriodEnd": "2024-09-20T00:00:00Z", "SubAccountId": subscription}
    charges = (cost(SEPTEMBER, "10", subscription, ServiceName="Storage"), charge("2024-09-10", "3", "4", **across))
    accountant.deliveries = secrets.randbelow(10**9)
    accountant.deliver(SEPTEMBER, *charges, scope=scope)
    customer_id, other_id = (accountant.customer(f"{name} {scope}") for name in ("Proven", "Other"))
    accountant.subscriptions(customer_id, subscription)
    accountant.move(other_id, "2024-09-15", subscription)
    run = accountant.run()
    (record,) = (one for one in run.statements if one.statement.customer_id == customer_id)
    place = f"cost-2024-09-{accountant.deliveries}.csv:2"
    return ProvenMonth(accountant, customer_id, other_id, record.statement_id, scope, subscription, place)
