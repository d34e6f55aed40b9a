"""What Partner Center's invoice reconciliation becomes."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.sources.delivered import FileReader
from tests.sources.test_layouts import INVOICE, read


def test_an_invoice_reconciliation_sums_up_usage_and_adds_the_rest(reader: FileReader, tmp_path: Path) -> None:
    consumption = {**INVOICE, "MeterDescription": "D2 v3", "ReservationOrderId": "", "ProductName": "Virtual Machines"}
    refund = {**INVOICE, "ChargeType": "cancelImmediate", "Subtotal": "-100", "Quantity": "-1"}
    found = read(reader, tmp_path, [INVOICE, consumption, refund], period="2024-09")
    assert (found.converted.layout, found.converted.view) == ("invoice-reconciliation", "invoice")
    assert [(line["ChargeCategory"], line["ChargeClass"], line["x_Role"]) for line in found.lines] == [
        ("Purchase", None, None),
        ("Usage", None, "tie_out"),
        ("Purchase", "Correction", None),
    ]
    # Before tax; the tax is Microsoft's to the partner, and kept beside.
    assert (found.lines[0]["BilledCost"], found.lines[0]["x_InputTax"]) == (Decimal(204), "20")


def test_a_licence_for_part_of_a_term_has_the_retail_of_that_part(reader: FileReader, tmp_path: Path) -> None:
    """Microsoft bills such a licence at its effective price, and writes the price of the whole term beside it."""
    licence = {**INVOICE, "ReservationOrderId": "", "SubscriptionDescription": "Microsoft 365", "UnitPrice": "18.26"}
    licence |= {"Quantity": "5", "BillableQuantity": "5", "PricingCurrency": "USD", "Currency": "USD"}
    licence |= {"PCToBCExchangeRate": "1", "PriceAdjustmentDescription": ""}
    part = {"EffectiveUnitPrice": "9.13", "Subtotal": "45.65"}
    rows = [
        {**licence, "EffectiveUnitPrice": "18.26", "Subtotal": "91.3"},
        {**licence, **part},
        {**licence, **part, "PriceAdjustmentDescription": "[]"},
        {**licence, **part, "Subtotal": "-45.65"},
        {**licence, **part, "PriceAdjustmentDescription": '["50.0% Promotion"]'},
        {**licence, **part, "ReservationOrderId": "reserved"},
        {**licence, "EffectiveUnitPrice": "0", "Subtotal": "0"},
        {**licence, "EffectiveUnitPrice": "", "Subtotal": "91.3"},
    ]
    whole, of_part = Decimal("91.3"), Decimal("45.65")
    lines = read(reader, tmp_path, rows, period="2024-09").lines
    assert [line["ListCost"] for line in lines] == [whole, of_part, of_part, -of_part, whole, whole, whole, whole]


@pytest.mark.parametrize("nothing", ["", " ", "-", "N/A", "none"])
def test_a_reservation_order_that_says_nothing_is_no_commitment(
    reader: FileReader, tmp_path: Path, nothing: str
) -> None:
    licence = {**INVOICE, "SubscriptionDescription": "Microsoft 365", "ReservationOrderId": nothing}
    (of_licence, of_reservation) = read(reader, tmp_path, [licence, INVOICE], period="2024-09").lines
    assert (of_licence["CommitmentDiscountId"], of_licence["ChargeCategory"]) == (None, "Purchase")
    assert of_reservation["CommitmentDiscountId"] == "reservation-order"


CONSUMPTION = {
    **INVOICE,
    "ReservationOrderId": "",
    "ProductName": "Virtual Machines",
    "MeterDescription": "D2 v3",
    "UnitType": "1 Hour",
    "BillingFrequency": "NA",
    "TermAndBillingCycle": "D2 v3 hours",
}
OF_PLAN = {**CONSUMPTION, "MeterDescription": "", "UnitType": "", "BillingFrequency": "", "TermAndBillingCycle": ""}


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"SubscriptionDescription": "AZURE PLAN "},
        {"SubscriptionDescription": " Azure-Plan"},
        {"SubscriptionDescription": "Azure  plan"},
        {"SubscriptionDescription": "Azure\u00a0plan"},
        {"SubscriptionDescription": "Microsoft Azure Plan"},
        {"MeterDescription": "", "TermAndBillingCycle": "1 Month term, monthly billing"},
        {"MeterDescription": "N/A", "BillingFrequency": ""},
        {"MeterDescription": " ", "UnitType": "10,000 s"},
    ],
)
def test_consumption_is_never_rated_however_it_is_written(
    reader: FileReader, tmp_path: Path, written: dict[str, str]
) -> None:
    found = read(reader, tmp_path, [{**CONSUMPTION, **written}], period="2024-09")
    assert [(line["ChargeCategory"], line["x_Role"]) for line in found.lines] == [("Usage", "tie_out")]


@pytest.mark.parametrize(
    "bought",
    [
        {"ReservationOrderId": "reserved", "UnitType": "1 Hour"},
        {"UnitType": "1 Hour", "TermAndBillingCycle": "3 Years, monthly"},
        {"UnitType": "1 Hour", "BillingFrequency": "Monthly"},
        {"UnitType": "1 Hour", "ProductName": "Azure Savings Plan for Compute"},
        {"UnitType": "Licenses"},
        {"UnitType": "1 Hour", "ChargeType": "customerCredit"},
        {"SubscriptionDescription": "Azure planner", "UnitType": "1 Hour"},
    ],
)
def test_what_is_bought_is_rated_though_it_is_of_an_azure_plan(
    reader: FileReader, tmp_path: Path, bought: dict[str, str]
) -> None:
    found = read(reader, tmp_path, [{**OF_PLAN, **bought}], period="2024-09")
    assert [(line["ChargeCategory"], line["x_Role"]) for line in found.lines] == [("Purchase", None)]


def test_a_row_that_may_be_either_is_told_instead_of_rated(reader: FileReader, tmp_path: Path) -> None:
    rows = [CONSUMPTION, OF_PLAN, {**OF_PLAN, "Subtotal": "0"}]
    found = read(reader, tmp_path, rows, period="2024-09")
    assert [line["x_Role"] for line in found.lines] == ["tie_out", None]
    ((code, column),) = {(reject.code, reject.column) for reject in found.rejects}
    assert (code, column, len(found.rejects)) == ("consumption_unclear", "MeterDescription", 1)
    without = [{name: text for name, text in OF_PLAN.items() if name in INVOICE and name != "MeterDescription"}]
    assert [reject.code for reject in read(reader, tmp_path, without, period="2024-09").rejects] == [code]
