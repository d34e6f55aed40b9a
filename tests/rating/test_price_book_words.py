"""What each word of a price book means on the columns of a line: every row of the tables of ``docs/price-books.md``."""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.engines.duckdb import DuckDBEngine
from rebill.model.identifiers import AccountKind
from rebill.model.price_book import AccountBook, RecordedBook, Specification, SpecificationFormat
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.record_types import KNOWN
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.price_books.reading import read_price_book
from rebill.price_books.words import WORDS
from tests.rating.lines import Line
from tests.rating.months import MONTH
from tests.rating.test_engine_against_oracle import rated_by_engine

ROOT = Path(__file__).parent.parent.parent
CUSTOMER = 7


def on(day: int, hour: int = 0) -> datetime:
    """A moment of the month, in UTC."""
    return datetime.combine(date(2024, 9, day), time(hour))


DOUBLED = '<BasicBillingRule billingAdjustment="100" billingRuleType="percentIncrease"/>'
CHARGE = Line(
    billed=Decimal(10),
    listed=Decimal(16),
    effective=Decimal(8),
    quantity=Decimal(3),
    unit="1 Hour",
    start=on(10),
    end=on(11),
    category="Usage",
    currency="USD",
    provider="Microsoft",
    service="Virtual Machines",
    subscription="s-1",
    tenant="t-1",
    commitment=None,
    commitment_status=None,
    billing_account="Payer-1",
    region_id="eastus",
    region_name="East US",
    meter="D2s v3",
    meter_subcategory="Dv3/DSv3 Series",
    price_details='{"x_ServiceType": "Standard_D2s_v3"}',
    description="Virtual Machines DSv3 Series - D2s v3 - US East",
)
AMAZON = replace(
    CHARGE,
    provider="AWS",
    service="Amazon Elastic Compute Cloud",
    service_code="AmazonEC2",
    region_id="us-east-1",
    region_name="US East (N. Virginia)",
    meter="USE1-BoxUsage:m5.large",
    meter_subcategory=None,
    operation="RunInstances",
    price_details=None,
    description="$0.096 per On Demand Linux m5.large Instance Hour",
)
RESERVED = replace(CHARGE, commitment="r-1", commitment_status="Used", commitment_type="Reservation")
PLANNED = replace(
    RESERVED, commitment_category="Spend", commitment_type="ComputeSavingsPlans", commitment_name="Plan A"
)
BOUGHT = replace(CHARGE, category="Purchase", commitment="r-1", frequency="One-Time", commitment_type="Reservation")


def book_of(*rules: str, group: str = "") -> str:
    return f'<CHTBillingRules date="2024-09-01"><RuleGroup{group}>{"".join(rules)}</RuleGroup></CHTBillingRules>'


def rule(inside: str = "", adjustment: str = DOUBLED, attributes: str = "") -> str:
    return f'<BillingRule name="A"{attributes}>{adjustment}{inside}</BillingRule>'


def product(inside: str = "", name: str = "ANY", attributes: str = "") -> str:
    return f'<Product productName="{name}"{attributes}>{inside}</Product>'


def recorded(book_id: int, specification: str) -> RecordedBook:
    kept = Specification(specification, SpecificationFormat.XML)
    return RecordedBook(book_id, f"Book {book_id}", "0000-00", kept, read_price_book(kept.text, kept.written_as))


def month_of(
    *specifications: str,
    accounts: dict[str | None, int] | None = None,
    basis: Basis = Basis.BILLED,
    bill_input_tax: bool = False,
) -> RatingInputs:
    """A customer that has every account of the lines; book 1 prices all of them unless ``accounts`` says otherwise."""
    chosen = {None: 1} if accounts is None else accounts
    return RatingInputs(
        month=MONTH,
        home_currency="USD",
        bindings=(AccountBinding(AccountKind.SUBSCRIPTION, "s-1", CUSTOMER, None, None),),
        terms=(CustomerTerms(CUSTOMER, True, basis, CommitmentsPolicy.AS_BOUGHT, Decimal(5)),),
        books=tuple(recorded(number, text) for number, text in enumerate(specifications, 1)),
        account_books=tuple(AccountBook(CUSTOMER, key, book) for key, book in chosen.items()),
        bill_input_tax=bill_input_tax,
    )


