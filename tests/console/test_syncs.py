"""What came by itself is seen where people look first: newcomers at home, syncs beside cost, plans beside accounts."""

import re

from rebill.model.sync import SyncPart
from rebill.twin.world import TwinWorld
from tests.console.conftest import Office
from tests.console.visitor import Visitor
from tests.services.syncing_partner import syncing_with_twin

WORLD = TwinWorld(customer_count=2, days=1)


def test_newcomers_syncs_and_azure_plans_are_shown(office: Office, admin: Visitor) -> None:
    with syncing_with_twin(office.installation, office.partner, WORLD) as syncing:
        (record,) = syncing.sync(SyncPart.CATALOGUE)
    assert record.fault == ""
    newcomer = WORLD.customers[0]
    home = admin.open("/?month=2024-09").text
    assert home.index("New since last month") < home.index(newcomer.name) < home.index(newcomer.domain)
    costs = admin.open("/costs").text
    assert costs.index("Syncs") < costs.index("catalogue") < costs.index("2 customers")
    subscription = newcomer.subscriptions[0]
    listed = admin.open(f"/accounts?kind=subscription&text={subscription.subscription_id}").answer.text
    found = re.search(r'href="(/accounts/\d+)"', listed)
    assert found is not None
    _, _, plans = admin.open(found[1]).text.partition("Azure plans")
    assert plans.index(subscription.name) < plans.index(newcomer.plan_id) < plans.index(newcomer.tenant_id)
