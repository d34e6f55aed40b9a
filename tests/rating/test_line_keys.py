"""When accounts and products are told apart by line keys, and when by more than keys stand for."""

from typing import Any

import duckdb
import pytest

from rebill.rating.line_columns import Asked, asked_by
from rebill.rating.products import are_told_apart_by_keys, key_parts, products
from tests.rating.test_price_book_words import book_of, product, recorded, rule

DISCOUNT = '<BasicBillingRule billingAdjustment="1" billingRuleType="percentDiscount"/>'
OF_COMMITMENTS = ("commitment_type_class", "commitment_name_class")
RATE = '<BasicBillingRule billingAdjustment="1" billingRuleType="fixedRate"/>'


def asked_of(inside: str = "", adjustment: str = DISCOUNT) -> Asked:
    book = recorded(1, book_of(rule(inside, adjustment))).book
    return asked_by(one for group in book.groups for one in group.rules)


@pytest.mark.parametrize(
    "inside",
    [
        "",
        '<Region name="east*"/>',
        product(name="Virtual Machines"),
        product('<UsageType name="D2s v3"/><Operation name="RunInstances"/>'),
    ],
)
def test_keys_tell_apart_what_books_ask_of_the_texts_that_they_stand_for(inside: str) -> None:
    assert are_told_apart_by_keys(asked_of(inside))


@pytest.mark.parametrize(
    ("inside", "adjustment"),
    [
        (product('<LineItemDescription contains="Linux"/>'), DISCOUNT),
        (product('<RecordType name="Fee"/>'), DISCOUNT),
        (product('<SavingsPlanOfferingType name="ComputeSavingsPlans"/>'), DISCOUNT),
        ("", RATE),
    ],
)
def test_what_keys_do_not_stand_for_is_read_from_the_lines(inside: str, adjustment: str) -> None:
    asked = asked_of(inside, adjustment)
    assert not are_told_apart_by_keys(asked)
    assert "FROM cost_lines AS l" in products(asked)


def test_products_of_books_that_ask_nothing_are_read_from_keys() -> None:
    assert "FROM line_keys AS l" in products(asked_of())


@pytest.mark.parametrize(
    ("inside", "adjustment", "parts"),
    [
        ("", DISCOUNT, []),
        (product('<RecordType name="Fee"/>'), DISCOUNT, ["savings_plan", "recurring", "taken_back"]),
        (product('<SavingsPlanOfferingType name="A"/>'), DISCOUNT, ["savings_plan", *OF_COMMITMENTS]),
        ("", RATE, ["quantified"]),
        ('<Region name="east*"/>', RATE, ["quantified", "region_id_class", "region_name_class"]),
    ],
)
def test_products_are_told_apart_by_what_books_ask_under_the_names_that_rules_know(
    inside: str, adjustment: str, parts: list[str]
) -> None:
    always = ["provider", "service", "charge_category", "pricing_unit", "currency", "commitment_role"]
    assert [part.name for part in key_parts(asked_of(inside, adjustment))] == [*always, *parts]


PLAIN: dict[str, Any] = {
    **dict.fromkeys(("ProviderName", "ServiceName", "PricingUnit", "CommitmentDiscountId", "ChargeClass")),
    **dict.fromkeys(("CommitmentDiscountStatus", "CommitmentDiscountCategory", "CommitmentDiscountType")),
    "ChargeCategory": "Usage",
    "BillingCurrency": "USD",
    "ChargeFrequency": None,
    "BilledCost": "1",
    "PricingQuantity": None,
}
COVERED = {"CommitmentDiscountId": "r", "CommitmentDiscountStatus": "Used"}
PLAN = {**COVERED, "CommitmentDiscountType": "My Savings Plan"}
CASES: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({}, {}),
    ({"ChargeFrequency": "Recurring"}, {"recurring": True}),
    ({"ChargeFrequency": "One-Time"}, {}),
    ({"BilledCost": "-0.000000000001"}, {"taken_back": True}),
    ({"BilledCost": "0"}, {}),
    ({"ChargeClass": "Correction"}, {"taken_back": True}),
    ({"PricingQuantity": "0"}, {"quantified": True}),
    ({"CommitmentDiscountType": "Savings"}, {}),
    (COVERED, {"commitment_role": "used"}),
    ({**COVERED, "CommitmentDiscountStatus": "Unused"}, {"commitment_role": "unused"}),
    ({**COVERED, "ChargeCategory": "Purchase"}, {"commitment_role": "purchase", "charge_category": "Purchase"}),
    ({**COVERED, "ChargeCategory": "Credit"}, {"charge_category": "Credit"}),
    (PLAN, {"commitment_role": "used", "savings_plan": True}),
    ({**PLAN, "CommitmentDiscountCategory": "Usage"}, {"commitment_role": "used"}),
    ({**COVERED, "CommitmentDiscountCategory": "Spend"}, {"commitment_role": "used", "savings_plan": True}),
    ({"ProviderName": "AWS", "ServiceName": "S3", "PricingUnit": "GB"}, {"provider": "AWS", "service": "S3"}),
)


def test_what_books_ask_of_commitments_refunds_and_quantities_is_told_of_each_product() -> None:
    asked = asked_of(product('<RecordType name="Fee"/>'), RATE)
    of_none = dict.fromkeys(("savings_plan", "recurring", "taken_back", "quantified"), False)
    kinds = {"BilledCost": "DECIMAL(28,12)", "PricingQuantity": "DECIMAL(20,8)"}
    columns = ", ".join(f"{name} {kinds.get(name, 'VARCHAR')}" for name in PLAIN)
    for line, told in CASES:
        with duckdb.connect() as engine:
            engine.execute(f"CREATE TABLE cost_lines ({columns})")
            of_line = list({**PLAIN, **line}.values())
            for _ in range(2):
                engine.execute(f"INSERT INTO cost_lines VALUES ({', '.join('?' * len(PLAIN))})", of_line)
            found = engine.execute(products(asked))
            (row,) = found.fetchall()
            assert dict(zip([name for name, *_ in found.description or ()], row, strict=True)) == {
                **dict.fromkeys(("provider", "service")),
                **of_none,
                "product_number": 1,
                "charge_category": "Usage",
                "pricing_unit": line.get("PricingUnit"),
                "currency": "USD",
                "commitment_role": "none",
                **told,
            }, line
