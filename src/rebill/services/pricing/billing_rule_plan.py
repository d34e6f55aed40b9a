"""What a billing rule is to be: what is wrong with an order, and the rule that a sound one makes. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from rebill.model.billing_rule import (
    ACTIONS,
    FEE_ACTIONS,
    GREATEST_FEE,
    GREATEST_TIER_COUNT,
    BillingRule,
    BillingRuleOrder,
    ChosenCustomers,
    CustomersChange,
    PricingInfo,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleSign,
    RuleTerms,
    RuleType,
    SpendTier,
    SupportTier,
    TierPricing,
)
from rebill.model.currencies import minor_digits
from rebill.model.identifiers import AgreementId
from rebill.model.money import GREATEST_DISCOUNT, GREATEST_PERCENT, checked_percent, kept_amount
from rebill.model.months import BillingMonth
from rebill.services.acting.plain_text import composed, description_fault, name_fault, text_fault

Faults = dict[str, str]
Agreements = Sequence[tuple[int, tuple[AgreementId, ...]]]

_AMOUNT_FIELDS: Mapping[tuple[RuleType, RuleAction], str] = {
    (RuleType.CUSTOM, RuleAction.FLAT_FEE): "apply_flat_fee_cost",
    (RuleType.CUSTOM, RuleAction.SPEND_RATIO): "apply_rate_in_percentage",
    (RuleType.SUPPORT, RuleAction.FLAT_FEE): "flat_fee_cost",
    (RuleType.SUPPORT, RuleAction.PERCENTAGE_DISCOUNT): "charge_percentage_discount",
    (RuleType.SUPPORT, RuleAction.CUSTOM_TIER): "pricing_info",
}
"""Where a request says how much, for each kind of rule that has an amount."""


def order_faults(order: BillingRuleOrder, stored: BillingRule | None, this_month: BillingMonth) -> Faults:
    """What is wrong with an order in itself, or as a change of ``stored``, by the field's path in the API."""
    cloud = stored.cloud if stored else order.cloud
    rule_type = stored.rule_type if stored else order.billing_rule_type
    action = stored.action if stored else order.rule_action
    faults = _identity_faults(order, stored)
    if rule_type is not None and action is not None and "rule_action" not in faults:
        faults |= _amount_faults(order, stored is None, rule_type, action)
        faults |= _answered_fee_faults(order, stored)
    faults |= _text_faults(order, stored is None, rule_type)
    faults |= _kind_faults(order, rule_type, action)
    faults |= _month_faults(order, stored, this_month)
    return faults | _customer_faults(order, stored, cloud)


def planned_rule(order: BillingRuleOrder, stored: BillingRule | None, this_month: BillingMonth) -> BillingRule:
    """The rule that a sound order makes, of nothing or of ``stored``."""
    if stored is not None:
        name = stored.name if order.name is None else composed(order.name)
        return replace(stored, name=name, terms=_planned_terms(order, stored.terms, stored.rule_type, stored.action))
    if order.cloud is None or order.billing_rule_type is None or order.rule_action is None:
        raise AssertionError("a sound order of a new rule says what it is")
    terms = _planned_terms(order, RuleTerms(start_month=this_month), order.billing_rule_type, order.rule_action)
    return BillingRule(composed(order.name or ""), order.cloud, order.billing_rule_type, order.rule_action, terms)


def _identity_faults(order: BillingRuleOrder, stored: BillingRule | None) -> Faults:
    if stored is not None:
        asked = {
            "cloud": (order.cloud, stored.cloud),
            "billing_rule_type": (order.billing_rule_type, stored.rule_type),
            "rule_action": (order.rule_action, stored.action),
        }
        return {
            field: f"cannot change from {kept}: make a new rule"
            for field, (wanted, kept) in asked.items()
            if wanted not in (None, kept)
        }
    given = {"cloud": order.cloud, "billing_rule_type": order.billing_rule_type, "rule_action": order.rule_action}
    faults = {field: "is required" for field, value in given.items() if value is None}
    if order.billing_rule_type is RuleType.SUPPORT and order.cloud is RuleCloud.AZURE:
        faults["billing_rule_type"] = "is support, which only aws rules can be"
    if order.billing_rule_type is not None and order.rule_action is not None:
        actions = ACTIONS[order.billing_rule_type]
        if order.rule_action not in actions:
            faults["rule_action"] = f"must be one of {', '.join(actions)} for a {order.billing_rule_type} rule"
    return faults


