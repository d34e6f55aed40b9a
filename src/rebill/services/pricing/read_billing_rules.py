"""Read the partner's billing rules."""

from rebill.model.billing_rule import KeptBillingRule
from rebill.model.errors import Invalid, NotFound
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.billing_rules import billing_rule_page, find_billing_rule, place_of_billing_rule
from rebill.store.scope import Scope


def get_billing_rule(
    installation: Installation, caller: Caller, rule_id: int, customer_id: int | None = None
) -> KeptBillingRule:
    """One rule. Raises ``NotFound`` for one that is deleted, another partner's, or not for ``customer_id``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return found_billing_rule(Scope.of(connection, caller), rule_id, customer_id)


def list_billing_rules(
    installation: Installation, caller: Caller, page: Page, customer_id: int | None = None
) -> Listing[KeptBillingRule]:
    """The rules that are not deleted, oldest first; ``customer_id``: those that are for this customer."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_billing_rule(scope, after_id))
        return billing_rule_page(scope, page, customer_id, after)


def billing_rule_to_change(scope: Scope, rule_id: int, customer_id: int | None) -> KeptBillingRule:
    """The rule, held, in a transaction under way; ``customer_id``: it must be this customer's alone.

    Raises ``NotFound`` where it is not for ``customer_id``, and ``Invalid`` where it is for others too.
    """
    kept = found_billing_rule(scope, rule_id, customer_id, hold=True)
    if customer_id is not None and (kept.rule.is_for_everyone or kept.rule.named_customers != {customer_id}):
        fault = "is not the only one whom the rule is for: send no client_api_id to change it for all of them"
        raise Invalid(
            "invalid_billing_rule", "The rule was not changed: it is for others too.", {"client_api_id": fault}
        )
    return kept


def found_billing_rule(
    scope: Scope, rule_id: int, customer_id: int | None = None, hold: bool = False
) -> KeptBillingRule:
    """The rule, in a transaction under way; ``hold`` as ``find_billing_rule`` has it. Raises ``NotFound``."""
    kept = find_billing_rule(scope, rule_id, hold)
    if kept is None or (customer_id is not None and not kept.rule.concerns(customer_id)):
        raise NotFound("billing_rule_not_found", f"There is no billing rule {rule_id}: list the rules to find its id.")
    return kept
