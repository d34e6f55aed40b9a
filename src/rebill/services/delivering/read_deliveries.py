"""The deliveries of documents for people who look after them: what waits, what arrived, what failed and why."""

from rebill.model.document_delivery import DeliveryFilter, ListedDeliveries
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.listed_deliveries import count_deliveries, newest_deliveries
from rebill.store.scope import Scope


def read_deliveries(
    installation: Installation, caller: Caller, wanted: DeliveryFilter, count: int, offset: int = 0
) -> ListedDeliveries:
    """Those that changed last, first: ``count`` of them behind ``offset``. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        return ListedDeliveries(
            counts=count_deliveries(scope, wanted),
            deliveries=tuple(newest_deliveries(scope, wanted, count, offset)),
        )
