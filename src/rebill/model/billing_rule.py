"""Partner billing rules: fees, shares of spend and support charges that a partner puts on its customers' statements.

A rule is kept by versions, each in force from a billing month on: a month that was issued keeps the version it was
issued by. Its fields in the partner API, and what they mean, stand in ``docs/api.md`` (Billing rules).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rebill.model.cloud import Cloud, cloud_of
from rebill.model.identifiers import AgreementId
from rebill.model.money import AMOUNT_DECIMALS, GREATEST_DISCOUNT, checked_percent, round_half_away, share_of
from rebill.model.months import BillingMonth

GREATEST_FEE: Final = Decimal(10) ** 16
"""Fees and bounds of tiers lie below: DECIMAL(28,12)."""
GREATEST_TIER_COUNT: Final = 100
EVERYONE: Final = "all"
"""What callers write for every customer of the partner, those to come too."""


class RuleCloud(StrEnum):
    """Whose charges a rule looks at."""

    AZURE = "azure"
    AWS = "aws"


_RULE_CLOUDS: Final = {Cloud.AZURE: RuleCloud.AZURE, Cloud.AWS: RuleCloud.AWS}


def rule_cloud_of(provider: str | None) -> RuleCloud | None:
    """The cloud whose rules look at charges of ``provider``; Azure's at those that name none."""
    return _RULE_CLOUDS.get(cloud_of([provider]))


class RuleType(StrEnum):
    """What kind of rule it is."""

    CUSTOM = "custom"
    """A line (or a share of each line) that Microsoft's or Amazon's bill does not have."""
    SUPPORT = "support"
    """Changes what AWS Support costs."""


class RuleAction(StrEnum):
    """What a rule does."""

    FLAT_FEE = "flat_fee"
    SPEND_RATIO = "spend_ratio"
    LIST_PRICE = "list_price"
    PERCENTAGE_DISCOUNT = "percentage_discount"
    SUPPRESS_CHARGE = "suppress_charge"
    CUSTOM_TIER = "custom_tier"


ACTIONS: Final[dict[RuleType, tuple[RuleAction, ...]]] = {
    RuleType.CUSTOM: (RuleAction.FLAT_FEE, RuleAction.SPEND_RATIO),
    RuleType.SUPPORT: (
        RuleAction.FLAT_FEE,
        RuleAction.LIST_PRICE,
        RuleAction.PERCENTAGE_DISCOUNT,
        RuleAction.SUPPRESS_CHARGE,
        RuleAction.CUSTOM_TIER,
    ),
}
"""What rules of each type can do."""
FEE_ACTIONS: Final = (RuleAction.FLAT_FEE, RuleAction.CUSTOM_TIER)
"""Actions with an amount of their own, which has a currency."""
PERCENT_ACTIONS: Final = (RuleAction.SPEND_RATIO, RuleAction.PERCENTAGE_DISCOUNT)


class RuleScope(StrEnum):
    """Whether a support fee falls once for each account, or once for all of a customer's."""

    PER_ACCOUNT = "per_account"
    PER_BILLING_FAMILY = "per_billing_family"


class SupportTier(StrEnum):
    """The AWS Support plan that a support rule is about."""

    DEVELOPER = "developer"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


class RuleFrequency(StrEnum):
    """``one_time``: in the start month only; ``recurring``: from it to the end month, both included."""

    ONE_TIME = "one_time"
    RECURRING = "recurring"


class RuleSign(StrEnum):
    """Whether a rule adds or takes off."""

    CHARGE = "charge"
    CREDIT = "credit"


@dataclass(frozen=True)
class SpendTier:
    """The part of the spend from ``from_spend`` up to, not including, the next tier bears ``percent`` of itself."""

    from_spend: Decimal
    percent: Decimal


@dataclass(frozen=True)
class TierPricing:
    """A graduated share of the spend, and at least ``minimum_fee``. Tiers ascend."""

    minimum_fee: Decimal
    tiers: tuple[SpendTier, ...]

    def __post_init__(self) -> None:
        bounds = [tier.from_spend for tier in self.tiers]
        if not bounds or bounds != sorted(set(bounds)) or len(bounds) > GREATEST_TIER_COUNT:
            raise AssertionError("tiers ascend, and there is one at least")
        for amount in (self.minimum_fee, *bounds):
            _require_kept_amount(amount)
        for tier in self.tiers:
            checked_percent(tier.percent)


