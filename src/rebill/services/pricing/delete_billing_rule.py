"""Delete a partner billing rule."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.pricing.read_billing_rules import billing_rule_to_change
from rebill.store.billing_rules import end_billing_rule
from rebill.store.scope import Scope


def delete_billing_rule(
    installation: Installation, caller: Caller, rule_id: int, customer_id: int | None = None
) -> None:
    """Delete a rule and free its name; months that were issued with it are still computed with it.

    ``customer_id``: the rule must be for this customer. Raises ``Forbidden``, and ``NotFound`` also the second time.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        kept = billing_rule_to_change(scope, rule_id, customer_id)
        end_billing_rule(scope, kept, now)
        record_change(scope, caller, Act.DELETE_BILLING_RULE, rule_id, now, before=kept.rule)

    installation.database.write(act)
