"""Which issued statements of a month are others by what was run last."""

from rebill.model.correction import PendingCorrection
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.correct_month import pending_corrections
from rebill.store.scope import Scope


def read_pending(installation: Installation, caller: Caller, month: BillingMonth) -> list[PendingCorrection]:
    """The corrections that ``month`` awaits, of all customers. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return pending_corrections(Scope.of(connection, caller), month)
