"""What single texts of a line say, as ``docs/price-books.md`` has it; without an engine."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rebill.model.price_book import (
    Adjustment,
    AdjustmentKind,
    InstanceCondition,
    PatternKind,
    PriceRule,
    ProductCondition,
    TextPattern,
)
from rebill.price_books.regular_expressions import matching_numbers
from rebill.rating.line_columns import (
    TEXT_COLUMNS,
    Asked,
    AskedInstance,
    Instance,
    Mark,
    asked_by,
    asked_columns,
    instance_of_details,
    instance_of_meter,
    is_data_transfer,
    text_classes,
)

LARGE = Instance(("m5.large", "m5"), "large")
D2S = Instance(("Standard_D2s_v3",), "D2s_v3")


@pytest.mark.parametrize(
    ("meter", "instance"),
    [
        ("USE1-BoxUsage:m5.large", LARGE),
        ("USE1-NodeUsage:cache:m5.large", LARGE),
        ("EUC1-InstanceUsage:db.r5.2xlarge", Instance(("db.r5.2xlarge", "db.r5"), "2xlarge")),
        ("m5.large", None),
        ("USE1-BoxUsage:M5.large", None),
        ("USE1-BoxUsage:m5", None),
        ("USE1-BoxUsage:", None),
        ("D2s v3", None),
    ],
)
def test_a_usage_type_of_amazon_names_an_instance_behind_its_last_colon(meter: str, instance: Instance | None) -> None:
    assert instance_of_meter(meter) == instance


@pytest.mark.parametrize(
    ("details", "instance"),
    [
        ('{"InstanceType": "m5.large"}', LARGE),
        ('{"x_InstanceType": "m5.large"}', LARGE),
        ('{"ServiceType": "Standard_D2s_v3"}', D2S),
        ('{"x_ServiceType": "Standard_D2s_v3"}', D2S),
        ('{"x_ServiceType": "Standard_D2s_v3", "InstanceType": "m5.large"}', LARGE),
        ('{"InstanceType": "", "ServiceType": 3, "x_ServiceType": "Basic"}', Instance(("Basic",), None)),
        ('{"instancetype": "m5.large"}', None),
        ("{}", None),
        ('["InstanceType"]', None),
        ("m5.large", None),
        ("[" * 100_000, None),
    ],
)
def test_details_of_a_price_name_an_instance_by_type_before_service(details: str, instance: Instance | None) -> None:
    assert instance_of_details(details) == instance


@pytest.mark.parametrize(
    ("text", "transfers"),
    [
        ("Standard Data Transfer Out", True),
        ("USE1-DATATRANSFER-Out", True),
        ("USE2-USE1-AWS-Out-Bytes", True),
        ("USE2-USE1-AWS-In-Bytes", True),
        ("In-Bytes", False),
        ("USE1-Out-Bytes-Stored", False),
        ("Data transformed", False),
    ],
)
def test_data_transfer_is_told_by_words_and_ends_in_any_case(text: str, transfers: bool) -> None:
    assert is_data_transfer(text) is transfers


A, B, C, D, E, F, G, H = (TextPattern(PatternKind.CONTAINS, f"{letter}1") for letter in "ABCDEFGH")
M5, LARGE_SIZE = TextPattern(PatternKind.EXACT, "m5"), TextPattern(PatternKind.EXACT, "large")
OF_TYPE, OF_SIZE, OF_BOTH = AskedInstance(M5, None), AskedInstance(None, LARGE_SIZE), AskedInstance(M5, LARGE_SIZE)
INSTANCES = (
    InstanceCondition(M5, None),
    InstanceCondition(M5, None, reserved=True),
    InstanceCondition(None, LARGE_SIZE),
    InstanceCondition(M5, LARGE_SIZE),
)
EVERYTHING = ProductCondition(
    product_name="Storage",
    include_data_transfer=False,
    regions=(A,),
    usage_types=(B,),
    operations=(C,),
    record_types=(D,),
    savings_plan_offering_types=(E,),
    instances=INSTANCES,
    descriptions=((F, G), (F,)),
)
ASKED = asked_by(
    [PriceRule(1, "", Adjustment(AdjustmentKind.FIXED_RATE, Decimal(1)), (EVERYTHING, ProductCondition()), (H,))]
)
INCREASE = Adjustment(AdjustmentKind.PERCENT_INCREASE, Decimal(1))
NOTHING = asked_by([PriceRule(1, "", INCREASE)])
COLUMNS = {column.name: column for column in TEXT_COLUMNS}
INSTANCE = {Mark.NAMES_INSTANCE, OF_TYPE, OF_SIZE, OF_BOTH}


def test_what_texts_are_like_stands_in_products_under_a_name_for_each_column() -> None:
    assert {column.name: column.key for column in TEXT_COLUMNS} == {
        "x_ServiceCode": "service_code_class",
        "RegionId": "region_id_class",
        "RegionName": "region_name_class",
        "SkuMeter": "meter_class",
        "x_Operation": "operation_class",
        "x_SkuMeterSubcategory": "meter_subcategory_class",
        "CommitmentDiscountType": "commitment_type_class",
        "CommitmentDiscountName": "commitment_name_class",
        "SkuPriceDetails": "price_details_class",
        "ChargeDescription": "description_class",
    }


def test_what_rules_ask_is_gathered_over_all_of_them() -> None:
    assert (
        Asked(
            products=frozenset({"Storage"}),
            regions=frozenset({A, H}),
            usage_types=frozenset({B}),
            operations=frozenset({C}),
            record_types=frozenset({D}),
            offering_types=frozenset({E}),
            instances=frozenset(INSTANCES),
            descriptions=frozenset({(F, G), (F,)}),
            data_transfer=True,
            fixed_rate=True,
        )
        == ASKED
    )
    assert asked_columns(ASKED) == TEXT_COLUMNS
    assert not any(vars(NOTHING).values())
    assert asked_columns(NOTHING) == ()
    assert not asked_by(
        [PriceRule(1, "", INCREASE, (ProductCondition(instances=(InstanceCondition(),)),))]
    ).instance_texts


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"products": frozenset({"Storage"})}, ["x_ServiceCode"]),
        ({"regions": frozenset({A})}, ["RegionId", "RegionName"]),
        ({"usage_types": frozenset({A})}, ["SkuMeter"]),
        ({"operations": frozenset({A})}, ["x_Operation", "x_SkuMeterSubcategory"]),
        ({"offering_types": frozenset({A})}, ["CommitmentDiscountType", "CommitmentDiscountName"]),
        ({"descriptions": frozenset({(A,)})}, ["ChargeDescription"]),
        ({"data_transfer": True}, ["SkuMeter", "ChargeDescription"]),
        ({"instances": frozenset({InstanceCondition(M5, None)})}, ["SkuMeter", "SkuPriceDetails"]),
        ({"instances": frozenset({InstanceCondition(None, M5)})}, ["SkuMeter", "SkuPriceDetails"]),
        ({"instances": frozenset({InstanceCondition(None, None, reserved=True)})}, []),
        ({"record_types": frozenset({A})}, []),
        ({"fixed_rate": True}, []),
    ],
)
def test_only_columns_that_a_book_asks_about_are_read(changes: dict[str, Any], asked: list[str]) -> None:
    assert [column.name for column in asked_columns(replace(NOTHING, **changes))] == asked


@pytest.mark.parametrize(
    ("column", "text", "marks"),
    [
        ("x_ServiceCode", "Storage", {"Storage"}),
        ("x_ServiceCode", "storage", set()),
        ("RegionId", "A1 H1", {A, H}),
        ("RegionName", "H1", {H}),
        ("SkuMeter", "B1", {B}),
        ("SkuMeter", "B1 A1 data transfer", {B, Mark.DATA_TRANSFER}),
        ("SkuMeter", "USE1-BoxUsage:m5.large", INSTANCE),
        ("SkuMeter", "USE1-BoxUsage:m5.small", {Mark.NAMES_INSTANCE, OF_TYPE}),
        ("SkuMeter", "USE1-BoxUsage:c5.large", {Mark.NAMES_INSTANCE, OF_SIZE}),
        ("SkuMeter", "USE1-BoxUsage:c5.small", {Mark.NAMES_INSTANCE}),
        ("x_Operation", "C1", {C}),
        ("x_SkuMeterSubcategory", "C1", {C}),
        ("CommitmentDiscountType", "E1", {E}),
        ("CommitmentDiscountName", "E1", {E}),
        ("SkuPriceDetails", '{"InstanceType": "m5.large"}', INSTANCE),
        ("SkuPriceDetails", '{"InstanceType": "m5"}', {Mark.NAMES_INSTANCE, OF_TYPE}),
        ("SkuPriceDetails", "{}", set()),
        ("ChargeDescription", "F1", {(F,)}),
        ("ChargeDescription", "F1 G1", {(F,), (F, G)}),
        ("ChargeDescription", "G1", set()),
        ("ChargeDescription", "Data Transfer of F1", {(F,), Mark.DATA_TRANSFER}),
    ],
)
def test_texts_are_of_one_class_where_nothing_that_is_asked_tells_them_apart(
    column: str, text: str, marks: set[object]
) -> None:
    texts = ["another", text, f"{text}"]
    found = text_classes(COLUMNS[column], texts, ASKED, matching_numbers)
    assert found.column is COLUMNS[column]
    assert [set(one) for one in found.marks] == ([set(), marks] if marks else [set()])
    assert found.by_text == ({text: 1} if marks else {})


def test_neither_transfer_nor_instances_are_looked_for_where_no_rule_asks() -> None:
    asked = replace(NOTHING, usage_types=frozenset({B}), descriptions=frozenset({(F,)}))
    for column, text in (("SkuMeter", "data transfer:m5.large"), ("ChargeDescription", "data transfer")):
        assert text_classes(COLUMNS[column], [text], asked, matching_numbers).by_text == {}