def _text_faults(order: BillingRuleOrder, is_new: bool, rule_type: RuleType | None) -> Faults:
    name = "" if order.name is None and is_new else order.name
    found: dict[str, str | None] = {}
    if name is not None:
        found["name"] = name_fault(name)
    is_custom = rule_type is RuleType.CUSTOM
    if order.product_name is not None or is_new:
        found["product_name"] = text_fault(order.product_name or "", required=is_custom)
    if order.product_description is not None or is_new:
        found["product_description"] = description_fault(order.product_description or "", required=is_custom)
    return {field: fault for field, fault in found.items() if fault is not None}


def _kind_faults(order: BillingRuleOrder, rule_type: RuleType | None, action: RuleAction | None) -> Faults:
    """Fields that say something which rules of this kind cannot do; what says nothing is passed over."""
    faults: Faults = {}
    if rule_type is RuleType.CUSTOM and order.support_tier not in (None, SupportTier.DEVELOPER):
        faults["support_tier"] = "is for support rules"
    if rule_type is RuleType.SUPPORT and order.type is RuleSign.CREDIT:
        faults["type"] = "is credit, which only custom rules can be"
    if action not in (None, RuleAction.SPEND_RATIO) and order.add_spend_ratio_as_custom_line_item:
        faults["add_spend_ratio_as_custom_line_item"] = "is for rules whose rule_action is spend_ratio"
    if order.currency:
        if action is not None and action not in FEE_ACTIONS:
            faults["currency"] = f"is for rules whose rule_action is {' or '.join(FEE_ACTIONS)}"
        elif (fault := _currency_fault(order.currency)) is not None:
            faults["currency"] = fault
    return faults


def _amount_faults(order: BillingRuleOrder, is_new: bool, rule_type: RuleType, action: RuleAction) -> Faults:
    faults: Faults = {}
    own = _AMOUNT_FIELDS.get((rule_type, action))
    for (other_type, other_action), field in _AMOUNT_FIELDS.items():
        # Answers show the fee of either type as flat_fee_cost, and clients send back what they were shown.
        is_answers_name = field == "flat_fee_cost" and rule_type is RuleType.CUSTOM
        if field != own and not is_answers_name and _says_something(getattr(order, field)):
            faults[field] = f"is for {other_type} rules whose rule_action is {other_action}"
    if own is None:
        return faults
    given = getattr(order, own)
    if given is None or (isinstance(given, PricingInfo) and given.is_empty and not is_new):
        return faults | ({own: f"is required for a {rule_type} rule whose rule_action is {action}"} if is_new else {})
    if isinstance(given, PricingInfo):
        return faults | _pricing_faults(given)
    greatest = GREATEST_DISCOUNT if action is RuleAction.PERCENTAGE_DISCOUNT else GREATEST_PERCENT
    fault = _fee_fault(given) if action is RuleAction.FLAT_FEE else _percent_fault(given, greatest)
    return faults | ({own: fault} if fault is not None else {})


def _answered_fee_faults(order: BillingRuleOrder, stored: BillingRule | None) -> Faults:
    """A custom rule's fee under the name that answers have it by: to be passed over where it is the fee that stands."""
    shown = order.flat_fee_cost
    if (
        stored is None
        or stored.rule_type is not RuleType.CUSTOM
        or shown is None
        or order.apply_flat_fee_cost is not None
    ):
        return {}
    is_kept = kept_amount(shown) == (stored.terms.fee or 0)
    return {} if is_kept else {"flat_fee_cost": "is how answers show the fee: change it by apply_flat_fee_cost"}


