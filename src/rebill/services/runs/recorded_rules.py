"""Billing rules as a run writes them down, and as they are read back from what it wrote."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rebill.model.billing_rule import (
    EVERYONE,
    BillingRule,
    ChosenCustomers,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleInForce,
    RuleScope,
    RuleSign,
    RuleTerms,
    RuleType,
    SpendTier,
    SupportTier,
    TierPricing,
)
from rebill.model.money import PERCENT_DECIMALS, kept_amount, round_half_away, text_of
from rebill.model.months import BillingMonth


def billing_rule_document(one: RuleInForce) -> dict[str, Any]:
    """A rule as plain JSON values; decimals and months as text."""
    rule, terms = one.rule, one.rule.terms
    tiers = terms.tier_pricing
    return {
        "billing_rule_id": one.billing_rule_id,
        "name": rule.name,
        "cloud": rule.cloud,
        "rule_type": rule.rule_type,
        "action": rule.action,
        "start_month": str(terms.start_month),
        "end_month": None if terms.end_month is None else str(terms.end_month),
        "frequency": terms.frequency,
        "scope": terms.scope,
        "support_tier": terms.support_tier,
        "sign": terms.sign,
        "fee": None if terms.fee is None else _amount_text(terms.fee),
        "percent": None if terms.percent is None else _percent_text(terms.percent),
        "minimum_fee": None if tiers is None else _amount_text(tiers.minimum_fee),
        "tiers": None if tiers is None else [_tier_document(tier) for tier in tiers.tiers],
        "as_line": terms.as_line,
        "currency": terms.currency,
        "product_name": terms.product_name,
        "product_description": terms.product_description,
        "csp_customers": _chosen_document(terms.csp_customers),
        "target_customers": _chosen_document(terms.target_customers),
        "enterprise_agreements": [[holder, list(ids)] for holder, ids in terms.enterprise_agreements],
    }


def billing_rule_of(document: Mapping[str, Any]) -> RuleInForce:
    """The rule of which ``document`` is what ``billing_rule_document`` wrote down."""
    terms = RuleTerms(
        start_month=BillingMonth.parse(document["start_month"]),
        end_month=None if document["end_month"] is None else BillingMonth.parse(document["end_month"]),
        frequency=RuleFrequency(document["frequency"]),
        scope=RuleScope(document["scope"]),
        support_tier=SupportTier(document["support_tier"]),
        sign=RuleSign(document["sign"]),
        fee=_amount(document["fee"]),
        percent=_amount(document["percent"]),
        tier_pricing=_tier_pricing(document),
        as_line=document["as_line"],
        currency=document["currency"],
        product_name=document["product_name"],
        product_description=document["product_description"],
        csp_customers=_chosen(document["csp_customers"]),
        target_customers=_chosen(document["target_customers"]),
        enterprise_agreements=tuple((holder, tuple(ids)) for holder, ids in document["enterprise_agreements"]),
    )
    rule = BillingRule(
        document["name"],
        RuleCloud(document["cloud"]),
        RuleType(document["rule_type"]),
        RuleAction(document["action"]),
        terms,
    )
    return RuleInForce(document["billing_rule_id"], rule)


def _amount_text(amount: Decimal) -> str:
    return text_of(kept_amount(amount))


def _percent_text(percent: Decimal) -> str:
    return text_of(round_half_away(percent, PERCENT_DECIMALS))


def _tier_document(tier: SpendTier) -> list[str]:
    return [_amount_text(tier.from_spend), _percent_text(tier.percent)]


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _tier_pricing(document: Mapping[str, Any]) -> TierPricing | None:
    if document["tiers"] is None:
        return None
    tiers = tuple(SpendTier(Decimal(bound), Decimal(percent)) for bound, percent in document["tiers"])
    return TierPricing(Decimal(document["minimum_fee"]), tiers)


def _chosen_document(chosen: ChosenCustomers) -> str | list[int]:
    return EVERYONE if chosen.everyone else list(chosen.customer_ids)


def _chosen(document: str | list[int]) -> ChosenCustomers:
    return (
        ChosenCustomers(everyone=True) if isinstance(document, str) else ChosenCustomers(customer_ids=tuple(document))
    )
