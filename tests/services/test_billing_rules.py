"""Billing rules by month: a change starts where nothing is issued yet, and what was issued keeps its rule."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from rebill.model.billing_rule import (
    BillingRule,
    BillingRuleOrder,
    CustomersChange,
    KeptBillingRule,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleType,
)
from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.pricing.delete_billing_rule import delete_billing_rule
from rebill.services.pricing.read_billing_rules import get_billing_rule
from rebill.services.pricing.update_billing_rule import update_billing_rule
from rebill.store.billing_rules import billing_rules_of_month
from rebill.store.scope import Scope
from tests.conftest import SettableClock
from tests.services.recorded_statements import recorded_statement
from tests.services.steps import customer

SHARE = BillingRuleOrder(
    name="Markup",
    cloud=RuleCloud.AZURE,
    billing_rule_type=RuleType.CUSTOM,
    rule_action=RuleAction.SPEND_RATIO,
    start_month=BillingMonth(2024, 1),
    frequency=RuleFrequency.RECURRING,
    product_name="markup",
    product_description="markup",
    apply_rate_in_percentage=Decimal(5),
)
EVERYONE = CustomersChange(everyone=True)


def of_month(installation: Installation, partner: Caller, month: str) -> list[BillingRule]:
    """What a run of ``month`` finds."""
    with installation.database.reading() as connection:
        kept = billing_rules_of_month(Scope.of(connection, partner), BillingMonth.parse(month))
    return [one.rule for one in kept]


def percents(installation: Installation, partner: Caller, *months: str) -> list[Decimal | None]:
    """The percent of the only rule in each month, ``None`` where there is none."""
    found = [of_month(installation, partner, month) for month in months]
    return [rules[0].terms.percent if rules else None for rules in found]


def at_rate(installation: Installation, partner: Caller, kept: KeptBillingRule, percent: str) -> KeptBillingRule:
    order = BillingRuleOrder(apply_rate_in_percentage=Decimal(percent))
    return update_billing_rule(installation, partner, kept.billing_rule_id, order)


def test_a_rule_has_something_to_do_from_its_start_to_its_end(installation: Installation, partner: Caller) -> None:
    kept = create_billing_rule(installation, partner, SHARE)
    assert percents(installation, partner, "2023-12", "2024-01", "2999-12") == [None, 5, 5]
    ending = BillingRuleOrder(end_month=BillingMonth(2024, 3))
    update_billing_rule(installation, partner, kept.billing_rule_id, ending)
    assert percents(installation, partner, "2024-03", "2024-04") == [5, None]
    once = BillingRuleOrder(frequency=RuleFrequency.ONE_TIME, without_end=True)
    update_billing_rule(installation, partner, kept.billing_rule_id, once)
    assert percents(installation, partner, "2023-12", "2024-01", "2024-02") == [None, 5, None]
    (rule,) = of_month(installation, partner, "2024-01")
    assert rule.is_spread


def test_a_new_rule_leaves_issued_months_alone(installation: Installation, partner: Caller) -> None:
    one = customer(installation, partner, "One")
    recorded_statement(installation, partner, one, "2024-09", "USD", 1, "1", status="Final")
    of_one = BillingRuleOrder(**{**vars(SHARE), "add_csp_customers": CustomersChange(False, (one,))})
    create_billing_rule(installation, partner, of_one)
    assert percents(installation, partner, "2024-09", "2024-10") == [None, 5]
    once = {"name": "Once", "frequency": RuleFrequency.ONE_TIME, "start_month": BillingMonth(2024, 9)}
    with pytest.raises(Invalid) as refused:
        create_billing_rule(installation, partner, BillingRuleOrder(**{**vars(of_one), **once}))
    assert refused.value.fields == {
        "start_month": "is issued to customers of this rule already: give 2024-10 or a later month"
    }
    later = create_billing_rule(
        installation, partner, BillingRuleOrder(**{**vars(of_one), **once, "start_month": None})
    )
    with pytest.raises(Invalid):
        earlier = BillingRuleOrder(start_month=BillingMonth(2024, 8))
        update_billing_rule(installation, partner, later.billing_rule_id, earlier)


def test_a_change_leaves_issued_months_as_they_were(installation: Installation, partner: Caller) -> None:
    one, two = customer(installation, partner, "One"), customer(installation, partner, "Two")
    kept = create_billing_rule(
        installation, partner, BillingRuleOrder(**{**vars(SHARE), "add_csp_customers": CustomersChange(False, (one,))})
    )
    recorded_statement(installation, partner, one, "2024-08", "USD", 1, "1", status="Final")
    recorded_statement(installation, partner, two, "2024-09", "USD", 1, "1", status="Final")
    recorded_statement(installation, partner, one, "2024-09", "USD", 1, "1")
    at_rate(installation, partner, kept, "7")
    assert percents(installation, partner, "2024-08", "2024-09", "2025-01") == [5, 7, 7]
    at_rate(installation, partner, kept, "8")
    assert percents(installation, partner, "2024-08", "2024-09") == [5, 8]
    # From here on it is for everyone, so for Two as well, whose September is issued.
    for_all = BillingRuleOrder(add_csp_customers=EVERYONE, apply_rate_in_percentage=Decimal(9))
    update_billing_rule(installation, partner, kept.billing_rule_id, for_all)
    assert percents(installation, partner, "2024-08", "2024-09", "2024-10") == [5, 8, 9]
    (september,) = of_month(installation, partner, "2024-09")
    assert (september.concerns(one), september.concerns(two)) == (True, False)


def test_a_later_change_is_never_hidden_behind_an_earlier_one(installation: Installation, partner: Caller) -> None:
    one, two = customer(installation, partner, "One"), customer(installation, partner, "Two")
    order = BillingRuleOrder(**{**vars(SHARE), "add_csp_customers": CustomersChange(False, (one, two))})
    kept = create_billing_rule(installation, partner, order)
    recorded_statement(installation, partner, one, "2024-09", "USD", 1, "1", status="Final")
    without_one = BillingRuleOrder(
        remove_csp_customers=CustomersChange(False, (one,)), apply_rate_in_percentage=Decimal(6)
    )
    update_billing_rule(installation, partner, kept.billing_rule_id, without_one)
    # Two has nothing issued; the newest version starts in October all the same, and the change goes there.
    at_rate(installation, partner, kept, "7")
    assert percents(installation, partner, "2024-09", "2024-10") == [5, 7]


def test_a_deleted_rule_stays_in_issued_months(installation: Installation, partner: Caller) -> None:
    one = customer(installation, partner, "One")
    order = BillingRuleOrder(**{**vars(SHARE), "add_csp_customers": CustomersChange(False, (one,))})
    kept = create_billing_rule(installation, partner, order)
    recorded_statement(installation, partner, one, "2024-09", "USD", 1, "1", status="Final")
    delete_billing_rule(installation, partner, kept.billing_rule_id)
    assert percents(installation, partner, "2024-09", "2024-10") == [5, None]
    unissued = create_billing_rule(installation, partner, SHARE)
    delete_billing_rule(installation, partner, unissued.billing_rule_id)
    assert percents(installation, partner, "2024-09", "2024-10") == [5, None]


def test_a_change_that_changes_nothing_leaves_no_trace(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    kept = create_billing_rule(installation, partner, SHARE)
    clock.now = datetime(2024, 11, 1, tzinfo=UTC)
    same = BillingRuleOrder(name="Markup", apply_rate_in_percentage=Decimal("5.0000"))
    assert update_billing_rule(installation, partner, kept.billing_rule_id, same) == kept
    renamed = update_billing_rule(installation, partner, kept.billing_rule_id, BillingRuleOrder(name="New"))
    assert (renamed.rule.terms, renamed.updated_at) == (kept.rule.terms, clock.now)


def test_rules_of_others_are_not_there(installation: Installation, partner: Caller, other_partner: Caller) -> None:
    kept = create_billing_rule(installation, partner, SHARE)
    create_billing_rule(installation, other_partner, SHARE)
    for act in (get_billing_rule, delete_billing_rule):
        with pytest.raises(NotFound):
            act(installation, other_partner, kept.billing_rule_id)
    reader = Caller(partner.partner_id, Role.READ_ONLY)
    assert get_billing_rule(installation, reader, kept.billing_rule_id) == kept
    with pytest.raises(Forbidden):
        at_rate(installation, reader, kept, "7")
    with pytest.raises(Forbidden):
        get_billing_rule(installation, Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, 1), kept.billing_rule_id)