def priced(folder: Path, inputs: RatingInputs, *lines: Line) -> list[tuple[str, Decimal, int | None]]:
    """(base kind, price, rule) of each line."""
    _, rated = rated_by_engine(list(lines), inputs, folder, 1)
    return [(one.base_kind, one.price, one.rule) for one in rated]


def matched(folder: Path, inside: str, *lines: Line) -> list[bool]:
    return [position is not None for _, _, position in priced(folder, month_of(book_of(rule(inside))), *lines)]


@pytest.mark.parametrize(
    ("inside", "like", "unlike"),
    [
        (product(name="Virtual Machines"), [CHARGE], [AMAZON, replace(CHARGE, service="virtual machines")]),
        (product(name="AmazonEC2"), [AMAZON], [CHARGE, replace(AMAZON, service_code=None)]),
        (product(name="Amazon Elastic Compute Cloud"), [AMAZON], [replace(AMAZON, service=None)]),
        (product(), [CHARGE, AMAZON, replace(CHARGE, service=None)], []),
        ('<Region name="eastus"/>', [CHARGE], [AMAZON, replace(CHARGE, region_id=None)]),
        ('<Region name="East US"/>', [CHARGE], [replace(CHARGE, region_name="East US 2")]),
        (product('<Region name="us-*"/><Region name="*US"/>'), [CHARGE, AMAZON], [replace(CHARGE, region_name=None)]),
        ('<Region name="us-*"/>' + product('<Region name="*US"/>'), [], [CHARGE, AMAZON]),
        (product('<UsageType name="D2s v3"/>'), [CHARGE], [AMAZON, replace(CHARGE, meter=None)]),
        (product('<UsageType name="*BoxUsage*"/>'), [AMAZON], [CHARGE, replace(AMAZON, meter="USE1-boxusage:m5")]),
        (product('<UsageType name="*v3"/><UsageType name="D*"/>'), [CHARGE], [AMAZON]),
        (product('<Operation name="RunInstances"/>'), [AMAZON], [CHARGE]),
        (product('<Operation name="Dv3/*"/>'), [CHARGE], [AMAZON]),
        (product('<Operation name="Dv3/*"/><UsageType name="D4*"/>'), [], [CHARGE]),
        (product('<LineItemDescription name="*US East"/>'), [CHARGE], [AMAZON, replace(CHARGE, description=None)]),
        (product('<LineItemDescription startsWith="$0.096 per"/>'), [AMAZON], [CHARGE]),
        (product('<LineItemDescription contains="D2s"/>'), [CHARGE], [AMAZON]),
        (product('<LineItemDescription contains="v3 - US" startsWith="Virtual"/>'), [CHARGE], [AMAZON]),
        (product('<LineItemDescription contains="D2s" startsWith="$"/>'), [], [CHARGE, AMAZON]),
        (product('<LineItemDescription contains="D2s"/><LineItemDescription startsWith="$"/>'), [CHARGE, AMAZON], []),
        (product(r'<LineItemDescription matchesRegex="\$0\.[0-9]+ per .*(Linux|Windows).*"/>'), [AMAZON], [CHARGE]),
        (product('<LineItemDescription matchesRegex="D2s v3"/>'), [], [CHARGE]),
        (product('<LineItemDescription contains="100%_"/>'), [], [CHARGE]),
        (product(name="Storage") + product(name="AmazonEC2"), [AMAZON], [CHARGE]),
    ],
)
def test_names_are_compared_with_the_columns_of_the_table(
    tmp_path: Path, inside: str, like: list[Line], unlike: list[Line]
) -> None:
    assert matched(tmp_path, inside, *like, *unlike) == [True] * len(like) + [False] * len(unlike)


