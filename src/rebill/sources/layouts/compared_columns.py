"""Columns by which daily usage is compared with the invoice that sums it up; both layouts have them."""

from collections.abc import Mapping
from typing import Final

from rebill.model.cost_line import AVAILABILITY, EXCHANGE_RATE, EXCHANGE_RATE_DATE, PLAN, PRODUCT_SKU
from rebill.sources.layouts.layout import Named, named

COMPARED_COLUMNS: Final[Mapping[str, Named]] = {
    PLAN: named("SubscriptionId"),
    PRODUCT_SKU: named("SkuId"),
    AVAILABILITY: named("AvailabilityId"),
    EXCHANGE_RATE: named("PCToBCExchangeRate"),
    EXCHANGE_RATE_DATE: named("PCToBCExchangeRateDate"),
}
