"""What rules find a product's lines to be, made of its columns and of what its texts are like; without an engine."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import pytest

from rebill.model.price_book import InstanceCondition, PatternKind, TextPattern
from rebill.model.rating import CommitmentRole
from rebill.model.record_types import ChargeKind
from rebill.rating.book_matching import NO_RECORD_TYPE, LineKind
from rebill.rating.line_columns import NO_MARKS, TEXT_COLUMNS, AskedInstance, Mark, TextClasses, asked_by
from rebill.rating.line_kinds import KindReader, ProductKey
from rebill.rating.rule_matching import kinds_of

USAGE = ChargeKind("Usage", CommitmentRole.NONE, savings_plan=False, recurring=False, taken_back=False)
PLANNED = replace(USAGE, commitment_role=CommitmentRole.USED, savings_plan=True)
FEE, REFUND = TextPattern(PatternKind.EXACT, "Fee"), TextPattern(PatternKind.EXACT, "Refund")
CREDIT = TextPattern(PatternKind.STARTS_WITH, "Cred")
LARGE, M5 = TextPattern(PatternKind.EXACT, "large"), TextPattern(PatternKind.EXACT, "m5")
NOTHING = asked_by([])
INSTANCES = tuple(
    InstanceCondition(of_type, of_size, reserved)
    for of_type, of_size in ((None, None), (M5, None), (None, LARGE), (M5, LARGE))
    for reserved in (False, True)
)
ASKED = replace(
    NOTHING,
    products=frozenset({"Storage", "AmazonEC2"}),
    record_types=frozenset({FEE, CREDIT}),
    instances=frozenset(INSTANCES),
    data_transfer=True,
    fixed_rate=True,
)
KEY = ProductKey("Storage", USAGE, "USD", "1 Hour", quantified=True, marks={})
COLUMNS = (
    "x_ServiceCode",
    "RegionId",
    "RegionName",
    "SkuMeter",
    "x_Operation",
    "x_SkuMeterSubcategory",
    "CommitmentDiscountType",
    "CommitmentDiscountName",
    "SkuPriceDetails",
    "ChargeDescription",
)
OF_EVERY_COLUMN = replace(KEY, charge=PLANNED, marks={column: frozenset({column}) for column in COLUMNS})


def test_every_text_says_what_its_column_is_for() -> None:
    assert KindReader(ASKED).kind_of(OF_EVERY_COLUMN) == LineKind(
        products=frozenset({"x_ServiceCode", "Storage"}),
        regions=frozenset({"RegionId", "RegionName"}),
        usage_types=frozenset({"SkuMeter"}),
        operations=frozenset({"x_Operation", "x_SkuMeterSubcategory"}),
        record_types=KindReader(ASKED).kind_of(replace(KEY, charge=PLANNED)).record_types,
        offering_types=frozenset({"CommitmentDiscountType", "CommitmentDiscountName"}),
        instances=frozenset({InstanceCondition(None, None, reserved=True)}),
        descriptions=frozenset({"ChargeDescription"}),
        data_transfer=False,
        commitment_purchase=False,
        rated_in=frozenset(),
    )
    unasked = KindReader(NOTHING).kind_of(replace(OF_EVERY_COLUMN, charge=USAGE))
    assert (unasked.products, unasked.offering_types) == (frozenset({"x_ServiceCode"}), frozenset())


def test_a_commitment_that_is_bought_is_told_and_records_by_their_words() -> None:
    reader = KindReader(ASKED)
    bought = replace(USAGE, charge_category="Purchase", commitment_role=CommitmentRole.PURCHASE)
    # Each is asked for twice, the second time of what is remembered.
    for _ in range(2):
        for charge, purchase, record_types in (
            (USAGE, False, {NO_RECORD_TYPE}),
            (replace(USAGE, charge_category="Purchase", recurring=True), False, {NO_RECORD_TYPE, FEE}),
            (bought, True, {NO_RECORD_TYPE, FEE}),
            (replace(USAGE, charge_category="Credit"), False, {CREDIT}),
        ):
            kind = reader.kind_of(replace(KEY, charge=charge))
            assert (kind.commitment_purchase, set(kind.record_types)) == (purchase, record_types)


@pytest.mark.parametrize("role", [CommitmentRole.NONE, CommitmentRole.USED, CommitmentRole.UNUSED])
@pytest.mark.parametrize("named", [(None, None), (M5, None), (None, LARGE), (M5, LARGE)])
def test_an_instance_is_that_of_the_details_else_of_the_meter_and_reserved_where_it_is_covered(
    role: CommitmentRole, named: tuple[TextPattern | None, TextPattern | None]
) -> None:
    reserved = role is CommitmentRole.USED
    marks: frozenset[Hashable] = frozenset({Mark.NAMES_INSTANCE, AskedInstance(*named)})
    other: frozenset[Hashable] = frozenset({Mark.NAMES_INSTANCE, "another"})
    unnamed: frozenset[Hashable] = frozenset({"names none"})
    charge = replace(USAGE, commitment_role=role)
    wanted = {InstanceCondition(None, None, reserved), InstanceCondition(*named, reserved)}
    reader = KindReader(ASKED)
    for _ in range(2):
        for details, meter, found in (
            (marks, other, wanted),
            (other, marks, {InstanceCondition(None, None, reserved)}),
            (unnamed, marks, wanted),
            (NO_MARKS, marks, wanted),
        ):
            texts = {"SkuPriceDetails": details, "SkuMeter": meter}
            assert reader.kind_of(replace(KEY, charge=charge, marks=texts)).instances == found


@pytest.mark.parametrize(
    ("service", "meter", "description", "transfers"),
    [
        ("Bandwidth", False, False, True),
        ("aws data TRANSFER", False, False, True),
        ("Storage", True, False, True),
        (None, False, True, True),
        ("Storage", False, False, False),
        (None, False, False, False),
    ],
)
def test_data_transfer_is_a_service_a_meter_or_a_description(
    service: str | None, meter: bool, description: bool, transfers: bool
) -> None:
    named = frozenset((Mark.DATA_TRANSFER,))
    marks = {"SkuMeter": named if meter else NO_MARKS, "ChargeDescription": named if description else NO_MARKS}
    key = replace(KEY, service=service, marks=marks)
    assert KindReader(ASKED).kind_of(key).data_transfer is transfers
    assert KindReader(NOTHING).kind_of(key).data_transfer is False


PRODUCT: dict[str, Any] = {
    "product_number": 3,
    "service": "Storage",
    "charge_category": "Usage",
    "pricing_unit": "1 Hour",
    "currency": "USD",
    "commitment_role": "none",
}


def test_a_row_of_products_says_what_its_lines_are_where_any_book_asks() -> None:
    plan = TextPattern(PatternKind.EXACT, "Plan A")
    asked = replace(ASKED, offering_types=frozenset({plan}), record_types=frozenset({FEE, REFUND}))
    column = next(one for one in TEXT_COLUMNS if one.name == "CommitmentDiscountName")
    classes = [TextClasses(column, {"Plan A": 1}, (NO_MARKS, frozenset({plan})))]
    covered = {**PRODUCT, "commitment_role": "used", "savings_plan": True, column.key: 1}
    bought = {**PRODUCT, "charge_category": "Purchase", "commitment_role": "purchase", column.key: 0}
    rows = [
        {**PRODUCT, column.key: 1},
        {**covered, "taken_back": True},
        {**covered, "savings_plan": False},
        {**bought, "recurring": True},
        bought,
        {**PRODUCT, column.key: 0, "charge_category": "Purchase", "recurring": True, "quantified": True},
        {**PRODUCT, column.key: 0, "charge_category": "Tax"},
    ]
    found = kinds_of(rows, asked, classes, bill_input_tax=False)
    assert [row for row, _ in found] == rows[:-1]
    assert [(set(kind.offering_types), set(kind.record_types), set(kind.rated_in)) for _, kind in found] == [
        (set(), {NO_RECORD_TYPE}, set()),
        ({plan}, {NO_RECORD_TYPE, REFUND}, set()),
        (set(), {NO_RECORD_TYPE}, set()),
        # What falls due again and again for a reservation is another word than what is paid once.
        (set(), {NO_RECORD_TYPE}, set()),
        (set(), {NO_RECORD_TYPE, FEE}, set()),
        (set(), {NO_RECORD_TYPE, FEE}, {("USD", None), ("USD", "1 Hour")}),
    ]
    assert [row for row, _ in kinds_of(rows, asked, classes, bill_input_tax=True)] == rows
