"""Billing rules on the statement: the support and custom lines that a month's rules add to priced charges.

Pure arithmetic over statement lines, alike for every engine (``docs/rating.md``, Billing rules).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from rebill.model.billing_rule import (
    RuleAction,
    RuleCloud,
    RuleInForce,
    RuleScope,
    RuleType,
    TierPricing,
    rule_cloud_of,
)
from rebill.model.identifiers import AgreementId
from rebill.model.money import ZERO, kept_amount, product_of, share_of
from rebill.model.rating import CustomerLines, RatingInputs
from rebill.model.statement import LineKind, PricedLine
from rebill.rating.customer_rules import CustomerRules, rules_by_customer

AgreementSpend = Mapping[tuple[int, str, str], Decimal]
"""(customer id, currency, agreement) → the prices of Azure's charges under it."""
_AWS: Final = "AWS"
_SUPPORT_SERVICE: Final = "AWS Support ({})"
"""What a support line is called where its rule names no product, with the plan in its place."""


def with_rule_lines(
    inputs: RatingInputs, charged: Sequence[CustomerLines], agreement_spend: AgreementSpend
) -> tuple[CustomerLines, ...]:
    """``charged`` with the lines that rules add, in order of customer id and currency.

    A fee makes a customer's lines in a currency in which it has no charges.
    """
    found = {(one.customer_id, one.currency): one for one in charged}
    charges: dict[int, dict[str, tuple[PricedLine, ...]]] = {}
    for one in charged:
        charges.setdefault(one.customer_id, {})[one.currency] = one.lines
    for rules in rules_by_customer(inputs):
        customer = _Charged(inputs, rules, charges.get(rules.customer_id, {}), agreement_spend)
        for currency, line in customer.added():
            key = (rules.customer_id, currency)
            standing = found.get(key, CustomerLines(*key, lines=()))
            found[key] = replace(standing, lines=(*standing.lines, line))
    return tuple(found[key] for key in sorted(found))


@dataclass(frozen=True)
class _Charged:
    """A billed customer, the rules that act on it, and its ``charges``: currency → lines, before any is added."""

    inputs: RatingInputs
    rules: CustomerRules
    charges: Mapping[str, tuple[PricedLine, ...]]
    agreement_spend: AgreementSpend

    def added(self) -> Iterator[tuple[str, PricedLine]]:
        """The lines that rules add, each with the currency of its statement."""
        for one in self.rules.for_all:
            yield from self._added(one, None)
        agreed = {one.billing_rule_id: one for rules in self.rules.by_agreement.values() for one in rules}
        for rule_id, one in agreed.items():
            yield from self._added(one, self.rules.agreements_of(rule_id))

    def _added(self, one: RuleInForce, agreements: Collection[AgreementId] | None) -> Iterator[tuple[str, PricedLine]]:
        rule = one.rule
        if rule.rule_type is RuleType.SUPPORT:
            if rule.action in (RuleAction.FLAT_FEE, RuleAction.CUSTOM_TIER):
                yield from self._support_lines(one)
        elif rule.terms.fee is not None:
            if not self._is_departed:
                fee = rule.signed(rule.terms.fee)
                yield self._fee_currency(one), _custom_line(one, fee)
        elif not rule.is_spread:
            for currency in self.charges:
                spend = self._spend(currency, rule.cloud, agreements)
                if spend is not None:
                    yield currency, _custom_line(one, product_of(spend, rule.share))

    @property
    def _is_departed(self) -> bool:
        return self.rules.customer_id in self.inputs.departed

    def _fee_currency(self, one: RuleInForce) -> str:
        """Where a rule's fee falls, once."""
        return one.rule.terms.currency or self.inputs.home_currency_of(self.rules.customer_id)

    def _spend(self, currency: str, cloud: RuleCloud, agreements: Collection[AgreementId] | None) -> Decimal | None:
        """The prices of the statement's charges of a cloud, or of those under some agreements; none: ``None``."""
        if agreements is None:
            prices = [line.exact_amount for line in _of_cloud(self.charges.get(currency, ()), cloud)]
        else:
            keys = ((self.rules.customer_id, currency, str(agreement)) for agreement in agreements)
            prices = [self.agreement_spend[key] for key in keys if key in self.agreement_spend]
        return sum(prices, ZERO) if prices else None

    def _support_lines(self, one: RuleInForce) -> Iterator[tuple[str, PricedLine]]:
        """The line of a support fee on each statement that has one, or a line for each account."""
        home = self._fee_currency(one)
        for currency in sorted({home, *self.charges}):
            for account, spend in self._supported(one, currency, home):
                amount = self._support_amount(one, spend, is_home=currency == home)
                if amount is not None:
                    yield currency, _support_line(one, account, amount)

    def _supported(self, one: RuleInForce, currency: str, home: str) -> Iterator[tuple[str | None, Decimal | None]]:
        """Whose support is paid on the statement of ``currency``, and the spend on it (``None``: no charge at all)."""
        if one.rule.terms.scope is RuleScope.PER_BILLING_FAMILY:
            yield None, self._spend(currency, one.rule.cloud, None)
            return
        spends = _spend_by_account(self.charges.get(currency, ()))
        # A fee falls once for each account, on whatever statement the account has its charges.
        named = {account for lines in self.charges.values() for account in _spend_by_account(lines)}
        for account in sorted(named if currency == home else spends):
            yield account, spends.get(account)

    def _support_amount(self, one: RuleInForce, spend: Decimal | None, is_home: bool) -> Decimal | None:
        """What support costs; ``None``: no line."""
        terms = one.rule.terms
        falls_here = is_home and not self._is_departed
        if terms.tier_pricing is None:
            return terms.fee if falls_here else None
        minimum = terms.tier_pricing.minimum_fee if falls_here else ZERO
        if spend is None and minimum == 0:
            return None
        return max(minimum, graduated(terms.tier_pricing, spend or ZERO))


