"""Every layout, from real files and from files made the way Microsoft describes them."""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rebill.model.money import round_half_away
from rebill.sources.cost_files import FileRefused
from rebill.sources.layouts import LAYOUTS, recognise
from rebill.sources.layouts.derivations import product_sql
from rebill.sources.layouts.layout import loose_name
from tests.sources.delivered import Delivered, FileReader

FILES = Path(__file__).parent / "files"
DAILY_RATED = (
    "PartnerId PartnerName CustomerId CustomerName CustomerDomainName CustomerCountry MpnId Tier2MpnId "
    "InvoiceNumber ProductId SkuId AvailabilityId SkuName ProductName PublisherName PublisherId "
    "SubscriptionDescription SubscriptionId ChargeStartDate ChargeEndDate UsageDate MeterType MeterCategory "
    "MeterId MeterSubCategory MeterName MeterRegion Unit ResourceLocation ConsumedService ResourceGroup "
    "ResourceURI ChargeType UnitPrice Quantity UnitType BillingPreTaxTotal BillingCurrency PricingPreTaxTotal "
    "PricingCurrency ServiceInfo1 ServiceInfo2 Tags AdditionalInfo EffectiveUnitPrice PCToBCExchangeRate "
    "PCToBCExchangeRateDate EntitlementId EntitlementDescription PartnerEarnedCreditPercentage CreditPercentage "
    "CreditType BenefitOrderId BenefitId BenefitType"
).split()
USAGE = {
    "PartnerId": "2b8940db-0000-4000-8000-000000000000",
    "CustomerId": "org:D7F565F5-0000-4000-8000-000000000001",
    "Tier2MpnId": "-1",
    "InvoiceNumber": "G016907411",
    "ProductName": "Virtual Machines Dv3 Series",
    "SubscriptionDescription": "Azure plan",
    "UsageDate": "9/3/2024",
    "ChargeStartDate": "8/1/2024",
    "MeterCategory": "Virtual Machines",
    "MeterName": "D2 v3",
    "ResourceLocation": "westeurope",
    "ChargeType": "new",
    "UnitPrice": "0.0209951014286867123456",
    "Quantity": "23.350007",
    "UnitType": "1 Hour",
    "BillingPreTaxTotal": "0.41",
    "BillingCurrency": "EUR",
    "PricingCurrency": "USD",
    "Tags": '"costcentre": "7"',
    "EffectiveUnitPrice": "0.0178458362",
    "PCToBCExchangeRate": "0.846202666",
    "EntitlementId": "66BADA28-0000-4000-8000-000000000002",
    "PartnerEarnedCreditPercentage": "0.15",
}
COST_MANAGEMENT = {
    "invoiceId": "G1",
    "previousInvoiceId": "",
    "billingAccountId": "account",
    "billingProfileId": "profile",
    "customerTenantId": "D7F565F5-0000-4000-8000-000000000001",
    "resellerMpnId": "1234567",
    "billingPeriodStartDate": "09/01/2024",
    "billingPeriodEndDate": "09/30/2024",
    "date": "09/30/2024",
    "meterCategory": "Virtual Machines",
    "SubscriptionId": "66bada28-0000-4000-8000-000000000002",
    "quantity": "2",
    "unitOfMeasure": "1 Hour",
    "chargeType": "Usage",
    "billingCurrency": "USD",
    "pricingCurrency": "USD",
    "costInBillingCurrency": "1.5",
    "paygCostInBillingCurrency": "2",
    "PayGPrice": "1",
    "exchangeRatePricingToBilling": "1",
    "partnerEarnedCreditRate": "15",
    "reservationId": "",
    "benefitId": "",
}
INVOICE = {
    "PartnerId": "2b8940db",
    "CustomerId": "d7f565f5-0000-4000-8000-000000000001",
    "InvoiceNumber": "G016907411",
    "ResellerMpnId": "7654321",
    "OrderId": "order",
    "ProductName": "Reserved VM Instance, Standard_DS1_v2, 1 Year",
    "ChargeType": "new",
    "UnitPrice": "120",
    "Quantity": "2",
    "Subtotal": "204",
    "TaxTotal": "20",
    "Total": "224",
    "Currency": "USD",
    "SubscriptionDescription": "Azure plan",
    "ChargeStartDate": "2024-09-03T00:00:00Z",
    "ChargeEndDate": "2025-09-03T00:00:00Z",
    "MeterDescription": "",
    "ReservationOrderId": "reservation-order",
}