@pytest.mark.parametrize(
    ("attributes", "like", "unlike"),
    [
        ('instanceType="Standard_D2s_v3"', [CHARGE], [AMAZON, RESERVED]),
        ('instanceSize="D2s_v3"', [CHARGE], [replace(CHARGE, price_details="{}")]),
        ('instanceType="m5.large"', [AMAZON], [CHARGE, replace(AMAZON, meter="USE1-BoxUsage")]),
        ('instanceType="m5" instanceSize="large"', [AMAZON], [replace(AMAZON, meter="USE1-BoxUsage:m5.xlarge")]),
        ('instanceType="db.r5"', [replace(AMAZON, meter="InstanceUsage:db.r5.large")], [AMAZON]),
        ('instanceType="c6g"', [replace(AMAZON, price_details='{"InstanceType": "c6g.medium"}')], [AMAZON]),
        ('instanceType="m5"', [AMAZON], [replace(AMAZON, price_details='{"InstanceType": "c6g.medium"}')]),
        ('reserved="true"', [RESERVED, PLANNED], [CHARGE, replace(RESERVED, commitment_status="Unused"), BOUGHT]),
        ('reserved="false"', [CHARGE, replace(RESERVED, commitment_status="Unused"), BOUGHT], [RESERVED, PLANNED]),
        ("", [CHARGE], [RESERVED]),
    ],
)
def test_instances_are_those_of_price_details_or_meter(
    tmp_path: Path, attributes: str, like: list[Line], unlike: list[Line]
) -> None:
    found = matched(tmp_path, product(f"<InstanceProperties {attributes}/>"), *like, *unlike)
    assert found == [True] * len(like) + [False] * len(unlike)


@pytest.mark.parametrize(
    ("name", "like", "unlike"),
    [
        ("ComputeSavingsPlans", [PLANNED], [replace(RESERVED, commitment_type="ComputeSavingsPlans x"), CHARGE]),
        ("Plan A", [PLANNED], [replace(RESERVED, commitment_name="Plan A")]),
        (
            "*SavingsPlans",
            [replace(PLANNED, commitment_category=None)],
            [replace(PLANNED, commitment_category="Usage")],
        ),
    ],
)
def test_offering_types_are_those_of_savings_plans_only(
    tmp_path: Path, name: str, like: list[Line], unlike: list[Line]
) -> None:
    found = matched(tmp_path, product(f'<SavingsPlanOfferingType name="{name}"/>'), *like, *unlike)
    assert found == [True] * len(like) + [False] * len(unlike)


RECORDS = {
    "usage": CHARGE,
    "covered by a reservation": RESERVED,
    "covered by a plan": PLANNED,
    "unused reservation": replace(RESERVED, commitment_status="Unused"),
    "unused plan": replace(PLANNED, commitment_status="Unused"),
    "purchase": replace(CHARGE, category="Purchase", frequency="Recurring"),
    "reservation bought": BOUGHT,
    "reservation rent": replace(BOUGHT, frequency="Recurring"),
    "plan bought": replace(BOUGHT, commitment_type="Savings plan", frequency=None),
    "plan rent": replace(BOUGHT, commitment_category="Spend", frequency="Recurring"),
    "usage corrected": replace(CHARGE, charge_class="Correction"),
    "purchase refunded": replace(CHARGE, category="Purchase", billed=Decimal(-4)),
    "credit": replace(CHARGE, category="Credit", billed=Decimal(-2)),
    "tax": replace(CHARGE, category="Tax"),
    "adjustment": replace(CHARGE, category="Adjustment", charge_class="Correction"),
}
RECORD_TYPES: dict[str, set[str]] = {
    "Usage": {"usage", "usage corrected"},
    "DiscountedUsage": {"covered by a reservation"},
    "SavingsPlanCoveredUsage": {"covered by a plan"},
    "Fee": {"purchase", "reservation bought", "purchase refunded"},
    "RIFee": {"reservation rent", "unused reservation"},
    "SavingsPlanUpfrontFee": {"plan bought"},
    "SavingsPlanRecurringFee": {"plan rent", "unused plan"},
    "Refund": {"usage corrected", "purchase refunded"},
    "Credit": {"credit"},
    "Tax": {"tax"},
    "Adjustment": {"adjustment"},
    "Purchase": {"purchase", "reservation bought", "reservation rent", "plan bought", "plan rent", "purchase refunded"},
    "BundledDiscount": set(),
    "Discount": set(),
    "EdpDiscount": set(),
    "PrivateRateDiscount": set(),
    "RiVolumeDiscount": set(),
    "SavingsPlanNegation": set(),
    "SavingsPlan*": {"covered by a plan", "plan bought", "plan rent", "unused plan"},
}