def graduated(pricing: TierPricing, spend: Decimal) -> Decimal:
    """What the tiers make of ``spend``: of its part in each tier its share, each rounded once, added up."""
    bounds = [tier.from_spend for tier in pricing.tiers]
    parts = zip(pricing.tiers, [*bounds[1:], spend], strict=True)
    return sum(
        (
            product_of(min(spend, until) - tier.from_spend, share_of(tier.percent))
            for tier, until in parts
            if spend > tier.from_spend
        ),
        ZERO,
    )


def _of_cloud(lines: Sequence[PricedLine], cloud: RuleCloud) -> list[PricedLine]:
    return [line for line in lines if rule_cloud_of(line.provider) is cloud]


def _spend_by_account(lines: Sequence[PricedLine]) -> dict[str, Decimal]:
    """The spend of each account of AWS that charges name."""
    found: dict[str, Decimal] = {}
    for line in _of_cloud(lines, RuleCloud.AWS):
        if line.subscription is not None:
            found[line.subscription] = found.get(line.subscription, ZERO) + line.exact_amount
    return found


def _custom_line(one: RuleInForce, amount: Decimal) -> PricedLine:
    terms = one.rule.terms
    return PricedLine(
        provider=None,
        subscription=None,
        service=terms.product_name,
        charge_category=None,
        quantity=None,
        pricing_unit=None,
        exact_amount=amount,
        charges=0,
        kind=LineKind.CUSTOM,
        reference=one.billing_rule_id,
        description=terms.product_description,
    )


def _support_line(one: RuleInForce, account: str | None, amount: Decimal) -> PricedLine:
    terms = one.rule.terms
    return PricedLine(
        provider=_AWS,
        subscription=account,
        service=terms.product_name or _SUPPORT_SERVICE.format(terms.support_tier.value.capitalize()),
        charge_category=None,
        quantity=None,
        pricing_unit=None,
        exact_amount=kept_amount(amount),
        charges=0,
        kind=LineKind.SUPPORT,
        reference=one.billing_rule_id,
        description=terms.product_description,
    )
