"""Whether a run of a month works at this moment."""

from rebill.lake.runs import is_run_under_way
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require


def run_works(installation: Installation, caller: Caller, month: BillingMonth) -> bool:
    """Whether one does, in whatever process. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    return is_run_under_way(installation.lake_folder, caller.partner_id, month)
