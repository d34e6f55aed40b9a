"""Take accounts away from a customer. The rules stand in ``assignment_plan.plan_remove``."""

from rebill.model.assignment import AssignmentOrder, AssignmentOutcome
from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.parties.assignment_act import do_and_tell


def remove_accounts(installation: Installation, caller: Caller, order: AssignmentOrder) -> AssignmentOutcome:
    """End the customer's assignments of these accounts on a day, or take them back; the account records stay.

    All or nothing, as ``assign_accounts``. An account that is not this customer's is at fault, so a repeat
    answers the fault and changes nothing.
    """
    return do_and_tell(installation, caller, Act.REMOVE_ACCOUNTS, order)