def _day(text: str) -> datetime:
    """The start of a day, as the lake has it: UTC, without a zone."""
    return datetime.fromisoformat(text)


def _written(file: Path, rows: Sequence[Mapping[str, str]], names: Sequence[str] = ()) -> Path:
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, names or list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def read(reader: FileReader, tmp_path: Path, rows: Sequence[Mapping[str, str]], **order: str) -> Delivered:
    """What becomes of a file with these rows."""
    return reader.read(_written(tmp_path / "delivery.csv", rows), **order)  # type: ignore[arg-type] # texts


@pytest.mark.parametrize(
    ("name", "layout", "cost_column"),
    [
        ("enterprise_actual.csv", "enterprise-actual", "Cost"),
        ("enterprise_one_row.csv", "enterprise-actual", "CostInBillingCurrency"),
        ("cost_management_camel_case.csv", "cost-management-actual", "costInBillingCurrency"),
        ("cost_management_of_a_subscription.csv", "cost-management-actual", "costInBillingCurrency"),
        ("pay_as_you_go.csv", "pay-as-you-go", "PreTaxCost"),
        ("pay_as_you_go_german.csv", "pay-as-you-go", "costInBillingCurrency"),
        ("aws_cost_and_usage_199_rows.csv", "aws-cost-and-usage", "lineItem/UnblendedCost"),
    ],
)
def test_a_real_file_is_recognised_and_loses_no_row_and_no_cost(
    reader: FileReader, name: str, layout: str, cost_column: str
) -> None:
    with (FILES / name).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    read = reader.read(FILES / name, period="2023-08")
    assert (read.converted.layout, read.rejects) == (layout, ())
    assert [line["x_SourceRow"] for line in read.lines] == list(range(1, len(rows) + 1))
    assert sum(line["BilledCost"] for line in read.lines) == sum(
        round_half_away(Decimal(row[cost_column] or "0"), 12) for row in rows
    )
    assert all(line["SubAccountId"] and line["ServiceName"] and line["ChargePeriodStart"] for line in read.lines)


# As Microsoft's schema of customers' files of 2019-10-01 spells them, in part.
OLDEST_NAMES = {
    "SubscriptionId": "SubscriptionGuid",
    "billingCurrency": "BillingCurrencyCode",
    "pricingCurrency": "PricingCurrencyCode",
    "exchangeRatePricingToBilling": "ExchangeRate",
    "PayGPrice": "MarketPrice",
}


def test_cost_management_of_2019_has_other_names_for_the_same_columns(reader: FileReader, tmp_path: Path) -> None:
    row = {**COST_MANAGEMENT, "paygCostInBillingCurrency": "", "pricingCurrency": "EUR", "PayGPrice": "3"}
    row["exchangeRatePricingToBilling"] = "1.25"
    (named_today,) = read(reader, tmp_path, [row]).lines
    older = read(reader, tmp_path, [{OLDEST_NAMES.get(name, name): value for name, value in row.items()}])
    assert older.converted.layout == "cost-management-actual"
    (line,) = older.lines
    assert (line["ListCost"], line["PricingCurrency"], line["x_ExchangeRate"]) == (Decimal("7.5"), "EUR", "1.25")
    assert {name: line[name] for name in named_today if name in line} == {
        name: value for name, value in named_today.items() if name in line
    }