def names_of(specification: str, folder: Path, bill_input_tax: bool = True) -> set[str]:
    inputs = month_of(specification, bill_input_tax=bill_input_tax)
    outcome = priced(folder, inputs, *RECORDS.values())
    return {name for name, (_, _, position) in zip(RECORDS, outcome, strict=True) if position is not None}


@pytest.mark.parametrize("word", RECORD_TYPES)
def test_record_types_name_the_lines_of_the_table(tmp_path: Path, word: str) -> None:
    specification = book_of(rule(product(f'<RecordType name="{word}"/>')))
    assert names_of(specification, tmp_path) == RECORD_TYPES[word]


def test_every_record_type_is_tested() -> None:
    assert set(KNOWN) <= RECORD_TYPES.keys()


def test_a_rule_without_a_record_type_matches_usage_and_purchases_only(tmp_path: Path) -> None:
    assert names_of(book_of(rule()), tmp_path) == RECORDS.keys() - {"credit", "tax", "adjustment"}
    assert names_of(book_of(rule(product())), tmp_path) == RECORDS.keys() - {"credit", "tax", "adjustment"}


def test_input_tax_that_is_not_billed_is_priced_by_no_rule(tmp_path: Path) -> None:
    specification = book_of(rule(product('<RecordType name="Tax"/>')))
    assert names_of(specification, tmp_path, bill_input_tax=False) == set()
    assert priced(tmp_path, month_of(specification), RECORDS["tax"]) == [("INPUT_TAX", Decimal(0), None)]
    billed = priced(tmp_path, month_of(specification, bill_input_tax=True), RECORDS["tax"])
    assert billed == [("BILLED", Decimal(20), 1)]


def test_a_discount_that_names_credits_is_off_the_credit_itself(tmp_path: Path) -> None:
    """On basis list a discount is off retail; a credit has no retail, and a partner may keep it."""
    kept = '<BasicBillingRule billingAdjustment="100" billingRuleType="percentDiscount"/>'
    specification = book_of(rule(product('<RecordType name="Credit"/>'), kept))
    inputs = month_of(specification, basis=Basis.LIST)
    assert priced(tmp_path, inputs, RECORDS["credit"]) == [("BILLED", Decimal(0), 1)]


TRANSFERS = [
    replace(CHARGE, service="Bandwidth", meter=None, description=None),
    replace(AMAZON, service="AWS Data Transfer", meter=None),
    replace(CHARGE, meter="Standard Data Transfer Out"),
    replace(AMAZON, meter="USE1-DataTransfer-Out-Bytes"),
    replace(AMAZON, meter="USE2-USE1-AWS-Out-Bytes"),
    replace(AMAZON, meter="APN1-CloudFront-In-Bytes"),
    replace(AMAZON, meter=None, description="$0.090 per GB - first 10 TB / month data transfer out"),
]


