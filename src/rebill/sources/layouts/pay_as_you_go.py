"""Cost Management exports of pay-as-you-go and other Web Direct subscriptions. They name no billing period."""

from typing import Final

from rebill.model.data_set import VIEW_ACTUAL
from rebill.model.date_order import DateOrder
from rebill.sources.layouts.derivations import day_after, product_sql, tags_in_braces, taken_back_sql
from rebill.sources.layouts.layout import Computed, Fields, Layout, fixed, named

_COST: Final = ("PreTaxCost", "CostInBillingCurrency")
_DAY: Final = ("UsageDateTime", "Date")


def _list_cost(fields: Fields) -> str:
    return taken_back_sql(product_sql(fields("ResourceRate"), fields("UsageQuantity")), fields(*_COST))


PAY_AS_YOU_GO: Final = Layout(
    name="pay-as-you-go",
    view=VIEW_ACTUAL,
    date_order=DateOrder.MONTH_FIRST,
    marks=(_COST, ("ResourceRate",), ("UsageQuantity",), _DAY, ("SubscriptionGuid", "SubscriptionId")),
    columns={
        "ProviderName": fixed("Microsoft"),
        "ChargeCategory": fixed("Usage"),
        "BilledCost": named(*_COST),
        "EffectiveCost": named(*_COST),
        "ListCost": Computed(
            ("ResourceRate", "UsageQuantity", *_COST),
            _list_cost,
            "rate × quantity, exactly; below 0 where the cost is",
        ),
        "ListUnitPrice": named("ResourceRate"),
        "BillingCurrency": named("Currency", "BillingCurrency"),
        "PricingQuantity": named("UsageQuantity"),
        "PricingUnit": named("UnitOfMeasure"),
        "ChargePeriodStart": named(*_DAY),
        "ChargePeriodEnd": day_after(*_DAY),
        "ChargeDescription": named("MeterName"),
        "SubAccountId": named("SubscriptionGuid", "SubscriptionId"),
        "SubAccountName": named("SubscriptionName"),
        "ServiceName": named("MeterCategory", "ServiceName"),
        "ServiceSubcategory": named("MeterSubcategory"),
        "SkuMeter": named("MeterName"),
        "x_SkuMeterSubcategory": named("MeterSubcategory"),
        "SkuPriceId": named("MeterId"),
        "SkuPriceDetails": named("AdditionalInfo"),
        "RegionId": named("ResourceLocation"),
        "RegionName": named("MeterRegion"),
        "ResourceId": named("InstanceId", "InstanceName"),
        "ResourceType": named("ResourceType"),
        "Tags": tags_in_braces("Tags"),
    },
)
