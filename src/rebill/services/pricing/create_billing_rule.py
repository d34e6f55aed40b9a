"""Create a partner billing rule: every fault is told at once."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.billing_rule import BillingRuleOrder, KeptBillingRule
from rebill.model.errors import Invalid
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.billing_rule_check import all_order_faults
from rebill.services.pricing.billing_rule_plan import planned_rule
from rebill.store.billing_rules import add_billing_rule, find_billing_rule
from rebill.store.scope import Scope


def create_billing_rule(installation: Installation, caller: Caller, order: BillingRuleOrder) -> KeptBillingRule:
    """Create a rule; without ``start_month`` it starts in this month (UTC).

    Raises ``Forbidden``, and ``Invalid`` with every faulty field by its path in the API.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()
    this_month = BillingMonth.of(now.date())

    def act(connection: Connection) -> KeptBillingRule:
        scope = Scope.of(connection, caller)
        faults = all_order_faults(scope, order, None, this_month)
        if faults:
            raise Invalid("invalid_billing_rule", "No rule was made: correct the fields named here.", faults)
        stored = find_billing_rule(scope, add_billing_rule(scope, planned_rule(order, None, this_month), now))
        if stored is None:
            raise AssertionError("a rule just stored must be found")
        record_change(scope, caller, Act.CREATE_BILLING_RULE, stored.billing_rule_id, now, after=stored.rule)
        return stored

    return installation.database.write(act)


def new_billing_rule_faults(installation: Installation, caller: Caller, order: BillingRuleOrder) -> dict[str, str]:
    """What is wrong with an order of a new rule, of which some fields could not be read."""
    with installation.database.reading() as connection:
        this_month = BillingMonth.of(installation.clock().date())
        return all_order_faults(Scope.of(connection, caller), order, None, this_month)
