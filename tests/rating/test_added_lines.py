"""Lines that no charge is behind, by hand and without an engine: what rules and entries add to priced charges."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rebill.model.billing_rule import (
    BillingRule,
    ChosenCustomers,
    RuleAction,
    RuleCloud,
    RuleInForce,
    RuleSign,
    RuleTerms,
    RuleType,
)
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.rating import CustomerLines, RatedMonth, RatingInputs, RefundRules
from rebill.model.statement import Balance, LineKind, PricedLine
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.rating.customer_rules import names_agreements, rules_by_customer
from rebill.rating.manual_lines import costs_of_entries, with_manual_lines
from rebill.rating.statement_rules import with_rule_lines
from tests.rating.months import MONTH

BILLED, OTHER, UNBILLED = 101, 102, 103
EVERYONE = ChosenCustomers(everyone=True)
Added = tuple[Any, ...]


def month_of(**inputs: Any) -> RatingInputs:
    terms = tuple(
        CustomerTerms(number, number != UNBILLED, Basis.BILLED, CommitmentsPolicy.AS_BOUGHT, Decimal(0))
        for number in (UNBILLED, BILLED, OTHER)
    )
    at_home = (*terms[:2], replace(terms[2], home_currency="EUR"))
    return RatingInputs(month=MONTH, home_currency="USD", bindings=(), terms=at_home, **inputs)


def charge(amount: str, provider: str = "Microsoft") -> PricedLine:
    return PricedLine(
        provider=provider,
        subscription="s-1",
        service="Some service",
        charge_category="Usage",
        quantity=None,
        pricing_unit=None,
        exact_amount=Decimal(amount),
        charges=1,
    )


CHARGED = (
    CustomerLines(BILLED, "USD", (charge("10"), charge("-4"), charge("100", "AWS")), Decimal(90)),
    CustomerLines(OTHER, "USD", (charge("7"),), Decimal(5)),
)


def custom(number: int, action: RuleAction, cloud: RuleCloud = RuleCloud.AZURE, **terms: Any) -> RuleInForce:
    shown: dict[str, Any] = {"product_name": f"Product {number}", "product_description": f"Text {number}"}
    made = RuleTerms(**{"start_month": MONTH, "csp_customers": EVERYONE, **shown, **terms})
    return RuleInForce(number, BillingRule(f"Rule {number}", cloud, RuleType.CUSTOM, action, made))


def added(*rules: RuleInForce, spend: dict[tuple[int, str, str], Decimal] | None = None, **inputs: Any) -> list[Added]:
    """(customer, currency, rule, amount) of every line that is added, in the order of the statements."""
    return [
        (found.customer_id, found.currency, line.reference, line.exact_amount)
        for found in with_rule_lines(month_of(billing_rules=rules, **inputs), CHARGED, spend or {})
        for line in found.lines
        if line.kind is not LineKind.CHARGES
    ]


def test_a_fee_falls_once_on_the_home_currency_or_its_own_and_takes_off_where_it_is_a_credit() -> None:
    fee = custom(5, RuleAction.FLAT_FEE, fee=Decimal(3))
    assert added(fee) == [(BILLED, "USD", 5, 3), (OTHER, "EUR", 5, 3)]
    credit = custom(6, RuleAction.FLAT_FEE, fee=Decimal(3), sign=RuleSign.CREDIT, currency="JPY")
    assert added(credit) == [(BILLED, "JPY", 6, -3), (OTHER, "JPY", 6, -3)]
    assert added(fee, departed=(BILLED,)) == [(OTHER, "EUR", 5, 3)]
    assert added(custom(7, RuleAction.FLAT_FEE, fee=Decimal(3), csp_customers=ChosenCustomers(False, (OTHER,)))) == [
        (OTHER, "EUR", 7, 3)
    ]


def test_a_share_is_of_the_charges_of_its_cloud_on_each_statement_that_has_any() -> None:
    share: dict[str, Any] = {"percent": Decimal(10), "as_line": True}
    assert added(custom(5, RuleAction.SPEND_RATIO, **share)) == [
        (BILLED, "USD", 5, Decimal("0.6")),
        (OTHER, "USD", 5, Decimal("0.7")),
    ]
    # Of Amazon it is a line always.
    terms: dict[str, Any] = {"percent": Decimal(10), "sign": RuleSign.CREDIT, "target_customers": EVERYONE}
    of_amazon = custom(6, RuleAction.SPEND_RATIO, RuleCloud.AWS, **terms)
    assert added(of_amazon) == [(BILLED, "USD", 6, -10)]
    # What is spread over charges stands in their prices already.
    assert added(custom(7, RuleAction.SPEND_RATIO, percent=Decimal(10))) == []


def test_a_share_of_agreements_is_of_what_was_spent_under_each_of_them() -> None:
    spend = {
        (BILLED, "USD", "4711"): Decimal(50),
        (BILLED, "USD", "desk"): Decimal(-10),
        (BILLED, "USD", "815"): Decimal(1000),
        (OTHER, "USD", "4711"): Decimal(1000),
    }
    agreements = ((BILLED, (4711, "desk", 1)),)
    ratio: dict[str, Any] = {"percent": Decimal(10), "as_line": True, "csp_customers": ChosenCustomers()}
    rule = custom(5, RuleAction.SPEND_RATIO, enterprise_agreements=agreements, **ratio)
    assert added(rule, spend=spend) == [(BILLED, "USD", 5, 4)]
    assert added(rule, spend={}) == []
    # Whoever a rule names has all its charges in it, and is charged once.
    both: dict[str, Any] = {**ratio, "csp_customers": ChosenCustomers(False, (BILLED,))}
    assert added(custom(6, RuleAction.SPEND_RATIO, enterprise_agreements=agreements, **both), spend=spend) == [
        (BILLED, "USD", 6, Decimal("0.6"))
    ]


def test_an_added_line_shows_what_its_rule_says_and_costs_nothing() -> None:
    fee = custom(5, RuleAction.FLAT_FEE, fee=Decimal(3), csp_customers=ChosenCustomers(False, (BILLED,)))
    (found, other) = with_rule_lines(month_of(billing_rules=(fee,)), CHARGED, {})
    assert (found.lines[:-1], found.statement_cost, other) == (CHARGED[0].lines, Decimal(90), CHARGED[1])
    assert found.lines[-1] == PricedLine(
        None, None, "Product 5", None, None, None, Decimal(3), 0, LineKind.CUSTOM, 5, "Text 5"
    )
    (_, named) = with_rule_lines(month_of(billing_rules=(_support_fee(),)), CHARGED, {})[0].lines[-2:]
    assert (named.provider, named.service, named.kind) == ("AWS", "AWS Support (Developer)", LineKind.SUPPORT)


def _support_fee() -> RuleInForce:
    terms = RuleTerms(start_month=MONTH, target_customers=EVERYONE, fee=Decimal(9))
    return RuleInForce(8, BillingRule("Support", RuleCloud.AWS, RuleType.SUPPORT, RuleAction.FLAT_FEE, terms))


def entry(number: int, customer: int, amount: str, currency: str | None, cost: str | None) -> ManualLine:
    exact = None if cost is None else Decimal(cost)
    entered = NewManualLine(customer, MONTH, Decimal(amount), f"Entry {number}", currency, exact)
    return ManualLine(900 + number, number, entered, datetime(2024, 10, 1, tzinfo=UTC))


ENTRIES = (
    entry(1, BILLED, "12.5", None, "8"),
    entry(2, BILLED, "-2", "USD", "1"),
    entry(3, OTHER, "4", None, "3"),
    entry(4, UNBILLED, "100", "USD", "30"),
    entry(5, OTHER, "6", "USD", None),
    entry(6, UNBILLED, "100", "JPY", "20"),
)
RATED = RatedMonth(CHARGED, (Balance("USD", Decimal(95), Decimal(95), Decimal(0), Decimal(0)),), 4)


def test_entries_stand_behind_the_charges_of_their_currency_with_their_cost() -> None:
    found = with_manual_lines(RATED, month_of(manual_lines=ENTRIES)).customers
    assert [(one.customer_id, one.currency, one.statement_cost) for one in found] == [
        (BILLED, "USD", Decimal(99)),
        (OTHER, "EUR", Decimal(3)),
        (OTHER, "USD", Decimal(5)),
    ]
    assert found[0].lines[:3] == CHARGED[0].lines
    assert found[0].lines[3] == PricedLine(
        None, None, None, None, None, None, Decimal("12.5"), 0, LineKind.MANUAL, 1, "Entry 1"
    )
    assert [[line.reference for line in one.lines if line.kind is LineKind.MANUAL] for one in found] == [
        [1, 2],
        [3],
        [5],
    ]


def test_the_cost_of_entries_is_imported_and_billed_or_billed_to_nobody() -> None:
    rated = with_manual_lines(RATED, month_of(manual_lines=ENTRIES))
    assert rated.balance == (
        Balance("EUR", Decimal(3), billed=Decimal(3)),
        Balance("JPY", Decimal(20), billing_disabled=Decimal(20)),
        Balance("USD", Decimal(95 + 8 + 1 + 30), billed=Decimal(95 + 8 + 1), billing_disabled=Decimal(30)),
    )
    assert with_manual_lines(RATED, month_of()) == RATED
    assert (rated.line_count, rated.attention) == (4, ())


def test_what_each_billed_entry_costs_is_told_with_whose_it_is_and_its_words() -> None:
    assert costs_of_entries(month_of(manual_lines=ENTRIES)) == [
        (BILLED, "USD", "Entry 1", Decimal(8)),
        (BILLED, "USD", "Entry 2", Decimal(1)),
        (OTHER, "EUR", "Entry 3", Decimal(3)),
        (OTHER, "USD", "Entry 5", Decimal(0)),
    ]


def test_rules_act_in_the_order_of_their_ids_however_they_are_given() -> None:
    of_one: dict[str, Any] = {"fee": Decimal(1), "csp_customers": ChosenCustomers(False, (BILLED,))}
    rules = (
        custom(9, RuleAction.FLAT_FEE, fee=Decimal(1)),
        custom(4, RuleAction.FLAT_FEE, **of_one),
        custom(6, RuleAction.FLAT_FEE, fee=Decimal(1)),
        custom(5, RuleAction.FLAT_FEE, **of_one),
    )
    assert [(customer, rule) for customer, _, rule, _ in added(*rules)] == [
        *((BILLED, rule) for rule in (4, 5, 6, 9)),
        *((OTHER, rule) for rule in (6, 9)),
    ]


def test_the_agreements_of_a_customer_come_by_number_then_by_name_each_with_its_rules_in_order() -> None:
    ratio: dict[str, Any] = {"percent": Decimal(10), "csp_customers": ChosenCustomers()}
    more = custom(8, RuleAction.SPEND_RATIO, enterprise_agreements=((BILLED, ("b", 20, 3)),), **ratio)
    fewer = custom(2, RuleAction.SPEND_RATIO, enterprise_agreements=((BILLED, ("a", 3)), (UNBILLED, (1,))), **ratio)
    inputs = month_of(billing_rules=(more, fewer))
    (found,) = rules_by_customer(inputs)
    assert list(found.by_agreement.items()) == [(3, (fewer, more)), (20, (more,)), ("a", (fewer,)), ("b", (more,))]
    assert (found.agreements_of(8), found.agreements_of(2)) == ((3, 20, "b"), (3, "a"))
    earlier = RefundRules(MONTH.preceding, ("G-1",), terms=(), billing_rules=(more,))
    assert names_agreements(inputs)
    assert names_agreements(month_of(refund_rules=(earlier,)))
    assert not names_agreements(month_of(billing_rules=(custom(5, RuleAction.FLAT_FEE, fee=Decimal(1)),)))
