"""Cost Management exports of enterprise agreements (versions 1 and 2): actual and amortized cost.

Their prices are in the billing currency. As for partners' exports, both kinds have one header, and a
file is taken for actual cost unless something says otherwise.
"""

from collections.abc import Mapping
from typing import Final

from rebill.model.data_set import VIEW_ACTUAL, VIEW_AMORTIZED
from rebill.model.date_order import DateOrder
from rebill.sources.layouts.azure_commitments import (
    CHARGE_COLUMNS,
    amortized_cost_is_refused,
    billed_of_amortized,
    effective_of_actual,
    effective_of_amortized,
)
from rebill.sources.layouts.derivations import day_after, product_sql, tags_in_braces, taken_back_sql
from rebill.sources.layouts.layout import Computed, Fields, Layout, Named, fixed, named

COST: Final = ("CostInBillingCurrency", "Cost")


def _list_cost(fields: Fields) -> str:
    return taken_back_sql(product_sql(fields("PayGPrice"), fields("Quantity")), fields(*COST))


_COMMON: Final[Mapping[str, Named | Computed]] = {
    **CHARGE_COLUMNS,
    "ProviderName": fixed("Microsoft"),
    "BillingCurrency": named("BillingCurrencyCode", "BillingCurrency"),
    "ListCost": Computed(
        ("PayGPrice", "Quantity", *COST), _list_cost, "retail price × quantity, exactly; below 0 where the cost is"
    ),
    "ListUnitPrice": named("PayGPrice"),
    "ContractedUnitPrice": named("UnitPrice"),
    "PricingQuantity": named("Quantity"),
    "PricingUnit": named("UnitOfMeasure"),
    "BillingPeriodStart": named("BillingPeriodStartDate"),
    "BillingPeriodEnd": day_after("BillingPeriodEndDate"),
    "ChargePeriodStart": named("Date"),
    "ChargePeriodEnd": day_after("Date"),
    "ChargeDescription": named("ProductName", "Product"),
    "ChargeFrequency": named("Frequency"),
    "PricingCategory": named("PricingModel"),
    "BillingAccountId": named("BillingAccountId"),
    "BillingAccountName": named("BillingAccountName"),
    "PublisherName": named("PublisherName"),
    "SubAccountId": named("SubscriptionId"),
    "SubAccountName": named("SubscriptionName"),
    "ServiceName": named("MeterCategory", "ConsumedService"),
    "ServiceCategory": named("ServiceFamily"),
    "ServiceSubcategory": named("MeterSubCategory"),
    "SkuMeter": named("MeterName"),
    "x_SkuMeterSubcategory": named("MeterSubCategory"),
    "SkuId": named("PartNumber"),
    "SkuPriceId": named("MeterId"),
    "SkuPriceDetails": named("AdditionalInfo"),
    "RegionId": named("ResourceLocation"),
    "RegionName": named("MeterRegion"),
    "ResourceId": named("ResourceId"),
    "ResourceName": named("ResourceName"),
    "CommitmentDiscountName": named("benefitName", "ReservationName"),
    "AvailabilityZone": named("AvailabilityZone"),
    "Tags": tags_in_braces("Tags"),
}
_MARKS: Final = (COST, ("PartNumber",), ("ChargeType",), ("Date",), ("OfferId",), ("SubscriptionId",))

ACTUAL: Final = Layout(
    name="enterprise-actual",
    view=VIEW_ACTUAL,
    date_order=DateOrder.MONTH_FIRST,
    marks=_MARKS,
    columns={
        **_COMMON,
        "BilledCost": named(*COST),
        "EffectiveCost": effective_of_actual(COST),
    },
    faults=(amortized_cost_is_refused(COST),),
)
AMORTIZED: Final = Layout(
    name="enterprise-amortized",
    view=VIEW_AMORTIZED,
    date_order=DateOrder.MONTH_FIRST,
    marks=_MARKS,
    columns={
        **_COMMON,
        "BilledCost": billed_of_amortized(COST),
        "EffectiveCost": effective_of_amortized(COST),
    },
)
