"""Change a partner billing rule: what is not given stays as it is."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.billing_rule import BillingRuleOrder, KeptBillingRule
from rebill.model.errors import Invalid
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.as_shown import require_as_shown
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.billing_rule_check import all_order_faults
from rebill.services.pricing.billing_rule_plan import planned_rule
from rebill.services.pricing.read_billing_rules import billing_rule_to_change, found_billing_rule
from rebill.store.billing_rules import change_billing_rule
from rebill.store.scope import Scope


def update_billing_rule(
    installation: Installation,
    caller: Caller,
    rule_id: int,
    order: BillingRuleOrder,
    customer_id: int | None = None,
    as_shown: str = "",
) -> KeptBillingRule:
    """Change a rule, from the first month on that is issued to none of those it is for.

    Months before keep it as it was.
    Its cloud, type and action cannot change. An order that changes nothing leaves no trace. ``customer_id``: the rule
    must be for this customer. ``as_shown``: the mark of the rule that the caller saw.
    Raises ``Forbidden``, ``NotFound``, ``ChangedMeanwhile``, and ``Invalid`` with every faulty field by its path.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> KeptBillingRule:
        scope = Scope.of(connection, caller)
        kept = billing_rule_to_change(scope, rule_id, customer_id)
        require_as_shown(kept.rule, as_shown)
        this_month = BillingMonth.of(now.date())
        faults = all_order_faults(scope, order, kept, this_month)
        if faults:
            raise Invalid("invalid_billing_rule", "The rule was not changed: correct the fields named here.", faults)
        rule = planned_rule(order, kept.rule, this_month)
        if rule == kept.rule:
            return kept
        change_billing_rule(scope, kept, rule, now)
        record_change(scope, caller, Act.CHANGE_BILLING_RULE, rule_id, now, before=kept.rule, after=rule)
        return found_billing_rule(scope, rule_id)

    return installation.database.write(act)


def billing_rule_change_faults(
    installation: Installation, caller: Caller, rule_id: int, order: BillingRuleOrder
) -> dict[str, str]:
    """What is wrong with an order to change a rule, of which some fields could not be read. Raises ``NotFound``."""
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        this_month = BillingMonth.of(installation.clock().date())
        return all_order_faults(scope, order, found_billing_rule(scope, rule_id), this_month)
