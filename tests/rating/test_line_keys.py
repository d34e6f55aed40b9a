"""When accounts and products are told apart by line keys, and when by more than keys stand for."""

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
