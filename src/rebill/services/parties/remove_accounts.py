"""Take accounts away from a customer. The rules stand in ``assignment_plan.plan_remove``."""

from collections.abc import Sequence
from datetime import date

from rebill.model.assignment import AssignmentOrder, AssignmentOutcome
from rebill.model.audit import Act
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.parties.assignment_act import carry_out
from rebill.services.parties.assignment_plan import Fault, Plan, plan_remove
from rebill.store.assignments import StoredAssignment


def remove_accounts(installation: Installation, caller: Caller, order: AssignmentOrder) -> AssignmentOutcome:
    """End the customer's assignments of these accounts on a day, or take them back; the account records stay.

    All or nothing, as ``assign_accounts``. An account that is not this customer's is at fault, so a repeat
    answers the fault and changes nothing.
    """

    def planner(standing: Sequence[StoredAssignment], today: date, _: BillingMonth | None) -> Plan | Fault:
        return plan_remove(order.customer_id, standing, order.effective_to, order.withdraw, today)

    return carry_out(installation, caller, Act.REMOVE_ACCOUNTS, order, planner)
