"""Charges that lie exactly where one rule ends and another begins, and the checks that no sound month ever fails."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
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
    RuleSign,
    RuleTerms,
    RuleType,
)
from rebill.model.errors import ProgramError
from rebill.model.identifiers import AccountKind
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.terms import Basis, CommitmentsPolicy
from tests.rating import oracle
from tests.rating.lines import Line
from tests.rating.months import MONTH, Keys
from tests.rating.test_engine_against_oracle import rated_by_engine, same_outcome
from tests.rating.test_price_book_words import CHARGE as SOME_CHARGE
from tests.rating.test_price_book_words import CUSTOMER, book_of, month_of, on, product, rule

OTHER = CUSTOMER + 1
CHARGE = replace(SOME_CHARGE, billed=Decimal(10), listed=Decimal(20), subscription="s-1", tenant="t-1")
COVERED = replace(CHARGE, commitment="r-1", commitment_status="Used", effective=Decimal(8))
OF_NOBODY = replace(COVERED, subscription=None, tenant=None)


def billed_by(discount: str = "", inside: str = "", basis: Basis = Basis.LIST, **terms: Any) -> RatingInputs:
    """A customer with these terms; ``discount``: percent that a book takes off what ``inside`` names."""
    adjustment = f'<BasicBillingRule billingAdjustment="{discount}" billingRuleType="percentDiscount"/>'
    inputs = (
        month_of(book_of(rule(inside, adjustment)), basis=basis) if discount else month_of(accounts={}, basis=basis)
    )
    return replace(inputs, terms=tuple(replace(one, **terms) for one in inputs.terms))


def outcome(folder: Path, line: Line, inputs: RatingInputs) -> tuple[Decimal, str]:
    """(price, guard) of a line, on which the engine and the oracle agree."""
    same_outcome(folder, [line], inputs, 1)
    rated = oracle.rate_line(line, inputs)
    return rated.price, rated.guard


def test_a_discount_off_retail_takes_nothing_off_amortised_usage_which_costs_its_markup_more(tmp_path: Path) -> None:
    amortized: dict[str, Any] = {"commitments": CommitmentsPolicy.AMORTIZED}
    assert outcome(tmp_path, COVERED, billed_by("25", **amortized)) == (Decimal("8.40"), "NONE")
    assert outcome(tmp_path, COVERED, billed_by("25", basis=Basis.BILLED, **amortized)) == (Decimal(6), "NONE")


def test_a_discount_off_retail_takes_nothing_off_a_commitment_that_is_bought(tmp_path: Path) -> None:
    bought = replace(CHARGE, category="Purchase", commitment="r-1")
    assert outcome(tmp_path, bought, billed_by("25")) == (Decimal("10.50"), "NONE")
    assert outcome(tmp_path, replace(COVERED, billed=Decimal(4)), billed_by("25")) == (Decimal("4.20"), "NONE")
    assert outcome(tmp_path, replace(bought, commitment=None), billed_by("25")) == (Decimal(15), "NONE")


def test_a_customer_that_only_a_rule_for_one_of_its_agreements_concerns_is_charged_by_it(tmp_path: Path) -> None:
    terms = RuleTerms(
        start_month=MONTH,
        sign=RuleSign.CHARGE,
        percent=Decimal(10),
        product_name="Desk",
        product_description="10 % of 4711",
        enterprise_agreements=((CUSTOMER, (4711,)),),
    )
    rule_of_agreement = BillingRule("Desk", RuleCloud.AZURE, RuleType.CUSTOM, RuleAction.SPEND_RATIO, terms)
    inputs = replace(billed_by(), billing_rules=(RuleInForce(7, rule_of_agreement),))
    assert outcome(tmp_path, replace(CHARGE, billing_account="4711"), inputs) == (Decimal(22), "NONE")
    assert outcome(tmp_path, replace(CHARGE, billing_account="815"), inputs) == (Decimal(20), "NONE")


def test_a_rule_for_an_agreement_that_is_named_by_text_acts_on_the_charges_of_that_one_alone(tmp_path: Path) -> None:
    text, number = "5de7d0ae-2b44:1111a2b3_2019-05-31", 8611537
    terms = RuleTerms(
        start_month=MONTH,
        sign=RuleSign.CHARGE,
        percent=Decimal(10),
        product_name="Desk",
        product_description="10 % of the agreements",
        enterprise_agreements=((CUSTOMER, (text, number)),),
    )
    rule = BillingRule("Desk", RuleCloud.AZURE, RuleType.CUSTOM, RuleAction.SPEND_RATIO, terms)
    inputs = replace(billed_by(), billing_rules=(RuleInForce(7, rule),))
    base = "/providers/Microsoft.Billing/billingAccounts/"
    for account in (text, f"{base}{text}", f"{base}{text.upper()}", f" {text}", str(number), f"{base}{number}"):
        assert outcome(tmp_path, replace(CHARGE, billing_account=account), inputs) == (Decimal(22), "NONE"), account
    for other in (None, f"{text}x", text.partition(":")[0], "5de7d0ae-2b44:1111a2b3_2020-05-31", "08611537"):
        assert outcome(tmp_path, replace(CHARGE, billing_account=other), inputs) == (Decimal(20), "NONE"), other


def test_rules_for_an_agreement_act_on_its_charges_though_a_customer_before_is_under_the_same(tmp_path: Path) -> None:
    of_both = replace(_share_of_everyone("10"), csp_customers=ChosenCustomers(customer_ids=(CUSTOMER, OTHER)))
    of_agreement = replace(
        _share_of_everyone("5"),
        csp_customers=ChosenCustomers(customer_ids=(CUSTOMER,)),
        enterprise_agreements=((OTHER, (4711,)),),
    )
    rules = tuple(
        RuleInForce(number, BillingRule("Desk", RuleCloud.AZURE, RuleType.CUSTOM, RuleAction.SPEND_RATIO, terms))
        for number, terms in ((7, of_both), (8, of_agreement))
    )
    inputs = billed_by()
    inputs = replace(
        inputs,
        billing_rules=rules,
        terms=(*inputs.terms, replace(inputs.terms[0], customer_id=OTHER)),
        bindings=(replace(inputs.bindings[0], customer_id=OTHER),),
    )
    assert outcome(tmp_path, replace(CHARGE, billing_account="4711"), inputs) == (Decimal(23), "NONE")
    assert outcome(tmp_path, replace(CHARGE, billing_account="815"), inputs) == (Decimal(22), "NONE")


@pytest.mark.parametrize(
    ("percents", "price"),
    [(("10",), "22"), (("10", "5"), "23"), (("10", "5", "1"), "23.2"), (("10", "5", "1", "0.5", "0.25"), "23.35")],
)
def test_shares_of_any_number_of_rules_add_up(tmp_path: Path, percents: tuple[str, ...], price: str) -> None:
    rules = tuple(
        RuleInForce(
            number, BillingRule(f"Rule {number}", RuleCloud.AZURE, RuleType.CUSTOM, RuleAction.SPEND_RATIO, terms)
        )
        for number, terms in enumerate(map(_share_of_everyone, percents), 1)
    )
    assert outcome(tmp_path, CHARGE, replace(billed_by(), billing_rules=rules)) == (Decimal(price), "NONE")


def _share_of_everyone(percent: str) -> RuleTerms:
    return RuleTerms(
        start_month=MONTH,
        percent=Decimal(percent),
        product_name="Desk",
        product_description=f"{percent} %",
        csp_customers=ChosenCustomers(everyone=True),
    )


def test_a_line_says_how_many_charges_make_it_and_their_quantity_where_they_have_one_unit(tmp_path: Path) -> None:
    gigabytes = replace(CHARGE, unit="GB")
    same_outcome(tmp_path, [CHARGE, CHARGE, gigabytes, replace(CHARGE, unit=None)], billed_by(), 1)
    same_outcome(tmp_path, [gigabytes, gigabytes, replace(gigabytes, quantity=None)], billed_by(), 1)


def test_a_charge_that_costs_nothing_is_no_refund(tmp_path: Path) -> None:
    refunds = billed_by("50", product('<RecordType name="Refund"/>'))
    free = replace(CHARGE, billed=Decimal(0))
    assert outcome(tmp_path, free, refunds) == (Decimal(20), "NONE")
    assert outcome(tmp_path, replace(free, billed=Decimal("-0.01")), refunds) == (Decimal(10), "NONE")


def test_a_price_that_is_just_the_list_price_or_the_cost_is_moved_by_no_guard(tmp_path: Path) -> None:
    guards: dict[str, Any] = {"cap_at_list": True, "floor_at_cost": True}
    assert outcome(tmp_path, CHARGE, billed_by(**guards)) == (Decimal(20), "NONE")
    assert outcome(tmp_path, CHARGE, billed_by("50", **guards)) == (Decimal(10), "NONE")
    assert outcome(tmp_path, CHARGE, billed_by("50.01", **guards)) == (Decimal(10), "FLOOR_AT_COST")


def test_of_two_floors_that_come_to_the_same_amount_the_first_is_named(tmp_path: Path) -> None:
    least = Decimal("0.000000000001")
    inputs = billed_by("100", floor_at_cost=True, margin_floor_percent=Decimal(20))
    assert outcome(tmp_path, replace(CHARGE, billed=least, listed=2 * least), inputs) == (least, "FLOOR_AT_COST")
    assert outcome(tmp_path, CHARGE, inputs) == (Decimal("12.5"), "MARGIN_FLOOR")


@pytest.mark.parametrize(
    ("line", "kind", "key"),
    [
        (CHARGE, AccountKind.SUBSCRIPTION, "s-1"),
        (replace(CHARGE, tenant=None), AccountKind.SUBSCRIPTION, "s-1"),
        (replace(CHARGE, subscription=None), AccountKind.AZURE_CUSTOMER, "t-1"),
        (OF_NOBODY, AccountKind.COMMITMENT, "r-1"),
        (OF_NOBODY, AccountKind.CHARGE_KIND, "usage"),
        (replace(OF_NOBODY, commitment=None, commitment_status=None), AccountKind.CHARGE_KIND, "usage"),
    ],
)
def test_a_month_in_which_an_account_has_two_owners_on_a_day_is_refused(
    tmp_path: Path, line: Line, kind: AccountKind, key: str
) -> None:
    before = AccountBinding(kind, key, CUSTOMER, None, date(2024, 9, 15))
    after = AccountBinding(kind, key, OTHER, date(2024, 9, 14), None)
    start = datetime.combine(date(2024, 9, 2), time())
    line = replace(line, start=start, end=start + timedelta(hours=1))
    inputs = billed_by()
    inputs = replace(inputs, terms=(*inputs.terms, replace(inputs.terms[0], customer_id=OTHER)))
    with pytest.raises(ProgramError) as refused:
        rated_by_engine([line], replace(inputs, bindings=(before, after)), tmp_path, 1)
    assert refused.value.code == "run_does_not_balance"
    assert "a day of an account has two owners" in str(refused.value)
    apart = (before, replace(after, effective_from=before.effective_to))
    same_outcome(tmp_path, [line], replace(inputs, bindings=apart), 1)


@pytest.mark.parametrize("keys", [Keys.IMPORTED, Keys.ABSENT])
@pytest.mark.parametrize(
    ("start", "end", "crosses"),
    [
        (on(13), on(15), False),
        (on(13), on(15, 1), True),
        (on(14, 12), on(15, 12), False),
        (on(14, 12), on(15, 13), True),
    ],
)
def test_usage_goes_on_across_a_change_of_hands_if_it_is_of_more_than_a_day_and_ends_behind_it(
    tmp_path: Path, keys: Keys, start: datetime, end: datetime, crosses: bool
) -> None:
    day = date(2024, 9, 15)
    before = AccountBinding(AccountKind.SUBSCRIPTION, "s-1", CUSTOMER, None, day)
    after = AccountBinding(AccountKind.SUBSCRIPTION, "s-1", OTHER, day, None)
    inputs = billed_by()
    terms = (*inputs.terms, replace(inputs.terms[0], customer_id=OTHER))
    inputs = replace(inputs, terms=terms, bindings=(before, after))
    line = replace(CHARGE, start=start, end=end)
    same_outcome(tmp_path, [line], inputs, 1, keys=keys)
    assert oracle.rate_line(line, inputs).spans_transfer is crosses
