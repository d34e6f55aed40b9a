"""AWS Cost and Usage Reports: as CSV (``lineItem/UsageType``) and as Parquet (``line_item_usage_type``).

A savings plan's covered usage comes with its cost on demand and a negation of it: both are taken as 0, which is
their sum. What of a reservation is left unused, a report tells in its fee's row only, so it has no effective cost here.
"""

from collections.abc import Mapping
from typing import Final

from rebill.model.data_set import VIEW_ACTUAL
from rebill.sources.layouts.derivations import is_any_sql, mapped_sql
from rebill.sources.layouts.layout import Computed, Fields, Layout, Named, fixed, named

_TYPE: Final = ("lineItem/LineItemType",)
_COST: Final = ("lineItem/UnblendedCost",)
_SAVINGS_PLAN: Final = "savingsPlan/SavingsPlanARN"
_RESERVATION: Final = ("reservation/ReservationARN", "reservation/SubscriptionId")
CATEGORIES: Final[Mapping[str, str]] = {
    "usage": "Usage",
    "discountedusage": "Usage",
    "savingsplancoveredusage": "Usage",
    "savingsplannegation": "Adjustment",
    "fee": "Purchase",
    "rifee": "Purchase",
    "savingsplanupfrontfee": "Purchase",
    "savingsplanrecurringfee": "Purchase",
    "tax": "Tax",
    "credit": "Credit",
    "refund": "Credit",
    "edpdiscount": "Credit",
    "bundleddiscount": "Credit",
    "privateratediscount": "Credit",
    "sppdiscount": "Credit",
    "rivolumediscount": "Credit",
}
"""AWS's line item type, in lower case → FOCUS ``ChargeCategory``."""
_COVERED: Final = ("discountedusage", "savingsplancoveredusage")
_COMMITMENT_FEES: Final = ("rifee", "savingsplanupfrontfee", "savingsplanrecurringfee")


def _billed(fields: Fields) -> str:
    is_offset = is_any_sql(fields(*_TYPE), "savingsplancoveredusage", "savingsplannegation")
    return f"CASE WHEN {is_offset} THEN '0' ELSE {fields(*_COST)} END"


def _effective(fields: Fields) -> str:
    kind = fields(*_TYPE)
    return (
        f"CASE WHEN {is_any_sql(kind, 'discountedusage')} THEN {fields('reservation/EffectiveCost')} "
        f"WHEN {is_any_sql(kind, 'savingsplancoveredusage')} THEN {fields('savingsPlan/SavingsPlanEffectiveCost')} "
        f"WHEN {is_any_sql(kind, *_COMMITMENT_FEES, 'savingsplannegation')} THEN '0' ELSE {fields(*_COST)} END"
    )


def _commitment(fields: Fields) -> str:
    kind = fields(*_TYPE)
    commitment = f"coalesce({fields(_SAVINGS_PLAN)}, {fields(*_RESERVATION)}, 'unknown')"
    return f"CASE WHEN {is_any_sql(kind, *_COVERED, *_COMMITMENT_FEES)} THEN {commitment} END"


def _status(fields: Fields) -> str:
    return f"CASE WHEN {is_any_sql(fields(*_TYPE), *_COVERED)} THEN 'Used' END"


_COLUMNS: Final[Mapping[str, Named | Computed]] = {
    "ProviderName": fixed("AWS"),
    "ChargeCategory": Computed(
        _TYPE,
        lambda fields: mapped_sql(fields(*_TYPE), CATEGORIES),
        "; ".join(
            f"{', '.join(kind for kind, found in CATEGORIES.items() if found == category)} → `{category}`"
            for category in dict.fromkeys(CATEGORIES.values())
        )
        + "; anything else is a reject",
    ),
    "BilledCost": Computed(
        (*_COST, *_TYPE), _billed, "0 for usage that a savings plan covers and for its negation, which is their sum"
    ),
    "EffectiveCost": Computed(
        (*_COST, *_TYPE, "reservation/EffectiveCost", "savingsPlan/SavingsPlanEffectiveCost"),
        _effective,
        "the effective cost of covered usage; 0 for fees of commitments and negations",
    ),
    "ListCost": named("pricing/publicOnDemandCost"),
    "ListUnitPrice": named("pricing/publicOnDemandRate"),
    "BillingCurrency": named("lineItem/CurrencyCode"),
    "PricingQuantity": named("lineItem/UsageAmount"),
    "PricingUnit": named("pricing/unit"),
    "BillingPeriodStart": named("bill/BillingPeriodStartDate"),
    "BillingPeriodEnd": named("bill/BillingPeriodEndDate"),
    "ChargePeriodStart": named("lineItem/UsageStartDate"),
    "ChargePeriodEnd": named("lineItem/UsageEndDate"),
    "ChargeDescription": named("lineItem/LineItemDescription"),
    "InvoiceId": named("bill/InvoiceId"),
    "InvoiceIssuerName": named("bill/InvoicingEntity"),
    "BillingAccountId": named("bill/PayerAccountId"),
    "SubAccountId": named("lineItem/UsageAccountId"),
    "PublisherName": named("lineItem/LegalEntity"),
    "ServiceName": named("product/ProductName", "product/servicename", "lineItem/ProductCode"),
    "ServiceCategory": named("product/productFamily"),
    "SkuMeter": named("lineItem/UsageType"),
    "x_ServiceCode": named("lineItem/ProductCode", "product/servicecode"),
    "x_Operation": named("lineItem/Operation"),
    "SkuId": named("product/sku"),
    "SkuPriceId": named("pricing/RateId"),
    "RegionId": named("product/regionCode"),
    "RegionName": named("product/location", "product/region"),
    "AvailabilityZone": named("lineItem/AvailabilityZone"),
    "ResourceId": named("lineItem/ResourceId"),
    "CommitmentDiscountId": Computed(
        (*_TYPE, _SAVINGS_PLAN, *_RESERVATION),
        _commitment,
        "of covered usage and of fees of commitments: the savings plan, else the reservation, else `unknown`",
    ),
    "CommitmentDiscountStatus": Computed(_TYPE, _status, "`Used` for covered usage"),
    "CommitmentDiscountType": named("savingsPlan/OfferingType"),
}

AWS_COST_AND_USAGE: Final = Layout(
    name="aws-cost-and-usage",
    view=VIEW_ACTUAL,
    marks=(_TYPE, _COST, ("lineItem/UsageAccountId",), ("lineItem/UsageStartDate",), ("bill/PayerAccountId",)),
    columns=_COLUMNS,
)
