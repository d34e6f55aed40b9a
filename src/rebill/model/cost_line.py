"""The cost line: FOCUS 1.2 column names, one row a charge, whatever the file it came from.

Source of the names: the FOCUS 1.2 specification (focus.finops.org). The ``x_`` columns are
rebill's own; ``docs/cost-lines.md`` tells where each comes from.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rebill.model.identifiers import AllocatedKind


class ColumnType(StrEnum):
    """SQL types of cost line columns, by their names in DuckDB, which writes them; ``engines.spark`` tells its own."""

    TEXT = "VARCHAR"
    INSTANT = "TIMESTAMP"
    """UTC, without zone."""
    AMOUNT = "DECIMAL(28,12)"
    QUANTITY = "DECIMAL(20,8)"
    ROW_NUMBER = "BIGINT"

    @property
    def decimals(self) -> int:
        """How many decimals are kept of a number."""
        return {ColumnType.AMOUNT: 12, ColumnType.QUANTITY: 8}.get(self, 0)


@dataclass(frozen=True)
class Column:
    """A column of the cost line. ``required``: a row without it is a reject."""

    name: str
    type: ColumnType = ColumnType.TEXT
    required: bool = False


def _text(names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names.split())


ROUNDED_VALUES: Final = "x_RoundedValues"
"""Beside a cost line: how many numbers of its source row had more decimals than are kept; NULL = none."""
FOCUS_COLUMNS: Final[tuple[Column, ...]] = (
    Column("BilledCost", ColumnType.AMOUNT, required=True),
    Column("ListCost", ColumnType.AMOUNT),
    Column("ContractedCost", ColumnType.AMOUNT),
    Column("EffectiveCost", ColumnType.AMOUNT),
    Column("ListUnitPrice", ColumnType.AMOUNT),
    Column("ContractedUnitPrice", ColumnType.AMOUNT),
    Column("PricingQuantity", ColumnType.QUANTITY),
    Column("ConsumedQuantity", ColumnType.QUANTITY),
    Column("CommitmentDiscountQuantity", ColumnType.QUANTITY),
    Column("BillingPeriodStart", ColumnType.INSTANT),
    Column("BillingPeriodEnd", ColumnType.INSTANT),
    Column("ChargePeriodStart", ColumnType.INSTANT, required=True),
    Column("ChargePeriodEnd", ColumnType.INSTANT),
    Column("BillingCurrency", required=True),
    Column("ChargeCategory", required=True),
    Column("ProviderName", required=True),
    *_text(
        "ServiceName SubAccountId PricingUnit BillingAccountId BillingAccountName BillingAccountType "
        "CapacityReservationId CapacityReservationStatus ChargeClass ChargeDescription ChargeFrequency "
        "CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountStatus "
        "CommitmentDiscountType CommitmentDiscountUnit ConsumedUnit AvailabilityZone InvoiceId InvoiceIssuerName "
        "PricingCategory PricingCurrency PublisherName RegionId RegionName ResourceId ResourceName ResourceType "
        "ServiceCategory ServiceSubcategory SkuId SkuMeter SkuPriceDetails SkuPriceId SubAccountName SubAccountType "
        "Tags"
    ),
)
"""The FOCUS 1.2 columns rebill knows. Unit prices are kept as amounts and never computed with."""

ROLE: Final = "x_Role"
TIE_OUT: Final = "tie_out"
"""``ROLE`` of a line that sums up what other lines of the month hold: compared with them, never rated."""
OWN_COLUMNS: Final[tuple[Column, ...]] = (
    Column("x_AzureCustomerId"),
    Column("x_ResellerId"),
    Column("x_PreviousInvoiceId"),
    Column("x_ServiceCode"),
    Column("x_Operation"),
    Column("x_SkuMeterSubcategory"),
    Column(ROLE),
    Column("x_SourceFile"),
    Column("x_SourceRow", ColumnType.ROW_NUMBER, required=True),
)
"""What rebill adds: the tenant, the reseller, the invoice a refund takes back, what price books ask for that FOCUS has
no column of (Amazon's service code and operation, Azure's meter subcategory), ``TIE_OUT``, where the row came from."""

PLAN: Final = "x_PlanId"
"""The Azure plan of a charge: Partner Center's subscription, not the Azure subscription."""
PRODUCT_SKU: Final = "x_ProductSkuId"
AVAILABILITY: Final = "x_AvailabilityId"
"""With the product and its SKU, what a meter is named by in daily usage and in the invoice's summary alike."""
EXCHANGE_RATE: Final = "x_ExchangeRate"
"""From the pricing currency to the billing currency, as the source writes it."""
EXCHANGE_RATE_DATE: Final = "x_ExchangeRateDate"
INPUT_TAX: Final = "x_InputTax"
"""Tax that stands beside a charge in the source, and is not part of its cost."""
SOURCE_CHARGE_TYPE: Final = "x_ChargeType"
"""The source's own word for the kind of charge."""

COLUMNS: Final[tuple[Column, ...]] = FOCUS_COLUMNS + OWN_COLUMNS
CHARGE_CATEGORIES: Final = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
COMMITMENT_STATUSES: Final = ("Used", "Unused")
LINE_KEYS: Final = (
    "ProviderName",
    "ServiceName",
    "ChargeCategory",
    "PricingUnit",
    "BillingCurrency",
    "CommitmentDiscountId",
    "CommitmentDiscountStatus",
    "SubAccountId",
    "x_AzureCustomerId",
    "BillingAccountId",
    "RegionId",
    "RegionName",
    "SkuMeter",
    "x_ServiceCode",
    "x_Operation",
    "x_SkuMeterSubcategory",
)
"""The columns that rating tells lines apart by: of accounts, of kinds of charge, and what most price books ask."""
LINE_KEY: Final = "x_LineKey"
"""Beside a cost line: a number that stands for its ``LINE_KEYS``, alike for all lines that have them alike.

Data sets keep both as they were imported: other ``LINE_KEYS`` need another name here."""
CHARGE_KIND: Final = f"""CASE l.ChargeCategory
         WHEN 'Purchase' THEN '{AllocatedKind.PURCHASE}' WHEN 'Adjustment' THEN '{AllocatedKind.ADJUSTMENT}'
         WHEN 'Credit' THEN '{AllocatedKind.CREDIT}' WHEN 'Tax' THEN '{AllocatedKind.TAX}'
         ELSE CASE WHEN l.CommitmentDiscountId IS NOT NULL AND l.CommitmentDiscountStatus = 'Unused'
                   THEN '{AllocatedKind.UNUSED_COMMITMENT}' ELSE '{AllocatedKind.USAGE}' END END"""
"""The ``AllocatedKind`` of a line ``l``, as SQL."""