def _says_something(given: Decimal | PricingInfo | None) -> bool:
    return not given.is_empty if isinstance(given, PricingInfo) else bool(given)


def _pricing_faults(given: PricingInfo) -> Faults:
    found: dict[str, str | None] = {
        "pricing_info.min_fee": "is required" if given.minimum_fee is None else _fee_fault(given.minimum_fee)
    }
    if not given.bounds:
        found["pricing_info.min_spend_range"] = "is required: the spend from which each tier counts, such as [0, 10000]"
    elif len(given.bounds) > GREATEST_TIER_COUNT:
        found["pricing_info.min_spend_range"] = f"may hold at most {GREATEST_TIER_COUNT} tiers"
    if given.bounds and len(given.percents) != len(given.bounds):
        found["pricing_info.min_spend_rate"] = "must hold one rate for each of min_spend_range"
    for place, bound in enumerate(given.bounds[:GREATEST_TIER_COUNT]):
        ascends = place == 0 or kept_amount(given.bounds[place - 1]) < kept_amount(bound)
        fault = _fee_fault(bound) or (None if ascends else "must be greater than the one before")
        found[f"pricing_info.min_spend_range[{place}]"] = fault
    for place, percent in enumerate(given.percents[:GREATEST_TIER_COUNT]):
        found[f"pricing_info.min_spend_rate[{place}]"] = _percent_fault(percent, GREATEST_PERCENT)
    return {field: fault for field, fault in found.items() if fault is not None}


def _fee_fault(amount: Decimal) -> str | None:
    if amount < 0:
        return "may not be negative: what is taken off has the type credit"
    return None if kept_amount(amount) < GREATEST_FEE else f"must lie below {GREATEST_FEE:,}"


def _percent_fault(percent: Decimal, greatest: Decimal) -> str | None:
    try:
        checked_percent(percent, greatest)
    except ValueError as error:
        return str(error)
    return None


def _currency_fault(currency: str) -> str | None:
    try:
        minor_digits(currency)
    except ValueError as error:
        return str(error)
    return None


def _month_faults(order: BillingRuleOrder, stored: BillingRule | None, this_month: BillingMonth) -> Faults:
    terms = stored.terms if stored else RuleTerms(start_month=this_month)
    start, end = order.start_month or terms.start_month, _end_month(order, terms)
    if end is None:
        return {}
    if (order.frequency or terms.frequency) is RuleFrequency.ONE_TIME:
        return {"end_month": 'is for recurring rules: send "frequency": "recurring", or "end_month": "" for none'}
    return {"end_month": f"lies before start_month, {start}"} if end < start else {}


def _end_month(order: BillingRuleOrder, terms: RuleTerms) -> BillingMonth | None:
    return None if order.without_end else order.end_month or terms.end_month


def _customer_faults(order: BillingRuleOrder, stored: BillingRule | None, cloud: RuleCloud | None) -> Faults:
    faults: Faults = {}
    for field in ("add_enterprise_agreements", "remove_enterprise_agreements"):
        if cloud is RuleCloud.AWS and getattr(order, field):
            faults[field] = "is for azure rules"
    kept = stored.terms if stored else None
    changes = (
        ("csp_customers", order.add_csp_customers, order.remove_csp_customers, kept and kept.csp_customers),
        ("target_customers", order.add_target_customers, order.remove_target_customers, kept and kept.target_customers),
    )
    for name, added, removed, chosen in changes:
        faults |= dict(_change_faults(name, added, removed, chosen or ChosenCustomers()))
    added_agreements = {(holder, one) for holder, ids in order.add_enterprise_agreements for one in ids}
    for holder, ids in order.remove_enterprise_agreements:
        if any((holder, one) in added_agreements for one in ids):
            faults[f"remove_enterprise_agreements.{holder}"] = "names what add_enterprise_agreements names too"
    return faults


