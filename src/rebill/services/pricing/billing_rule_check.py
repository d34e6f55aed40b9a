"""Everything that is wrong with a billing rule's order, what only the record can judge included."""

from collections.abc import Mapping, Sequence

from rebill.model.billing_rule import BillingRule, BillingRuleOrder, KeptBillingRule, RuleFrequency
from rebill.model.months import BillingMonth
from rebill.services.acting.plain_text import composed
from rebill.services.pricing.billing_rule_plan import order_faults, planned_rule
from rebill.store.billing_rules import first_month_of_rule, is_rule_name_taken
from rebill.store.customers import which_are_customers
from rebill.store.scope import Scope

_UNKNOWN = "names no customer: list the customers to find its client_api_id"


def all_order_faults(
    scope: Scope, order: BillingRuleOrder, kept: KeptBillingRule | None, this_month: BillingMonth
) -> dict[str, str]:
    """What is wrong with an order for a new rule, or for a change of ``kept``, by the field's path in the API."""
    faults = {}
    rule_id = None if kept is None else kept.billing_rule_id
    if order.name is not None and is_rule_name_taken(scope, composed(order.name), but=rule_id):
        faults["name"] = "is the name of another billing rule"
    added = {
        "add_csp_customers": order.add_csp_customers.customer_ids,
        "add_target_customers": order.add_target_customers.customer_ids,
    }
    # Who was deleted may still be taken from a rule that names him.
    removed = {
        "remove_csp_customers": order.remove_csp_customers.customer_ids,
        "remove_target_customers": order.remove_target_customers.customer_ids,
    }
    faults |= _unknown(scope, added, with_deleted=False) | _unknown(scope, removed, with_deleted=True)
    for field, agreements in (
        ("add_enterprise_agreements", order.add_enterprise_agreements),
        ("remove_enterprise_agreements", order.remove_enterprise_agreements),
    ):
        holders = [holder for holder, _ in agreements]
        known = which_are_customers(scope, holders, with_deleted=field.startswith("remove"))
        faults |= {f"{field}.{holder}": _UNKNOWN for holder in holders if holder not in known}
    stored = None if kept is None else kept.rule
    faults |= order_faults(order, stored, this_month)
    if not faults and (kept is None or order.start_month is not None):
        faults |= _issued_faults(scope, planned_rule(order, stored, this_month))
    return faults


def _issued_faults(scope: Scope, rule: BillingRule) -> dict[str, str]:
    """A rule that acts once would never act in a month that was issued without it."""
    first = first_month_of_rule(scope, rule)
    if rule.terms.frequency is RuleFrequency.RECURRING or str(rule.terms.start_month) >= first:
        return {}
    return {"start_month": f"is issued to customers of this rule already: give {first} or a later month"}


def _unknown(scope: Scope, wanted: Mapping[str, Sequence[int]], with_deleted: bool) -> dict[str, str]:
    known = which_are_customers(scope, {one for ids in wanted.values() for one in ids}, with_deleted)
    return {
        f"{field}[{place}]": _UNKNOWN
        for field, ids in wanted.items()
        for place, customer_id in enumerate(ids)
        if customer_id not in known
    }
