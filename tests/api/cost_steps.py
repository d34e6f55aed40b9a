"""Cost that was imported, with a row that could not be read."""

import secrets

from rebill.model.data_set import CostImportOrder
from rebill.services.costs.import_costs import import_costs
from tests.api.world import World, partner_of
from tests.services.months import charge, write_focus

UNREADABLE = "=cmd|'/c calc'!A1"
"""A cost that is none, and would be a formula in a spreadsheet."""


def imported(world: World, customer_id: int, scope: str = "") -> int:
    """A data set of the partner of ``customer_id``: a charge of September, and one aside that could not be read."""
    scope = scope or secrets.token_hex(8)
    charges = [charge("2024-09-02", "2.50", "3", SubAccountId=scope), charge("2024-09-03", UNREADABLE, "3")]
    file = write_focus(world.installation.settings.home / f"{scope}.csv", charges)
    order = CostImportOrder((file,), scope=scope, accept_rejects=True)
    (data_set,) = import_costs(world.installation, partner_of(world.installation, customer_id), order).data_sets
    return data_set.data_set_id