@dataclass(frozen=True)
class ChosenCustomers:
    """Customers that a rule is for: ``everyone``, or those of ``customer_ids``."""

    everyone: bool = False
    customer_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.everyone and self.customer_ids:
            raise AssertionError("everyone needs no ids")

    def covers(self, customer_id: int) -> bool:
        """Whether the rule is for this customer."""
        return self.everyone or customer_id in self.customer_ids


@dataclass(frozen=True)
class RuleTerms:
    """What may differ from one version of a rule to the next.

    ``fee`` (12 decimals, without sign) for a flat fee, ``percent`` for a share of spend or a discount,
    ``tier_pricing`` for tiers. ``as_line``: a share of spend is one line of the statement instead of a part of each
    charge. ``currency`` of the fee; ``None``: the customer's home currency. ``enterprise_agreements``: ids of
    agreements by customer.
    """

    start_month: BillingMonth
    end_month: BillingMonth | None = None
    frequency: RuleFrequency = RuleFrequency.ONE_TIME
    scope: RuleScope = RuleScope.PER_ACCOUNT
    support_tier: SupportTier = SupportTier.DEVELOPER
    sign: RuleSign = RuleSign.CHARGE
    fee: Decimal | None = None
    percent: Decimal | None = None
    tier_pricing: TierPricing | None = None
    as_line: bool = False
    currency: str | None = None
    product_name: str = ""
    product_description: str = ""
    csp_customers: ChosenCustomers = ChosenCustomers()
    target_customers: ChosenCustomers = ChosenCustomers()
    enterprise_agreements: tuple[tuple[int, tuple[AgreementId, ...]], ...] = ()

    def __post_init__(self) -> None:
        is_once = self.frequency is RuleFrequency.ONE_TIME
        if self.end_month is not None and (is_once or self.end_month < self.start_month):
            raise AssertionError("only a recurring rule ends, and not before it starts")
        if self.fee is not None:
            _require_kept_amount(self.fee)


@dataclass(frozen=True)
class BillingRule:
    """A sound rule: its terms have what its action needs, and nothing that belongs to another."""

    name: str
    cloud: RuleCloud
    rule_type: RuleType
    action: RuleAction
    terms: RuleTerms

    def __post_init__(self) -> None:
        terms = self.terms
        if self.action not in ACTIONS[self.rule_type]:
            raise AssertionError("a rule does what rules of its type can do")
        if self.rule_type is RuleType.SUPPORT and self.cloud is not RuleCloud.AWS:
            raise AssertionError("only AWS has support rules")
        if (terms.fee is not None) != (self.action is RuleAction.FLAT_FEE):
            raise AssertionError("exactly a flat fee has a fee")
        if (terms.percent is not None) != (self.action in PERCENT_ACTIONS):
            raise AssertionError("exactly a share of spend and a discount have a percent")
        if (terms.tier_pricing is not None) != (self.action is RuleAction.CUSTOM_TIER):
            raise AssertionError("exactly a rule of tiers has tiers")
        if terms.percent is not None:
            checked_percent(terms.percent, *self._greatest_percent)

    @property
    def _greatest_percent(self) -> tuple[Decimal, ...]:
        return (GREATEST_DISCOUNT,) if self.action is RuleAction.PERCENTAGE_DISCOUNT else ()

    @property
    def is_spread(self) -> bool:
        """Whether it is added to each usage and purchase line, instead of being a line of its own."""
        is_share = self.action is RuleAction.SPEND_RATIO
        return is_share and self.cloud is RuleCloud.AZURE and not self.terms.as_line

    def applies_in(self, month: BillingMonth) -> bool:
        """Whether the rule has anything to do in ``month``."""
        if self.terms.frequency is RuleFrequency.ONE_TIME:
            return month == self.terms.start_month
        return self.terms.start_month <= month and (self.terms.end_month is None or month <= self.terms.end_month)

    def concerns(self, customer_id: int) -> bool:
        """Whether the rule is for this customer, or for agreements of its."""
        holders = (holder for holder, _ in self.terms.enterprise_agreements)
        return self.customers.covers(customer_id) or customer_id in holders

    def signed(self, amount: Decimal) -> Decimal:
        """``amount`` as it is added: below 0 for a credit."""
        return -amount if self.terms.sign is RuleSign.CREDIT else amount

    @property
    def share(self) -> Decimal:
        """What is added of an amount: percent/100, below 0 for a credit."""
        return self.signed(share_of(self.terms.percent or Decimal(0)))

    @property
    def customers(self) -> ChosenCustomers:
        """Whom it is for, under whichever of the two names they were chosen."""
        csp, target = self.terms.csp_customers, self.terms.target_customers
        if csp.everyone or target.everyone:
            return ChosenCustomers(everyone=True)
        return ChosenCustomers(customer_ids=tuple(dict.fromkeys((*csp.customer_ids, *target.customer_ids))))

    @property
    def is_for_everyone(self) -> bool:
        """Whether it is for every customer, those to come too."""
        return self.customers.everyone

    @property
    def named_customers(self) -> frozenset[int]:
        """The customers that it names."""
        holders = (holder for holder, _ in self.terms.enterprise_agreements)
        return frozenset((*self.terms.csp_customers.customer_ids, *self.terms.target_customers.customer_ids, *holders))