def _first_row(name: str) -> dict[str, str]:
    with (FILES / name).open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("row", "cost", "price", "quantity"),
    [
        (USAGE, "BillingPreTaxTotal", "UnitPrice", "Quantity"),
        (INVOICE, "Subtotal", "UnitPrice", "Quantity"),
        ({**COST_MANAGEMENT, "paygCostInBillingCurrency": ""}, "costInBillingCurrency", "PayGPrice", "quantity"),
        (_first_row("pay_as_you_go.csv"), "PreTaxCost", "ResourceRate", "UsageQuantity"),
    ],
    ids=["daily-rated usage", "invoice reconciliation", "cost management", "pay-as-you-go"],
)
def test_retail_of_what_is_taken_back_is_taken_back_too(
    reader: FileReader, tmp_path: Path, row: Mapping[str, str], cost: str, price: str, quantity: str
) -> None:
    """Whichever of cost, price and quantity bears the sign: billed at retail, a refund is never a charge."""
    signs: Sequence[Mapping[str, str]] = (
        {},
        {cost: "-1"},
        {cost: "-1", quantity: "-3"},
        {cost: "-1", price: "-2"},
        {cost: "1", quantity: "-3"},
        {cost: "-1", price: "-2", quantity: "-3"},
    )
    numbers = {cost: "1", price: "2", quantity: "3"}
    currencies = {"BillingCurrency": "USD", "PricingCurrency": "USD", "PCToBCExchangeRate": "1"}
    rows = [
        {**row, **{name: value for name, value in currencies.items() if name in row}, **numbers, **one} for one in signs
    ]
    lines = reader.read(_written(tmp_path / "file.csv", rows), period="2024-09").lines
    assert [line["ListCost"] for line in lines] == [6, -6, -6, -6, -6, -6]


def test_retail_that_is_told_whole_is_taken_back_too(reader: FileReader, tmp_path: Path) -> None:
    cost, retail = "costInBillingCurrency", "paygCostInBillingCurrency"
    told = (("10", "12"), ("-10", "12"), ("-10", "-12"), ("-10", "+12"), ("-1", "0"), ("-1", ""))
    rows = [{**COST_MANAGEMENT, cost: amount, retail: whole, "PayGPrice": ""} for amount, whole in told]
    lines = reader.read(_written(tmp_path / "file.csv", rows), period="2024-09").lines
    assert [line["ListCost"] for line in lines] == [12, -12, -12, -12, 0, None]


def test_a_refund_whose_effective_price_alone_bears_the_sign_is_no_charge(reader: FileReader, tmp_path: Path) -> None:
    """Part of a licence's term is given back: its price is the effective one, which says so by itself."""
    numbers = {"UnitPrice": "57", "EffectiveUnitPrice": "-38", "BillableQuantity": "2", "Subtotal": "-76"}
    same = {"PricingCurrency": "USD", "Currency": "USD", "BillingCurrency": "USD", "PCToBCExchangeRate": "1"}
    licence = {
        "SubscriptionDescription": "Business Premium",
        "ReservationOrderId": "",
        "PriceAdjustmentDescription": "",
    }
    row = {**INVOICE, **same, **numbers, **licence, "ChargeType": "cancel"}
    (line,) = reader.read(_written(tmp_path / "file.csv", [row]), period="2024-09").lines
    assert line["ListCost"] == -76


def test_the_zero_guid_of_older_exports_is_no_subscription_and_no_customer(reader: FileReader, tmp_path: Path) -> None:
    """So rounding adjustments are known as such, and unused commitments can be allocated."""
    none = "00000000-0000-0000-0000-000000000000"
    row = {**COST_MANAGEMENT, "SubscriptionId": none, "customerTenantId": none}
    rounding = {**row, "chargeType": "RoundingAdjustment"}
    unused = {
        **row,
        "chargeType": "UnusedReservation",
        "costInBillingCurrency": "0",
        "SubscriptionId": f"/subscriptions/{none}",
    }
    lines = read(reader, tmp_path, [rounding, unused]).lines
    assert [(line["SubAccountId"], line["x_AzureCustomerId"]) for line in lines] == [(None, None)] * 2


