"""Daily-rated usage of the Azure plan: Partner Center's file of 55 columns, and the same rows from its billing export.

It holds the consumption of Azure plans, a row for each resource, meter and day, and neither reservations nor licences.
``UnitPrice`` is retail in the pricing currency; ``BillingPreTaxTotal`` what the partner pays. The charge dates are
those of the billing cycle and may be earlier for late usage; they do not tell the month that bills a row.
"""

from collections.abc import Mapping
from typing import Final

from rebill.model.data_set import VIEW_USAGE
from rebill.model.date_order import DateOrder
from rebill.sources.layouts.compared_columns import COMPARED_COLUMNS
from rebill.sources.layouts.derivations import (
    credit_percent,
    day_after,
    product_sql,
    tags_in_braces,
    taken_back_sql,
)
from rebill.sources.layouts.layout import Computed, Fields, Layout, Named, fixed, named

_COST: Final = ("BillingPreTaxTotal",)
_BENEFIT: Final = ("BenefitId", "BenefitOrderId")


def _list_cost(fields: Fields) -> str:
    same = f"{fields('PricingCurrency')} IS NOT DISTINCT FROM {fields('BillingCurrency')}"
    rate = f"coalesce({fields('PCToBCExchangeRate')}, CASE WHEN {same} THEN '1' END)"
    return taken_back_sql(product_sql(fields("UnitPrice"), fields("Quantity"), rate), fields(*_COST))


def _effective_cost(fields: Fields) -> str:
    # What usage that a benefit covers costs amortized, this file does not tell.
    return f"CASE WHEN coalesce({fields('BenefitId')}, {fields('BenefitOrderId')}) IS NULL THEN {fields(*_COST)} END"


def _commitment(fields: Fields) -> str:
    return f"coalesce({fields('BenefitId')}, {fields('BenefitOrderId')})"


def _status(fields: Fields) -> str:
    return f"CASE WHEN {_commitment(fields)} IS NOT NULL THEN 'Used' END"


_COLUMNS: Final[Mapping[str, Named | Computed]] = {
    "ProviderName": fixed("Microsoft"),
    "ChargeCategory": fixed("Usage"),
    "BilledCost": named(*_COST),
    "EffectiveCost": Computed((*_COST, *_BENEFIT), _effective_cost, "absent for usage that a benefit covers"),
    "ListCost": Computed(
        ("UnitPrice", "Quantity", "PCToBCExchangeRate", "PricingCurrency", "BillingCurrency", *_COST),
        _list_cost,
        "retail price × quantity × exchange rate (1 where both currencies are one), exactly; below 0 where the cost is",
    ),
    "BillingCurrency": named("BillingCurrency"),
    "PricingCurrency": named("PricingCurrency"),
    "PricingQuantity": named("Quantity"),
    "PricingUnit": named("UnitType", "Unit"),
    "ChargePeriodStart": named("UsageDate"),
    "ChargePeriodEnd": day_after("UsageDate"),
    "ChargeDescription": named("ProductName", "SkuName", "MeterName"),
    "InvoiceId": named("InvoiceNumber"),
    "BillingAccountId": named("PartnerId"),
    "BillingAccountName": named("PartnerName"),
    "PublisherName": named("PublisherName"),
    "SubAccountId": named("EntitlementId"),
    "SubAccountName": named("EntitlementDescription"),
    "x_AzureCustomerId": named("CustomerId"),
    "x_ResellerId": named("Tier2MpnId", "ResellerMpnId"),
    "CommitmentDiscountId": Computed(_BENEFIT, _commitment, "the benefit, else its order"),
    "CommitmentDiscountStatus": Computed(_BENEFIT, _status, "`Used` where there is a benefit"),
    "CommitmentDiscountType": named("BenefitType"),
    "ServiceName": named("MeterCategory", "ProductName", "SkuName"),
    "ServiceSubcategory": named("MeterSubCategory"),
    "SkuMeter": named("MeterName"),
    "x_SkuMeterSubcategory": named("MeterSubCategory"),
    "SkuId": named("ProductId"),
    "SkuPriceId": named("MeterId"),
    "SkuPriceDetails": named("AdditionalInfo"),
    "RegionId": named("ResourceLocation"),
    "RegionName": named("MeterRegion"),
    "ResourceId": named("ResourceURI"),
    "Tags": tags_in_braces("Tags"),
}

DAILY_RATED_USAGE: Final = Layout(
    name="daily-rated-usage",
    view=VIEW_USAGE,
    date_order=DateOrder.MONTH_FIRST,
    marks=(_COST, ("UnitPrice",), ("EffectiveUnitPrice",), ("UsageDate",), ("EntitlementId",), ("CustomerId",)),
    columns=_COLUMNS,
    kept={
        "x_PartnerCreditPercent": credit_percent("PartnerEarnedCreditPercentage", "RateOfPartnerEarnedCredit"),
        **COMPARED_COLUMNS,
    },
)
