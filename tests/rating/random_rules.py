"""Random billing rules for the random months of ``tests.rating.months``."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import strategies as st

from rebill.model.billing_rule import (
    ACTIONS,
    BillingRule,
    ChosenCustomers,
    RuleAction,
    RuleCloud,
    RuleInForce,
    RuleScope,
    RuleSign,
    RuleTerms,
    RuleType,
    SpendTier,
    SupportTier,
    TierPricing,
)
from rebill.model.months import BillingMonth
from tests.rating.books import CURRENCIES

AGREEMENTS = (4711, 815)
RULE_IDS = (7, 9, 12, 30, 451, 777)

percents = st.one_of(
    st.integers(0, 1_500_000).map(lambda units: Decimal(units).scaleb(-4)),
    st.sampled_from([Decimal(0), Decimal(50), Decimal("12.5"), Decimal("0.0001")]),
)
discounts = percents.filter(lambda percent: percent <= 100)
fees = st.one_of(
    st.integers(0, 10**15).map(lambda units: Decimal(units).scaleb(-12)),
    st.sampled_from([Decimal(0), Decimal("0.005"), Decimal("99.999999999999"), Decimal(10000)]),
)


@st.composite
def tier_pricings(draw: st.DrawFn) -> TierPricing:
    """Graduated shares that may begin above 0, with or without a minimum fee."""
    bounds = sorted(draw(st.sets(fees, min_size=1, max_size=4)))
    return TierPricing(draw(fees), tuple(SpendTier(bound, draw(percents)) for bound in bounds))


def chosen(customers: Sequence[int]) -> st.SearchStrategy[ChosenCustomers]:
    named = st.lists(st.sampled_from(customers), max_size=3, unique=True)
    return st.one_of(
        st.just(ChosenCustomers(everyone=True)), named.map(lambda ids: ChosenCustomers(customer_ids=tuple(ids)))
    )


def agreements(customers: Sequence[int]) -> st.SearchStrategy[tuple[tuple[int, tuple[int, ...]], ...]]:
    ids = st.lists(st.sampled_from(AGREEMENTS), min_size=1, max_size=2, unique=True).map(tuple)
    return st.dictionaries(st.sampled_from(customers), ids, max_size=2).map(lambda held: tuple(held.items()))


@st.composite
def billing_rule(draw: st.DrawFn, number: int, customers: Sequence[int], month: BillingMonth) -> BillingRule:
    """Any sound rule that acts in ``month``."""
    cloud = draw(st.sampled_from(RuleCloud))
    rule_type = draw(st.sampled_from(RuleType)) if cloud is RuleCloud.AWS else RuleType.CUSTOM
    action = draw(st.sampled_from(ACTIONS[rule_type]))
    is_azure, is_custom = cloud is RuleCloud.AZURE, rule_type is RuleType.CUSTOM
    percent = {RuleAction.SPEND_RATIO: percents, RuleAction.PERCENTAGE_DISCOUNT: discounts}.get(action)
    terms = RuleTerms(
        start_month=month,
        scope=draw(st.sampled_from(RuleScope)),
        support_tier=draw(st.sampled_from(SupportTier)),
        sign=draw(st.sampled_from(RuleSign)) if is_custom else RuleSign.CHARGE,
        fee=draw(fees) if action is RuleAction.FLAT_FEE else None,
        percent=None if percent is None else draw(percent),
        tier_pricing=draw(tier_pricings()) if action is RuleAction.CUSTOM_TIER else None,
        as_line=draw(st.booleans()) if action is RuleAction.SPEND_RATIO and is_azure else False,
        currency=draw(st.sampled_from([None, None, *CURRENCIES])),
        product_name=f"Product {number}" if is_custom else "",
        product_description=f"What product {number} is" if is_custom else "",
        csp_customers=draw(chosen(customers)) if is_azure else ChosenCustomers(),
        target_customers=ChosenCustomers() if is_azure else draw(chosen(customers)),
        enterprise_agreements=draw(agreements(customers)) if is_azure else (),
    )
    return BillingRule(f"Rule {number}", cloud, rule_type, action, terms)


@st.composite
def billing_rules(draw: st.DrawFn, customers: Sequence[int], month: BillingMonth) -> tuple[RuleInForce, ...]:
    """No rules, or some with overlapping customers, in order of their ids."""
    count = draw(st.sampled_from([0, 1, 2, 3, 6]))
    return tuple(RuleInForce(number, draw(billing_rule(number, customers, month))) for number in RULE_IDS[:count])