def test_data_transfer_is_left_out_where_the_rule_says_so(tmp_path: Path) -> None:
    lines = [*TRANSFERS, CHARGE, AMAZON, replace(CHARGE, service=None, meter=None, description=None)]
    for attributes, inside in (
        (' includeDataTransfer="false"', ""),
        ("", product(attributes=' includeDataTransfer="false"')),
    ):
        outcome = priced(tmp_path, month_of(book_of(rule(inside, attributes=attributes))), *lines)
        assert [position for _, _, position in outcome] == [None] * len(TRANSFERS) + [1, 1, 1]
    inside = product(attributes=' includeDataTransfer="true"')
    outcome = priced(tmp_path, month_of(book_of(rule(inside, attributes=' includeDataTransfer="false"'))), *lines)
    assert [position for _, _, position in outcome] == [1] * len(lines)


def test_purchases_of_commitments_are_left_out_where_the_rule_says_so(tmp_path: Path) -> None:
    lines = [BOUGHT, replace(BOUGHT, commitment_category="Spend"), RECORDS["purchase"], RESERVED, CHARGE]
    outcome = priced(tmp_path, month_of(book_of(rule(attributes=' includeRIPurchases="false"'))), *lines)
    assert [position for _, _, position in outcome] == [None, None, 1, 1, 1]
    assert matched(tmp_path, "", *lines) == [True] * 5


def test_the_first_match_prices_the_line_and_ends_the_search(tmp_path: Path) -> None:
    storage = rule(product(name="Storage"))
    nothing = rule("", '<BasicBillingRule billingAdjustment="0" billingRuleType="percentIncrease"/>')
    specification = book_of(storage, nothing, rule())
    assert priced(tmp_path, month_of(specification), CHARGE) == [("BILLED", Decimal(10), 2)]


def test_rule_groups_are_in_force_on_charge_days_both_ends_included(tmp_path: Path) -> None:
    moments = (on(9, 23), on(10), on(12, 23), on(13))
    lines = [replace(CHARGE, start=moment, end=moment + timedelta(hours=1)) for moment in moments]
    specification = book_of(rule(), group=' startDate="2024-09-10" endDate="09/12/2024"')
    assert [position for _, _, position in priced(tmp_path, month_of(specification), *lines)] == [None, 1, 1, None]
    off = book_of(rule(), group=' enabled="false"')
    assert [position for _, _, position in priced(tmp_path, month_of(off), *lines)] == [None] * 4
    late = replace(CHARGE, start=on(12), end=on(30))
    assert priced(tmp_path, month_of(specification), late) == [("BILLED", Decimal(20), 1)]


def rate(value: str, attributes: str = "") -> str:
    return f'<BasicBillingRule billingAdjustment="{value}" billingRuleType="fixedRate"{attributes}/>'


def test_a_fixed_rate_is_quantity_times_rate(tmp_path: Path) -> None:
    third = replace(CHARGE, quantity=Decimal("0.00000001"))
    assert priced(tmp_path, month_of(book_of(rule("", rate("0.04")))), CHARGE) == [("FIXED_RATE", Decimal("0.12"), 1)]
    tie = priced(tmp_path, month_of(book_of(rule("", rate("0.00005")))), third)
    assert tie == [("FIXED_RATE", Decimal("0.000000000001"), 1)]
    negative = priced(tmp_path, month_of(book_of(rule("", rate("-0.00005")))), third)
    assert negative == [("FIXED_RATE", Decimal("-0.000000000001"), 1)]
    greatest = replace(CHARGE, quantity=Decimal("99999999.99999999"))
    assert priced(tmp_path, month_of(book_of(rule("", rate("9999999.9999999999")))), greatest)[0][0] == "FIXED_RATE"