def test_a_line_of_daily_rated_usage(reader: FileReader, tmp_path: Path) -> None:
    """Retail in dollars × quantity × rate, exactly; the tenant without ``org:``; no reseller; the credit in percent."""
    read = reader.read(_written(tmp_path / "usage.csv", [USAGE], DAILY_RATED), period="2024-09")
    (line,) = read.lines
    assert (read.converted.layout, read.converted.view) == ("daily-rated-usage", "usage")
    with localcontext(prec=60):
        retail = Decimal(USAGE["UnitPrice"]) * Decimal(USAGE["Quantity"]) * Decimal(USAGE["PCToBCExchangeRate"])
    assert line["ListCost"] == round(retail, 12)
    assert (line["BilledCost"], line["EffectiveCost"], line["BillingCurrency"]) == (
        Decimal("0.41"),
        Decimal("0.41"),
        "EUR",
    )
    assert line["x_AzureCustomerId"] == "d7f565f5-0000-4000-8000-000000000001"
    assert line["SubAccountId"] == "66bada28-0000-4000-8000-000000000002"
    assert (line["x_ResellerId"], line["x_PartnerCreditPercent"]) == (None, "15.000000")
    assert line["Tags"] == '{"costcentre": "7"}'
    assert (line["ChargePeriodStart"], line["ChargePeriodEnd"]) == (_day("2024-09-03"), _day("2024-09-04"))
    # What the layout makes no column of is kept under its own name; the exchange rate under one that all layouts share.
    assert (line["x_ExchangeRate"], line["ChargeStartDate"]) == ("0.846202666", "8/1/2024")


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        *((text, "15.000000") for text in ("15", "0.15", "15.0", ".15", "15%", "15.0%", "15.0 %", "15.0\u00a0%")),
        ("0", "0.000000"),
        ("0 %", "0.000000"),
        ("1", "1.000000"),
        ("0.5%", "0.500000"),
        ("fifteen", "fifteen"),
        ("", None),
    ],
)
def test_a_partner_earned_credit_is_read_however_it_is_written(
    reader: FileReader, tmp_path: Path, text: str, percent: str | None
) -> None:
    usage = {**USAGE, "PartnerEarnedCreditPercentage": text}
    (line,) = read(reader, tmp_path, [usage], period="2024-09").lines
    assert line["x_PartnerCreditPercent"] == percent


def test_late_usage_needs_to_be_told_which_month_bills_it(reader: FileReader, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="--period"):
        read(reader, tmp_path, [USAGE])


def test_usage_that_a_benefit_covers_has_no_amortized_cost_here(reader: FileReader, tmp_path: Path) -> None:
    covered = {**USAGE, "BillingPreTaxTotal": "0", "BenefitId": "plan-1", "PartnerEarnedCreditPercentage": "15"}
    (line,) = read(reader, tmp_path, [covered], period="2024-09").lines
    assert (line["CommitmentDiscountId"], line["CommitmentDiscountStatus"]) == ("plan-1", "Used")
    assert (line["EffectiveCost"], line["x_PartnerCreditPercent"]) == (None, "15.000000")


def test_an_empty_customer_is_no_customer(reader: FileReader, tmp_path: Path) -> None:
    nobody = {**USAGE, "CustomerId": "", "EntitlementId": ""}
    (line,) = read(reader, tmp_path, [nobody], period="2024-09").lines
    assert (line["x_AzureCustomerId"], line["SubAccountId"]) == (None, None)


@pytest.mark.parametrize(
    ("charge_type", "category", "charge_class", "status", "effective"),
    [
        ("Usage", "Usage", None, None, "1.5"),
        ("Purchase", "Purchase", None, None, "1.5"),
        ("Refund", "Purchase", "Correction", None, "1.5"),
        ("RoundingAdjustment", "Adjustment", None, None, "1.5"),
        ("Tax", "Tax", None, None, "1.5"),
        ("Credit", "Credit", None, None, "1.5"),
    ],
)
def test_microsofts_charge_types(
    reader: FileReader,
    tmp_path: Path,
    charge_type: str,
    category: str,
    charge_class: str | None,
    status: str | None,
    effective: str,
) -> None:
    (line,) = read(reader, tmp_path, [{**COST_MANAGEMENT, "chargeType": charge_type}]).lines
    assert (line["ChargeCategory"], line["ChargeClass"]) == (category, charge_class)
    assert (line["CommitmentDiscountStatus"], line["EffectiveCost"]) == (status, Decimal(effective))
    assert (line["ListCost"], line["BilledCost"]) == (2, Decimal("1.5"))
    assert (line["ChargePeriodEnd"], line["BillingPeriodStart"]) == (_day("2024-10-01"), _day("2024-09-01"))
    assert (line["BillingAccountId"], line["x_PartnerCreditPercent"]) == ("profile", "15.000000")


def test_a_charge_type_nobody_knows_is_a_reject(reader: FileReader, tmp_path: Path) -> None:
    (reject,) = read(reader, tmp_path, [{**COST_MANAGEMENT, "chargeType": "Donation"}]).rejects
    assert (reject.code, reject.column) == ("unknown_charge_category", "chargeType")
    assert "Donation" in reject.reason