@dataclass(frozen=True)
class KeptBillingRule:
    """A rule as the record has it; ``home_currency`` is the partner's, for showing fees without one."""

    billing_rule_id: int
    rule: BillingRule
    home_currency: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class RuleInForce:
    """A rule as it acts in one billing month."""

    billing_rule_id: int
    rule: BillingRule


@dataclass(frozen=True)
class CustomersChange:
    """Customers to add to a rule or to take from it, as asked; ``everyone``: ``all`` was written."""

    everyone: bool = False
    customer_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class PricingInfo:
    """Tiers as asked for: bounds and rates in two lists, which may not be sound yet."""

    minimum_fee: Decimal | None = None
    bounds: tuple[Decimal, ...] = ()
    percents: tuple[Decimal, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.minimum_fee and not self.bounds and not self.percents


@dataclass(frozen=True)
class BillingRuleOrder:
    """A rule to be made, or changes of one; ``None`` = not given. Names are those of the partner API's requests.

    ``currency`` may be ``""``: none; ``without_end``: ``end_month`` was given as ``""``.
    """

    name: str | None = None
    cloud: RuleCloud | None = None
    billing_rule_type: RuleType | None = None
    rule_action: RuleAction | None = None
    rule_scope: RuleScope | None = None
    support_tier: SupportTier | None = None
    flat_fee_cost: Decimal | None = None
    charge_percentage_discount: Decimal | None = None
    pricing_info: PricingInfo | None = None
    start_month: BillingMonth | None = None
    end_month: BillingMonth | None = None
    without_end: bool = False
    frequency: RuleFrequency | None = None
    product_name: str | None = None
    product_description: str | None = None
    type: RuleSign | None = None
    apply_flat_fee_cost: Decimal | None = None
    apply_rate_in_percentage: Decimal | None = None
    add_spend_ratio_as_custom_line_item: bool | None = None
    currency: str | None = None
    add_csp_customers: CustomersChange = CustomersChange()
    remove_csp_customers: CustomersChange = CustomersChange()
    add_target_customers: CustomersChange = CustomersChange()
    remove_target_customers: CustomersChange = CustomersChange()
    add_enterprise_agreements: tuple[tuple[int, tuple[AgreementId, ...]], ...] = ()
    remove_enterprise_agreements: tuple[tuple[int, tuple[AgreementId, ...]], ...] = ()


def _require_kept_amount(amount: Decimal) -> None:
    if not 0 <= amount < GREATEST_FEE or amount != round_half_away(amount, AMOUNT_DECIMALS):
        raise AssertionError("a fee is kept with twelve decimals, and without sign")
