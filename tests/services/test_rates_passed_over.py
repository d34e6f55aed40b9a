"""Fixed rates that do not price what their rules are for: told when the book is made and when the month is run."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.party import Caller
from rebill.model.price_book import ALL_ACCOUNTS
from rebill.model.price_book_record import BookAssignmentOrder, PriceBookOrder
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import BillRun, run_bill
from rebill.services.pricing.assign_book_with_accounts import assign_book_with_accounts
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.trials.near_misses import near_misses_of_book
from tests.services.months import SEPTEMBER, Month, charge

COVERED = {"CommitmentDiscountId": "r-1", "CommitmentDiscountStatus": "Used"}
CHARGES = [
    {"PricingUnit": "GB", "PricingQuantity": "4"},
    {"PricingUnit": "GB", "PricingQuantity": "2"},
    {"PricingUnit": "1 Hour", "PricingQuantity": "4"},
    {"PricingUnit": "1 Hour", "PricingQuantity": "5"},
    {"PricingUnit": "", "PricingQuantity": "4"},
    {"PricingUnit": "GB", "PricingQuantity": ""},
    {"PricingUnit": "GB", "PricingQuantity": "4", "BillingCurrency": "EUR"},
    {"PricingUnit": "GB", "PricingQuantity": "4", **COVERED},
    {"PricingUnit": "1 Hour", "PricingQuantity": "4", "ServiceName": "Virtual Machines"},
]
REASONS = [
    "they are billed in EUR, and the rate is in USD: 1 line.",
    "they are priced in '1 Hour', and the rate is for 'GB': 2 lines.",
    "they are priced in no unit, and the rate is for 'GB': 1 line.",
    "they have no quantity: 1 line.",
    "they name a commitment: 1 line.",
]
PASSED_OVER = (
    "Price book Storage, rule 1 (Per GB): its fixed rate does not price lines of 2024-09 that the rule is for, because"
)
TOLD = [f"{PASSED_OVER} {reason}" for reason in REASONS]

PER_GB = (
    '<BillingRule name="Per GB"><BasicBillingRule billingAdjustment="0.5" billingRuleType="fixedRate" unit="GB"/>'
    '<Product productName="Storage"/></BillingRule>'
)
PER_HOUR = PER_GB.replace("GB", "1 Hour")
ALL_OF_IT = PER_GB.replace("fixedRate", "percentIncrease").replace(' unit="GB"', "").replace("0.5", "10")


def group(*rules: str, of: str = "") -> str:
    return f"<RuleGroup {of}>{''.join(rules)}</RuleGroup>"


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Month:
    made = Month(installation, partner, tmp_path)
    first = made.customer("First")
    columns = {"SubAccountId": "s-1", "ServiceName": "Storage", "EffectiveCost": "8"}
    made.cost(*(charge("2024-09-12", "8", "10", **{**columns, **one}) for one in CHARGES))
    made.subscriptions(first, "s-1")
    return made


def told_of(month: Month, *groups: str) -> tuple[list[str], list[str], BillRun]:
    """What is told of a book when it is made, and when the month is run that it prices."""
    text = f'<CHTBillingRules date="2024-09-01">{"".join(groups)}</CHTBillingRules>'
    installation, caller = month.installation, month.caller
    book_id = create_price_book(installation, caller, PriceBookOrder("Storage", text)).price_book_id
    order = BookAssignmentOrder(book_id, month.customers["First"].customer_id)
    assign_book_with_accounts(installation, caller, order, [ALL_ACCOUNTS])
    run = run_bill(installation, caller, SEPTEMBER)
    made = near_misses_of_book(installation, caller, book_id)
    return list(made.sentences), [one.sentence(SEPTEMBER) for one in run.passed_over], run


def test_every_reason_is_told_with_the_lines_it_holds_for(month: Month) -> None:
    at_upload, at_run, run = told_of(month, group(PER_GB, ALL_OF_IT))
    assert at_upload == at_run == TOLD
    prices = {record.statement.currency: record.statement.price_text for record in run.statements}
    # 4 × 0.5 + 2 × 0.5 by the rate, 11 of each of four others, 8.80 of what a commitment covers, 10 of another service.
    assert prices == {"EUR": "11.00", "USD": "65.80"}


def test_a_rate_is_not_told_of_what_another_rate_or_an_earlier_rule_prices(month: Month) -> None:
    hours = [sentence for sentence in TOLD if "1 Hour" not in sentence]
    assert told_of(month, group(PER_GB, PER_HOUR))[:2] == (hours, hours)


def test_what_a_rule_before_prices_is_nothing_that_a_rate_passes_over(month: Month) -> None:
    assert told_of(month, group(ALL_OF_IT, PER_GB))[:2] == ([], [])


def test_a_group_is_told_of_while_it_is_in_force(month: Month) -> None:
    at_upload, at_run, _ = told_of(month, group(PER_GB, of='endDate="2024-09-11"'), group(ALL_OF_IT))
    assert (at_upload, at_run) == (TOLD, [])


def test_a_group_that_is_switched_off_is_not_told_of(month: Month) -> None:
    assert told_of(month, group(PER_GB, of='enabled="false"'))[:2] == ([], [])


def test_a_rate_of_another_currency_prices_that_currency_alone(month: Month) -> None:
    in_euro = PER_GB.replace(' unit="GB"', ' currency="EUR"')
    at_upload, at_run, run = told_of(month, group(in_euro))
    in_dollars = "they are billed in USD, and the rate is in EUR: 5 lines."
    assert at_upload == at_run
    assert [sentence.partition("because ")[2] for sentence in at_run] == [
        in_dollars,
        "they have no quantity: 1 line.",
        "they name a commitment: 1 line.",
    ]
    prices = {record.statement.currency: Decimal(record.statement.price_text) for record in run.statements}
    assert prices["EUR"] == 2


def test_lines_of_nobody_are_told_of_at_upload_alone(month: Month) -> None:
    columns = {"SubAccountId": "s-9", "ServiceName": "Storage", "PricingUnit": "Day", "PricingQuantity": "1"}
    month.cost(charge("2024-09-12", "8", "10", **columns), scope="more", name="more.csv")
    at_upload, at_run, _ = told_of(month, group(PER_GB))
    assert at_run == TOLD
    assert [sentence for sentence in at_upload if "'Day'" in sentence] != []
