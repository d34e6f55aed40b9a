"""The oracle's reading of billing rules: `docs/rating.md` line by line, every rule tried on every line and customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from rebill.model.billing_rule import BillingRule, RuleInForce
from rebill.model.rating import RatingInputs
from tests.rating.lines import Line

AZURE_NAMES = ("microsoft", "azure", "microsoft azure")
AWS_NAMES = ("aws", "amazon", "amazon web services")


def twelve(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000000000001"), rounding=ROUND_HALF_UP)


def is_of_cloud(line: Line, rule: BillingRule) -> bool:
    if rule.cloud == "azure":
        return line.provider is None or line.provider.lower() in AZURE_NAMES
    return line.provider is not None and line.provider.lower() in AWS_NAMES


def names_customer(rule: BillingRule, customer_id: int) -> bool:
    """Whether the rule is for everything that the customer has."""
    chosen = (rule.terms.csp_customers, rule.terms.target_customers)
    return any(one.everyone or customer_id in one.customer_ids for one in chosen)


def is_for_agreement_of(rule: BillingRule, customer_id: int, line: Line) -> bool:
    last_part = (line.billing_account or "").strip().lower().split("/")[-1]
    return any(
        holder == customer_id and last_part in [str(one) for one in ids]
        for holder, ids in rule.terms.enterprise_agreements
    )


def acts_on(rule: BillingRule, customer_id: int, line: Line) -> bool:
    is_for = names_customer(rule, customer_id) or is_for_agreement_of(rule, customer_id, line)
    return is_for and is_of_cloud(line, rule)


def sign(rule: BillingRule) -> int:
    return -1 if rule.terms.sign == "credit" else 1


def is_spread(rule: BillingRule) -> bool:
    return rule.action == "spend_ratio" and rule.cloud == "azure" and not rule.terms.as_line


def spread_over(line: Line, customer_id: int, price: Decimal, inputs: RatingInputs) -> Decimal:
    """What the shares add to the price that the book gave the line."""
    if line.category not in ("Usage", "Purchase"):
        return Decimal(0)
    return sum(
        (
            sign(one.rule) * twelve(price * one.rule.terms.percent / 100)
            for one in inputs.billing_rules
            if one.rule.terms.percent is not None and is_spread(one.rule) and acts_on(one.rule, customer_id, line)
        ),
        Decimal(0),
    )


def support_price(line: Line, customer_id: int, inputs: RatingInputs) -> Decimal | None:
    """What a support rule prices the line at, if any does."""
    if line.service is None or not line.service.lower().startswith("aws support"):
        return None
    rules = [one.rule for one in inputs.billing_rules if one.rule.rule_type == "support"]
    acting = [rule for rule in rules if acts_on(rule, customer_id, line)]
    if any(rule.action in ("suppress_charge", "flat_fee", "custom_tier") for rule in acting):
        return Decimal(0)
    no_list = line.listed is None or (line.listed == 0 and line.billed != 0)
    if not acting or line.listed is None or no_list or line.category not in ("Usage", "Purchase"):
        return None
    discount = acting[0].terms.percent or Decimal(0)
    return twelve(line.listed * (1 - discount / 100))


@dataclass(frozen=True)
class AddedLine:
    """A line that a rule adds to the statement of ``currency``."""

    kind: str
    rule_id: int
    account: str | None
    currency: str
    exact: Decimal


Priced = Sequence[tuple[Line, Decimal]]
"""A customer's charges of the month, in every currency, with their prices on the statement."""


def added_lines(customer_id: int, priced: Priced, inputs: RatingInputs) -> list[AddedLine]:
    """Every line that rules add to the statements of a billed customer."""
    found = []
    for one in inputs.billing_rules:
        agreed = any(holder == customer_id for holder, _ in one.rule.terms.enterprise_agreements)
        if names_customer(one.rule, customer_id) or agreed:
            acted = [(line, price) for line, price in priced if acts_on(one.rule, customer_id, line)]
            is_support = one.rule.rule_type == "support"
            found += support(one, customer_id, acted, inputs) if is_support else custom(one, customer_id, acted, inputs)
    return found


def home_of(customer_id: int, inputs: RatingInputs) -> str:
    """The customer's own home currency, else the partner's."""
    own = [one.home_currency for one in inputs.terms if one.customer_id == customer_id and one.home_currency]
    return own[0] if own else inputs.home_currency


def custom(one: RuleInForce, customer_id: int, acted: Priced, inputs: RatingInputs) -> list[AddedLine]:
    rule = one.rule
    if rule.terms.fee is not None:
        currency = rule.terms.currency or home_of(customer_id, inputs)
        fee = AddedLine("custom", one.billing_rule_id, None, currency, sign(rule) * rule.terms.fee)
        return [] if customer_id in inputs.departed else [fee]
    if is_spread(rule) or rule.terms.percent is None:
        return []
    lines = []
    for currency in {line.currency for line, _ in acted}:
        spend = sum((price for line, price in acted if line.currency == currency), Decimal(0))
        share = sign(rule) * twelve(spend * rule.terms.percent / 100)
        lines.append(AddedLine("custom", one.billing_rule_id, None, currency, share))
    return lines


def support(one: RuleInForce, customer_id: int, acted: Priced, inputs: RatingInputs) -> list[AddedLine]:
    terms = one.rule.terms
    if one.rule.action not in ("flat_fee", "custom_tier"):
        return []
    home = terms.currency or home_of(customer_id, inputs)
    per_account = terms.scope == "per_account"
    accounts = {line.subscription for line, _ in acted if line.subscription is not None} if per_account else {None}
    lines = []
    for currency in {home} | {line.currency for line, _ in acted}:
        for account in accounts:
            prices = [
                price
                for line, price in acted
                if line.currency == currency and (not per_account or line.subscription == account)
            ]
            amount = fee_of(one.rule, prices, currency == home and customer_id not in inputs.departed)
            if amount is not None:
                lines.append(AddedLine("support", one.billing_rule_id, account, currency, amount))
    return lines


def fee_of(rule: BillingRule, prices: list[Decimal], falls_here: bool) -> Decimal | None:
    """A support fee on charges of these prices; ``falls_here``: fees fall on this statement."""
    pricing = rule.terms.tier_pricing
    if pricing is None:
        return rule.terms.fee if falls_here else None
    minimum = pricing.minimum_fee if falls_here else Decimal(0)
    if not prices and minimum == 0:
        return None
    spend, fee = sum(prices, Decimal(0)), Decimal(0)
    for place, tier in enumerate(pricing.tiers):
        until = pricing.tiers[place + 1].from_spend if place + 1 < len(pricing.tiers) else max(spend, tier.from_spend)
        in_tier = min(max(spend, tier.from_spend), until) - tier.from_spend
        fee += twelve(in_tier * tier.percent / 100)
    return max(minimum, fee)
