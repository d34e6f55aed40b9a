"""What AWS Support comes to where a customer's accounts have charges in several currencies, and several rules act."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rebill.model.billing_rule import (
    BillingRule,
    ChosenCustomers,
    RuleAction,
    RuleCloud,
    RuleInForce,
    RuleScope,
    RuleTerms,
    RuleType,
    SpendTier,
    TierPricing,
)
from rebill.model.identifiers import AccountKind
from rebill.model.money import text_of
from rebill.model.rating import AccountBinding, CustomerLines, RatingInputs
from rebill.model.statement import LineKind, PricedLine
from rebill.rating.statement_rules import graduated, with_rule_lines
from tests.rating.lines import Line
from tests.rating.months import MONTH
from tests.rating.test_engine_against_oracle import rated_by_engine
from tests.rating.test_price_book_words import AMAZON, CUSTOMER, month_of

IN_DOLLARS = replace(AMAZON, billed=Decimal(100))
IN_EUROS = replace(AMAZON, billed=Decimal(50), currency="EUR", subscription="s-2")
SUPPORT = replace(AMAZON, service="AWS Support (Business)", billed=Decimal(29), listed=Decimal(40))
TIERS = (SpendTier(Decimal(0), Decimal(10)), SpendTier(Decimal(60), Decimal(5)))
ACCOUNTS = ("s-1", "s-2")
Fee = tuple[Any, ...]


def support(action: RuleAction, number: int = 7, **terms: Any) -> RuleInForce:
    of_everyone = RuleTerms(start_month=MONTH, target_customers=ChosenCustomers(everyone=True), **terms)
    return RuleInForce(number, BillingRule("Support", RuleCloud.AWS, RuleType.SUPPORT, action, of_everyone))


def with_rules(*rules: RuleInForce, **inputs: Any) -> RatingInputs:
    bindings = tuple(AccountBinding(AccountKind.SUBSCRIPTION, key, CUSTOMER, None, None) for key in ACCOUNTS)
    return replace(month_of(accounts={}), bindings=bindings, billing_rules=rules, **inputs)


def charged(line: Line) -> PricedLine:
    """The statement line of a charge whose price is its cost."""
    key = (line.provider, line.subscription, line.service, line.category)
    return PricedLine(*key, quantity=None, pricing_unit=None, exact_amount=line.billed, charges=1)


def fees(lines: Sequence[Line], inputs: RatingInputs) -> list[Fee]:
    """(currency, account, amount) of every line of support, statement by statement; without an engine."""
    currencies = sorted({line.currency for line in lines})
    statements = [
        CustomerLines(CUSTOMER, currency, tuple(charged(line) for line in lines if line.currency == currency))
        for currency in currencies
    ]
    return [
        (found.currency, line.subscription, line.exact_amount)
        for found in with_rule_lines(inputs, statements, {})
        for line in found.lines
        if line.kind is LineKind.SUPPORT
    ]


@pytest.mark.parametrize(
    ("minimum", "departed", "wanted"),
    [
        # 60 × 10 % + 40 × 5 %, and 50 × 10 %.
        ("0", (), [("EUR", "s-2", 5), ("USD", "s-1", 8)]),
        # The minimum falls on the home currency's statement alone, there for every account.
        ("7", (), [("EUR", "s-2", 5), ("USD", "s-1", 8), ("USD", "s-2", 7)]),
        ("8.5", (), [("EUR", "s-2", 5), ("USD", "s-1", Decimal("8.5")), ("USD", "s-2", Decimal("8.5"))]),
        # Whoever was deleted before the month pays for what was used, and no fee.
        ("8.5", (CUSTOMER,), [("EUR", "s-2", 5), ("USD", "s-1", 8)]),
    ],
)
def test_tiers_are_of_each_account_and_the_least_fee_falls_once_for_each(
    minimum: str, departed: tuple[int, ...], wanted: list[Fee]
) -> None:
    rule = support(RuleAction.CUSTOM_TIER, tier_pricing=TierPricing(Decimal(minimum), TIERS))
    assert fees([IN_DOLLARS, IN_EUROS], with_rules(rule, departed=departed)) == wanted


def test_each_tier_bears_its_share_of_the_part_that_lies_in_it() -> None:
    pricing = TierPricing(Decimal(0), (*TIERS, SpendTier(Decimal(100), Decimal("0.0001"))))
    late = TierPricing(Decimal(0), (SpendTier(Decimal(10), Decimal(50)),))
    for spend, share in (("-5", "0"), ("0", "0"), ("60", "6"), ("60.01", "6.0005"), ("100", "8"), ("1100", "8.001")):
        assert graduated(pricing, Decimal(spend)) == Decimal(share), spend
    for spend, share in (("10", "0"), ("10.000000000001", "0.000000000001"), ("20", "5")):
        assert graduated(late, Decimal(spend)) == Decimal(share), spend


def test_charges_without_an_account_have_no_part_in_fees_of_each_and_those_of_other_clouds_in_none() -> None:
    lines = [
        IN_DOLLARS,
        replace(IN_DOLLARS, billed=Decimal(20)),
        replace(IN_DOLLARS, subscription=None),
        replace(IN_DOLLARS, provider="Microsoft", subscription="s-3"),
    ]
    of_each = support(RuleAction.CUSTOM_TIER, tier_pricing=TierPricing(Decimal(0), TIERS))
    # 60 × 10 % + 60 × 5 %, and 60 × 10 % + 160 × 5 % where those without an account count.
    assert fees(lines, with_rules(of_each)) == [("USD", "s-1", 9)]
    of_all = support(
        RuleAction.CUSTOM_TIER, tier_pricing=TierPricing(Decimal(0), TIERS), scope=RuleScope.PER_BILLING_FAMILY
    )
    assert fees(lines, with_rules(of_all)) == [("USD", None, 14)]
    assert fees([replace(IN_DOLLARS, provider="Microsoft")], with_rules(of_all)) == []


def test_a_customer_without_a_charge_pays_what_falls_once_for_all_and_nothing_for_accounts() -> None:
    pricing = TierPricing(Decimal(9), TIERS)
    of_all = support(RuleAction.CUSTOM_TIER, tier_pricing=pricing, scope=RuleScope.PER_BILLING_FAMILY)
    assert fees([], with_rules(of_all)) == [("USD", None, 9)]
    assert fees([IN_EUROS], with_rules(of_all)) == [("EUR", None, 5), ("USD", None, 9)]
    assert fees([], with_rules(support(RuleAction.CUSTOM_TIER, tier_pricing=pricing))) == []


def test_the_line_of_a_fee_shows_its_account_and_what_its_rule_says() -> None:
    shown: dict[str, Any] = {"product_name": "Desk", "product_description": "Day and night"}
    inputs = with_rules(support(RuleAction.FLAT_FEE, fee=Decimal(3), **shown))
    (found,) = with_rule_lines(inputs, [CustomerLines(CUSTOMER, "USD", (charged(IN_DOLLARS),))], {})
    assert found.lines[1:] == (
        PricedLine("AWS", "s-1", "Desk", None, None, None, Decimal(3), 0, LineKind.SUPPORT, 7, "Day and night"),
    )


@pytest.mark.parametrize("refund", ["0", "-5"])
def test_a_fee_of_nothing_is_an_amount_as_the_record_keeps_it(refund: str) -> None:
    rule = support(RuleAction.CUSTOM_TIER, tier_pricing=TierPricing(Decimal(0), TIERS))
    ((_, _, amount),) = fees([replace(IN_DOLLARS, billed=Decimal(refund))], with_rules(rule))
    assert text_of(amount) == "0.000000000000"


def test_tiers_for_all_accounts_together_are_of_each_currency() -> None:
    pricing = TierPricing(Decimal(9), TIERS)
    rule = support(RuleAction.CUSTOM_TIER, tier_pricing=pricing, scope=RuleScope.PER_BILLING_FAMILY)
    lines = [IN_DOLLARS, replace(IN_DOLLARS, subscription="s-2"), IN_EUROS]
    # 60 × 10 % + 140 × 5 % = 13, above the least fee.
    assert fees(lines, with_rules(rule)) == [("EUR", None, 5), ("USD", None, 13)]


@pytest.mark.parametrize(
    ("currency", "wanted"),
    [(None, [("USD", "s-1", 3), ("USD", "s-2", 3)]), ("EUR", [("EUR", "s-1", 3), ("EUR", "s-2", 3)])],
)
def test_a_flat_fee_falls_once_for_each_account_whatever_its_charges_are_in(
    currency: str | None, wanted: list[Fee]
) -> None:
    rule = support(RuleAction.FLAT_FEE, fee=Decimal(3), currency=currency)
    assert fees([IN_DOLLARS, IN_EUROS], with_rules(rule)) == wanted


def test_of_several_support_rules_one_that_makes_it_free_decides_then_the_first(tmp_path: Path) -> None:
    discount = support(RuleAction.PERCENTAGE_DISCOUNT, 3, percent=Decimal(25))
    at_list, free = support(RuleAction.LIST_PRICE, 5), support(RuleAction.SUPPRESS_CHARGE, 9)
    for rules, price in (
        ((discount,), 30),
        ((at_list,), 40),
        ((free,), 0),
        ((discount, at_list), 30),
        ((discount, at_list, free), 0),
        ((at_list, free), 0),
        ((), 29),
    ):
        _, (rated,) = rated_by_engine([SUPPORT], with_rules(*rules), tmp_path, 1)
        assert rated.price == price, rules