@pytest.mark.parametrize(
    ("attributes", "line", "is_rated"),
    [
        ("", CHARGE, True),
        ("", replace(CHARGE, currency="EUR"), False),
        (' currency="EUR"', replace(CHARGE, currency="EUR"), True),
        (' currency="EUR"', CHARGE, False),
        (' unit="1 Hour"', CHARGE, True),
        (' unit="1 GB"', CHARGE, False),
        (' unit="1 Hour"', replace(CHARGE, unit=None), False),
        ("", replace(CHARGE, unit=None), True),
        ("", replace(CHARGE, quantity=None), False),
        ("", replace(CHARGE, quantity=Decimal(0)), True),
        ("", RESERVED, False),
        ("", BOUGHT, False),
        ("", RECORDS["purchase"], True),
    ],
)
def test_a_fixed_rate_does_not_match_what_it_cannot_price(
    tmp_path: Path, attributes: str, line: Line, is_rated: bool
) -> None:
    outcome = priced(tmp_path, month_of(book_of(rule("", rate("2", attributes)), rule())), line)
    assert outcome[0][2] == (1 if is_rated else 2)


def test_the_account_that_is_named_most_closely_has_the_book(tmp_path: Path) -> None:
    books = [book_of(rule("", rate(str(number)))) for number in range(1, 5)]
    everywhere: dict[str | None, int] = {"s-1": 1, "t-1": 2, "payer-1": 3, None: 4}
    for key, number in everywhere.items():
        inputs = month_of(*books, accounts=everywhere)
        assert priced(tmp_path, inputs, CHARGE) == [("FIXED_RATE", Decimal(3 * number), 1)]
        everywhere = {other: book for other, book in everywhere.items() if other != key}
    assert priced(tmp_path, month_of(*books, accounts={"s-2": 1}), CHARGE) == [("BILLED", Decimal(10), None)]


def test_books_do_not_fall_through(tmp_path: Path) -> None:
    """The book of the subscription has no rule for the line, or none on that day: then its base is the price."""
    elsewhere = book_of(rule(product(name="Storage")))
    over = book_of(rule(), group=' endDate="2024-08-31"')
    for own in (elsewhere, over):
        inputs = month_of(book_of(rule()), own, accounts={None: 1, "s-1": 2})
        assert priced(tmp_path, inputs, CHARGE) == [("BILLED", Decimal(10), None)]


def test_data_sets_of_before_have_none_of_the_columns_that_books_ask_about(tmp_path: Path) -> None:
    """A lake may hold lines that were taken in when cost lines had fewer columns."""
    inputs = month_of(book_of(rule(product('<Operation name="RunInstances"/>')), rule()))
    _, before = rated_by_engine([AMAZON], inputs, tmp_path, 1)
    with DuckDBEngine(tmp_path / "spill", "600MB") as engine:
        lines = f"SELECT * EXCLUDE (x_Operation, x_ServiceCode, ChargeClass) FROM '{tmp_path / 'part-00000.parquet'}'"
        engine.create_table_as("old", lines)
        engine.write_table("old", tmp_path / "old.parquet")
        engine.read_cost_lines([tmp_path / "old.parquet"])
        assert engine.rows("SELECT x_Operation, x_ServiceCode, SkuMeter FROM cost_lines") == [
            (None, None, AMAZON.meter)
        ]
    assert before[0].rule == 1


def test_every_word_is_in_the_table() -> None:
    text = (ROOT / "docs" / "price-books.md").read_text(encoding="utf-8")
    meaning = text.split("## What the words mean", 1)[1]
    asked = {
        *WORDS["Product"].children,
        *WORDS["InstanceProperties"].optional,
        "includeDataTransfer",
        "includeRIPurchases",
    }
    assert {word for word in asked if f"`{word}" not in meaning} == set()
    assert {word for word in KNOWN if f"`{word}`" not in meaning} == set()
    elements = set(re.findall(r"`([A-Z]\w+)`", text.split("| element |", 1)[1].split("\n\n", 1)[0]))
    assert elements >= WORDS.keys()