def test_retail_that_is_not_named_is_computed(reader: FileReader, tmp_path: Path) -> None:
    rows = [
        {
            **COST_MANAGEMENT,
            "paygCostInBillingCurrency": "",
            "PayGPrice": "1.25",
            "exchangeRatePricingToBilling": "0.9",
        },
        {**COST_MANAGEMENT, "paygCostInBillingCurrency": "", "PayGPrice": "1.25", "exchangeRatePricingToBilling": ""},
        {**COST_MANAGEMENT, "paygCostInBillingCurrency": "", "PayGPrice": ""},
    ]
    lines = read(reader, tmp_path, rows).lines
    assert [line["ListCost"] for line in lines] == [Decimal("2.25"), Decimal("2.5"), None]


@pytest.mark.parametrize("charge_type", ["Usage", "UnusedReservation", "UnusedSavingsPlan"])
def test_amortized_cost_is_not_taken_for_actual(reader: FileReader, tmp_path: Path, charge_type: str) -> None:
    """A reservation's usage bears no cost in a file of actual cost, and its share in an amortized one."""
    covered = {**COST_MANAGEMENT, "chargeType": charge_type, "reservationId": "reservation-1"}
    taken_for_actual = read(reader, tmp_path, [covered])
    assert [reject.code for reject in taken_for_actual.rejects] == ["amortized_cost"]
    (line,) = read(reader, tmp_path, [covered], layout="cost-management-amortized").lines
    assert (line["BilledCost"], line["EffectiveCost"]) == (0, Decimal("1.5"))
    assert (line["CommitmentDiscountId"], line["ChargeCategory"]) == ("reservation-1", "Usage")
    assert line["CommitmentDiscountStatus"] == ("Used" if charge_type == "Usage" else "Unused")


def test_a_real_amortized_file(reader: FileReader) -> None:
    read = reader.read(FILES / "enterprise_amortized.csv", layout="enterprise-amortized")
    covered = [line for line in read.lines if line["CommitmentDiscountId"]]
    assert (len(read.lines), read.rejects, read.converted.view) == (28, (), "amortized")
    assert [(line["BilledCost"], line["EffectiveCost"]) for line in covered] == [
        (0, Decimal("0.493152")),
        (0, Decimal("0.006000000468")),
    ]


def test_columns_in_any_order_case_and_language(reader: FileReader, tmp_path: Path) -> None:
    names = list(COST_MANAGEMENT)
    random.Random(7).shuffle(names)
    written = {
        name: f"Übersetzt {number} ({name})" if number % 3 == 0 else name.upper() for number, name in enumerate(names)
    }
    row = {written[name]: COST_MANAGEMENT[name] for name in names}
    (line,) = read(reader, tmp_path, [row]).lines
    (plain,) = read(reader, tmp_path, [COST_MANAGEMENT]).lines
    told = [name for name, text in plain.items() if text is not None and name[0].isupper() and name != "PayGPrice"]
    assert {name: line[name] for name in told} == {name: plain[name] for name in told}


def test_aws_names_its_columns_in_two_ways() -> None:
    assert loose_name("lineItem/UsageAccountId") == loose_name("line_item_usage_account_id")


