"""Cost Management exports for partners and Microsoft customers: actual and amortized cost, all versions.

The two kinds have the same header: a file is taken for actual cost unless the order, or the export's
manifest, says otherwise; usage that bears amortized cost is then a reject, so that neither is taken for the other.
Column names: Microsoft's cost and usage details schemas for partners, of every scope, and for
customers, 2019-10-01 to 2023-12-01-preview.
"""

from collections.abc import Mapping
from typing import Final

from rebill.model.cost_line import EXCHANGE_RATE, EXCHANGE_RATE_DATE, SOURCE_CHARGE_TYPE
from rebill.model.data_set import VIEW_ACTUAL, VIEW_AMORTIZED
from rebill.model.date_order import DateOrder
from rebill.sources.layouts.azure_commitments import (
    CHARGE_COLUMNS,
    CHARGE_TYPE,
    amortized_cost_is_refused,
    billed_of_amortized,
    effective_of_actual,
    effective_of_amortized,
)
from rebill.sources.layouts.derivations import (
    credit_percent,
    day_after,
    product_sql,
    tags_in_braces,
    taken_back_sql,
)
from rebill.sources.layouts.layout import Computed, Fields, Layout, Named, fixed, named

COST: Final = ("costInBillingCurrency",)
_PRICING_CURRENCY: Final = ("pricingCurrency", "pricingCurrencyCode")
_BILLING_CURRENCY: Final = ("billingCurrency", "billingCurrencyCode")
_RETAIL_PRICE: Final = ("PayGPrice", "MarketPrice")
_CONTRACTED_PRICE: Final = ("unitPrice",)
_RATE: Final = ("exchangeRatePricingToBilling", "exchangeRate")
_SUBSCRIPTION: Final = ("subscriptionId", "SubscriptionGuid")
_RETAIL: Final = ("paygCostInBillingCurrency", *_RETAIL_PRICE, "quantity", *_RATE, *COST)


def _known_rate(fields: Fields) -> str:
    same = f"{fields(*_PRICING_CURRENCY)} IS NOT DISTINCT FROM {fields(*_BILLING_CURRENCY)}"
    return f"coalesce({fields(*_RATE)}, CASE WHEN {same} THEN '1' END)"


def _unit_price(*names: str) -> Computed:
    """A price in the currency of billing; the file has it in that of pricing."""
    return Computed(
        (*names, *_RATE),
        lambda fields: product_sql(fields(*names), _known_rate(fields)),
        "price × exchange rate (1 where both currencies are one), exactly",
    )


def _list_cost(fields: Fields) -> str:
    computed = product_sql(fields(*_RETAIL_PRICE), fields("quantity"), _known_rate(fields))
    return taken_back_sql(f"coalesce({fields('paygCostInBillingCurrency')}, {computed})", fields(*COST))


_COMMON: Final[Mapping[str, Named | Computed]] = {
    **CHARGE_COLUMNS,
    "ProviderName": fixed("Microsoft"),
    "BillingCurrency": named(*_BILLING_CURRENCY),
    "ListCost": Computed(
        _RETAIL,
        _list_cost,
        "the retail cost, else retail price × quantity × exchange rate (1 where both currencies are one), exactly; "
        "below 0 where the cost is",
    ),
    "ListUnitPrice": _unit_price(*_RETAIL_PRICE),
    "ContractedUnitPrice": _unit_price(*_CONTRACTED_PRICE),
    "PricingQuantity": named("quantity"),
    "PricingUnit": named("unitOfMeasure"),
    "PricingCurrency": named(*_PRICING_CURRENCY),
    "BillingPeriodStart": named("billingPeriodStartDate"),
    "BillingPeriodEnd": day_after("billingPeriodEndDate"),
    "ChargePeriodStart": named("date"),
    "ChargePeriodEnd": day_after("date"),
    "ChargeDescription": named("product", "ProductName", "meterName"),
    "ChargeFrequency": named("frequency"),
    "PricingCategory": named("PricingModel"),
    "InvoiceId": named("invoiceId"),
    "x_PreviousInvoiceId": named("previousInvoiceId"),
    "BillingAccountId": named("billingProfileId", "billingAccountId"),
    "BillingAccountName": named("billingProfileName", "billingAccountName"),
    "InvoiceIssuerName": named("partnerName"),
    "PublisherName": named("publisherName"),
    "SubAccountId": named(*_SUBSCRIPTION),
    "SubAccountName": named("subscriptionName"),
    "x_AzureCustomerId": named("customerTenantId"),
    "x_ResellerId": named("resellerMpnId"),
    "ServiceName": named("meterCategory", "consumedService"),
    "ServiceCategory": named("serviceFamily"),
    "ServiceSubcategory": named("meterSubCategory"),
    "SkuMeter": named("meterName"),
    "x_SkuMeterSubcategory": named("meterSubCategory"),
    "SkuId": named("ProductId"),
    "SkuPriceId": named("meterId"),
    "SkuPriceDetails": named("additionalInfo"),
    "RegionId": named("resourceLocation"),
    "RegionName": named("location", "meterRegion"),
    "ResourceId": named("ResourceId", "InstanceName"),
    "ResourceName": named("resourceName"),
    "CommitmentDiscountName": named("benefitName", "reservationName"),
    "AvailabilityZone": named("availabilityZone"),
    "Tags": tags_in_braces("tags"),
}
_KEPT: Final[Mapping[str, Named | Computed]] = {
    "x_PartnerCreditPercent": credit_percent("partnerEarnedCreditRate"),
    EXCHANGE_RATE: named(*_RATE),
    EXCHANGE_RATE_DATE: named("exchangeRateDate"),
    SOURCE_CHARGE_TYPE: named(*CHARGE_TYPE),
}
# Two currencies tell these exports from an enterprise's. Those of one subscription have no billing profile.
_MARKS: Final = (
    COST,
    _PRICING_CURRENCY,
    ("chargeType",),
    ("date",),
    ("billingProfileId", "customerTenantId"),
    _SUBSCRIPTION,
)

ACTUAL: Final = Layout(
    name="cost-management-actual",
    view=VIEW_ACTUAL,
    date_order=DateOrder.MONTH_FIRST,
    marks=_MARKS,
    columns={
        **_COMMON,
        "BilledCost": named(*COST),
        "EffectiveCost": effective_of_actual(COST),
    },
    kept=_KEPT,
    faults=(amortized_cost_is_refused(COST),),
)
AMORTIZED: Final = Layout(
    name="cost-management-amortized",
    view=VIEW_AMORTIZED,
    date_order=DateOrder.MONTH_FIRST,
    marks=_MARKS,
    columns={
        **_COMMON,
        "BilledCost": billed_of_amortized(COST),
        "EffectiveCost": effective_of_amortized(COST),
    },
    kept=_KEPT,
)
