"""Partner billing rules: create, list, show, change, delete."""

from rebill.api.answers import Answer
from rebill.api.billing_rule_shapes import (
    BillingRuleAnswer,
    BillingRuleBody,
    BillingRuleChangeBody,
    BillingRuleList,
    billing_rule_answer,
)
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.resource import Resource
from rebill.model.audit import Act
from rebill.services.pricing.create_billing_rule import create_billing_rule, new_billing_rule_faults
from rebill.services.pricing.delete_billing_rule import delete_billing_rule
from rebill.services.pricing.read_billing_rules import get_billing_rule, list_billing_rules
from rebill.services.pricing.update_billing_rule import billing_rule_change_faults, update_billing_rule

_RULE_ID = "partner_billing_rule_id"


def create(call: Call) -> Answer:
    """A fee, or a share of the spend, that stands on customers' statements, or a change of what AWS Support costs.

    What must be given depends on `billing_rule_type` and `rule_action`. A rule is for nobody until customers are
    added: with `add_csp_customers` or `add_target_customers`, whichever cloud it is of; `"all"` are those to come
    too. It acts in its `start_month` only, unless its `frequency` is `recurring`.
    """
    kept = create_billing_rule(call.installation, call.caller, call.body_as(BillingRuleBody).order())
    return Answer.json(201, billing_rule_answer(kept))


def list_all(call: Call) -> Answer:
    """The partner's billing rules; `client_api_id` keeps the list to those that are for this customer."""
    listing = list_billing_rules(call.installation, call.caller, page_of(call.parameters), call.filter_customer_id)
    elements = [billing_rule_answer(kept) for kept in listing.items]
    return list_answer(call, BillingRuleList(partner_billing_rules=elements), listing)


def get(call: Call) -> Answer:
    """One billing rule as it is now."""
    kept = get_billing_rule(call.installation, call.caller, call.ids[_RULE_ID], call.filter_customer_id)
    return Answer.json(200, billing_rule_answer(kept))


def update(call: Call) -> Answer:
    """What is given changes; what is to be removed is taken away first, then what is to be added is put in.

    `cloud`, `billing_rule_type` and `rule_action` never change. The change holds from the first month on that is
    issued to none of the customers whom the rule is or was for.
    """
    order = call.body_as(BillingRuleChangeBody).order()
    kept = update_billing_rule(call.installation, call.caller, call.ids[_RULE_ID], order, call.filter_customer_id)
    return Answer.json(200, billing_rule_answer(kept))


def delete(call: Call) -> Answer:
    """The rule ends before the first month that is issued to none of its customers; issued months keep it."""
    delete_billing_rule(call.installation, call.caller, call.ids[_RULE_ID], call.filter_customer_id)
    return Answer.deleted(call.accept)


def _new_faults(call: Call) -> dict[str, str]:
    return new_billing_rule_faults(call.installation, call.caller, call.body_as(BillingRuleBody).order())


def _change_faults(call: Call) -> dict[str, str]:
    order = call.body_as(BillingRuleChangeBody).order()
    return billing_rule_change_faults(call.installation, call.caller, call.ids[_RULE_ID], order)


RULES = Resource(
    "/v1/partner_billing_rules",
    _RULE_ID,
    BillingRuleAnswer,
    BillingRuleList,
    "/partner_billing_rules/0/id",
    found=get_billing_rule,
)
ROUTES = (
    RULES.created(create, "Create a billing rule", Act.CREATE_BILLING_RULE, BillingRuleBody, value_faults=_new_faults),
    RULES.listed(list_all, "List billing rules"),
    RULES.shown(get, "Show a billing rule"),
    RULES.changed(
        update, "Change a billing rule", Act.CHANGE_BILLING_RULE, BillingRuleChangeBody, value_faults=_change_faults
    ),
    RULES.deleted(delete, "Delete a billing rule", Act.DELETE_BILLING_RULE),
)