def _change_faults(
    name: str, added: CustomersChange, removed: CustomersChange, chosen: ChosenCustomers
) -> Iterator[tuple[str, str]]:
    if added.everyone and removed.everyone:
        yield f"remove_{name}", f"names what add_{name} names too"
    if chosen.everyone and removed.customer_ids:
        yield f"remove_{name}", 'cannot leave some out: the rule is for all; remove "all", and add those that stay'
    among_added = set(added.customer_ids)
    for place, customer_id in enumerate(removed.customer_ids):
        if customer_id in among_added:
            yield f"remove_{name}[{place}]", f"stands in add_{name} too"


def _planned_terms(order: BillingRuleOrder, terms: RuleTerms, rule_type: RuleType, action: RuleAction) -> RuleTerms:
    fee = order.apply_flat_fee_cost if rule_type is RuleType.CUSTOM else order.flat_fee_cost
    is_discount = action is RuleAction.PERCENTAGE_DISCOUNT
    percent = order.charge_percentage_discount if is_discount else order.apply_rate_in_percentage
    has_percent = is_discount or action is RuleAction.SPEND_RATIO
    return RuleTerms(
        start_month=order.start_month or terms.start_month,
        end_month=_end_month(order, terms),
        frequency=order.frequency or terms.frequency,
        scope=order.rule_scope or terms.scope,
        support_tier=order.support_tier or terms.support_tier,
        sign=order.type or terms.sign,
        fee=terms.fee if fee is None or action is not RuleAction.FLAT_FEE else kept_amount(fee),
        percent=terms.percent if percent is None or not has_percent else percent,
        tier_pricing=_planned_tiers(order.pricing_info) or terms.tier_pricing,
        as_line=_given(order.add_spend_ratio_as_custom_line_item, terms.as_line),
        currency=terms.currency if order.currency is None else order.currency or None,
        product_name=terms.product_name if order.product_name is None else order.product_name,
        product_description=(
            terms.product_description if order.product_description is None else order.product_description
        ),
        csp_customers=_chosen(terms.csp_customers, order.add_csp_customers, order.remove_csp_customers),
        target_customers=_chosen(terms.target_customers, order.add_target_customers, order.remove_target_customers),
        enterprise_agreements=_agreements(
            terms.enterprise_agreements, order.add_enterprise_agreements, order.remove_enterprise_agreements
        ),
    )


def _given(wanted: bool | None, kept: bool) -> bool:
    return kept if wanted is None else wanted


def _planned_tiers(info: PricingInfo | None) -> TierPricing | None:
    if info is None or info.is_empty:
        return None
    tiers = tuple(
        SpendTier(kept_amount(bound), percent) for bound, percent in zip(info.bounds, info.percents, strict=True)
    )
    return TierPricing(kept_amount(info.minimum_fee or Decimal(0)), tiers)


def _chosen(kept: ChosenCustomers, added: CustomersChange, removed: CustomersChange) -> ChosenCustomers:
    """Who is chosen after a change: first some are taken away, then others added."""
    taken = set(removed.customer_ids)
    left = () if removed.everyone else tuple(one for one in kept.customer_ids if one not in taken)
    if added.everyone or (kept.everyone and not removed.everyone):
        return ChosenCustomers(everyone=True)
    return ChosenCustomers(customer_ids=tuple(dict.fromkeys((*left, *added.customer_ids))))


def _agreements(
    kept: Agreements, added: Agreements, removed: Agreements
) -> tuple[tuple[int, tuple[AgreementId, ...]], ...]:
    by_holder = {holder: dict.fromkeys(ids) for holder, ids in kept}
    for holder, ids in removed:
        for agreement in ids:
            by_holder.get(holder, {}).pop(agreement, None)
    for holder, ids in added:
        by_holder.setdefault(holder, {}).update(dict.fromkeys(ids))
    return tuple((holder, tuple(ids)) for holder, ids in by_holder.items() if ids)