def test_a_savings_plan_of_aws_is_its_fee(reader: FileReader, tmp_path: Path) -> None:
    base = {
        "bill/PayerAccountId": "1",
        "bill/BillingPeriodStartDate": "2024-09-01T00:00:00Z",
        "lineItem/UsageAccountId": "2",
        "lineItem/UsageStartDate": "2024-09-02T00:00:00Z",
        "lineItem/UsageEndDate": "2024-09-02T01:00:00Z",
        "lineItem/ProductCode": "AmazonEC2",
        "lineItem/CurrencyCode": "USD",
        "savingsPlan/SavingsPlanARN": "arn:plan",
        "savingsPlan/SavingsPlanEffectiveCost": "0.6",
    }
    kinds = [("SavingsPlanCoveredUsage", "1"), ("SavingsPlanNegation", "-1"), ("SavingsPlanRecurringFee", "0.7")]
    rows = [{**base, "lineItem/LineItemType": kind, "lineItem/UnblendedCost": cost} for kind, cost in kinds]
    lines = read(reader, tmp_path, rows).lines
    assert [(line["ChargeCategory"], line["BilledCost"], line["EffectiveCost"]) for line in lines] == [
        ("Usage", 0, Decimal("0.6")),
        ("Adjustment", 0, 0),
        ("Purchase", Decimal("0.7"), 0),
    ]


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("costInBillingCurrency", "1,5", "not_a_number"),
        ("date", "30. September 2024", "not_a_date"),
        ("date", "09/30/24", "not_a_date"),
        ("date", "31/31/2024", "not_a_date"),
        ("PayGPrice", "free", "not_a_number"),
        ("billingCurrency", "Euro", "unknown_currency"),
    ],
)
def test_a_value_that_cannot_be_read_names_the_files_own_column(
    reader: FileReader, tmp_path: Path, column: str, text: str, code: str
) -> None:
    row = {**COST_MANAGEMENT, "paygCostInBillingCurrency": "", column: text}
    (reject,) = read(reader, tmp_path, [row]).rejects
    assert (reject.code, column in (reject.column or "")) == (code, True), reject


def test_a_text_is_told_once_however_many_columns_are_made_of_it_and_every_other_beside_it(
    reader: FileReader, tmp_path: Path
) -> None:
    row = {**COST_MANAGEMENT, "paygCostInBillingCurrency": ""}
    rows = [{**row, "costInBillingCurrency": "1,25"}, {**row, "costInBillingCurrency": "1,25", "PayGPrice": "2,50"}]
    first, second = read(reader, tmp_path, rows).rejects
    assert (first.column, "; also" in first.reason) == ("costInBillingCurrency", False)
    assert (second.column, "PayGPrice" in second.reason) == ("costInBillingCurrency", True)


def test_a_header_in_another_language_is_refused_with_what_it_lacks(reader: FileReader, tmp_path: Path) -> None:
    translated = {f"Spalte {number}": text for number, text in enumerate(COST_MANAGEMENT.values())}
    with pytest.raises(FileRefused, match="export it in English"):
        read(reader, tmp_path, [translated])


def test_focus_1_3_names_the_provider_of_the_service() -> None:
    header = "BilledCost ChargePeriodStart BillingCurrency ChargeCategory ServiceProviderName HostProviderName".split()
    recognition = recognise(header)
    assert (recognition.name, recognition.missing) == ("focus-1.3", ())


def test_the_header_of_one_layout_is_no_other() -> None:
    for name, layout in (("usage", "daily-rated-usage"), ("invoice", "invoice-reconciliation")):
        header = DAILY_RATED if name == "usage" else list(INVOICE)
        complete = [found.name for found in LAYOUTS if not found.recognise(header).missing]
        assert complete == [layout]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=10).map(str)
written_numbers = st.one_of(
    numbers,
    st.from_regex(r"[+-]?[0-9]{1,4}[.][0-9]{0,12}", fullmatch=True),
    st.sampled_from(["0", "-0.0", "1", "1.0", "5.", ".25", "1e-3", "2.5E2", "+7"]),
    st.from_regex(r"[+-]?([0-9]{1,90}[.]?[0-9]{0,90}|[.][0-9]{1,90})([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"-?9{17,40}[.]9{17,40}", fullmatch=True),
)


@given(st.lists(written_numbers, min_size=2, max_size=3))
@example(["0.1999968000511991808131", "23.350007123456789012", "0.846202666"])
@example(["9" * 38, "-0." + "9" * 37, "1." + "3" * 40])
@example(["0." + "0" * 80 + "1", "0", "1e80"])
@example(["9" * 1800, "9" * 1800])
@settings(max_examples=150, deadline=None)
def test_a_product_is_exact(engine: duckdb.DuckDBPyConnection, factors: list[str]) -> None:
    columns = [f"n{number}" for number in range(len(factors))]
    names = ", ".join(f"CAST(? AS VARCHAR) AS {column}" for column in columns)
    found = engine.execute(f"SELECT {product_sql(*columns)} FROM (SELECT {names})", factors).fetchall()[0][0]
    with localcontext(prec=5_000):
        wanted = Decimal(1)
        for factor in factors:
            wanted *= Decimal(factor)
        assert Decimal(found) == wanted
