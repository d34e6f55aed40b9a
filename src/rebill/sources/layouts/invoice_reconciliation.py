"""Invoice reconciliation of Partner Center: reservations, savings plans, licences, marketplace, and a summary of usage.

Amounts are before tax; the file's own tax is kept beside. Its rows of Azure plan consumption summarise what the
daily-rated usage of the same invoice holds: they are marked ``tie_out``, compared with it and never rated.
"""

from collections.abc import Mapping
from typing import Final

from rebill.model.cost_line import INPUT_TAX, TIE_OUT
from rebill.model.data_set import VIEW_INVOICE, RejectCode
from rebill.model.date_order import DateOrder
from rebill.sources.layouts.compared_columns import COMPARED_COLUMNS
from rebill.sources.layouts.derivations import is_any_sql, product_sql, taken_back_sql
from rebill.sources.layouts.layout import Computed, Fields, Layout, Named, RowFault, fixed, named

_COST: Final = ("Subtotal",)
_TERM_PRICE: Final = "EffectiveUnitPrice"
_DISCOUNT: Final = "PriceAdjustmentDescription"
_RESERVATION: Final = "ReservationOrderId"
_PRICED_BY: Final = (
    *("UnitPrice", _TERM_PRICE, _DISCOUNT),
    *("BillableQuantity", "Quantity", "PCToBCExchangeRate", "PricingCurrency", "Currency"),
)
_USAGE_NAMES: Final = (
    *("SubscriptionDescription", _RESERVATION, "MeterDescription", "UnitType"),
    *("TermAndBillingCycle", "BillingFrequency", "ChargeType", "ProductName", "SkuName"),
)
_PRODUCT: Final = _USAGE_NAMES[-2:]
_PLAN: Final = "[^a-z0-9]*(microsoft[^a-z0-9]*)?azure[^a-z0-9]*plan[^a-z0-9]*"
_NOTHING: Final = r"\s*(-|n/?a|none)?\s*"
_UNIT_OF_METER: Final = r"\s*[0-9].*"
"""Meters count in ``1 Hour`` or ``1 GB/Month``, purchases in ``Licenses``."""


def is_consumption(fields: Fields) -> str:
    """SQL: whether the row sums up metered usage of an Azure plan.

    The meter says so; where none is named, a meter's unit in a row that is not bought.
    """
    has_unit = is_any_sql(fields("UnitType"), _UNIT_OF_METER)
    is_metered = f"{_is_said(fields, 'MeterDescription')} OR ({has_unit} AND NOT {_is_bought(fields)})"
    return f"({_is_of_plan(fields)} AND ({is_metered}))"


def _is_of_plan(fields: Fields) -> str:
    of_plan = is_any_sql(fields("SubscriptionDescription"), _PLAN)
    return f"{of_plan} AND NOT {_is_said(fields, _RESERVATION)}"


def _is_said(fields: Fields, *names: str) -> str:
    return f"({fields(*names)} IS NOT NULL AND NOT {is_any_sql(fields(*names), _NOTHING)})"


def _is_bought(fields: Fields) -> str:
    """SQL: whether the row is a commitment's, which Azure plans have for years, or a credit of its own.

    Of consumption the file writes ``NA`` for the billing frequency, and what is metered for the term.
    """
    of_years = is_any_sql(fields("TermAndBillingCycle"), ".*years?.*")
    is_commitment = is_any_sql(fields(*_PRODUCT), ".*(reserved|savings plan).*")
    is_credit = is_any_sql(fields("ChargeType"), "customercredit")
    return f"({_is_said(fields, 'BillingFrequency')} OR {of_years} OR {is_commitment} OR {is_credit})"


def _is_unclear(fields: Fields) -> str:
    """SQL: whether nothing tells consumption, which is never rated, from a purchase, which is."""
    told = f"{_is_said(fields, 'MeterDescription')} OR {_is_said(fields, 'UnitType')} OR {_is_bought(fields)}"
    costs = f"coalesce(TRY_CAST({fields(*_COST)} AS DECIMAL(38,18)), 0) <> 0"
    return f"{_is_of_plan(fields)} AND NOT ({told}) AND {costs}"


def _category(fields: Fields) -> str:
    return f"CASE WHEN {is_consumption(fields)} THEN 'Usage' ELSE 'Purchase' END"


def _charge_class(fields: Fields) -> str:
    is_refund = is_any_sql(fields("ChargeType"), "cancel.*", "removequantity", "refund", "customercredit")
    return f"CASE WHEN {is_refund} THEN 'Correction' END"


def _commitment(fields: Fields) -> str:
    return f"CASE WHEN {_is_said(fields, _RESERVATION)} THEN {fields(_RESERVATION)} END"


def _list_price(fields: Fields) -> str:
    """SQL of the price that is retail: what part of a term costs stands as ``EffectiveUnitPrice`` alone.

    Of licences Microsoft bills ``EffectiveUnitPrice`` × quantity, and writes the price of the whole term as
    ``UnitPrice``. A discount makes the one less than the other too; that says so in words.
    """
    unit, effective = (f"abs(TRY_CAST({fields(name)} AS DECIMAL(38,18)))" for name in ("UnitPrice", _TERM_PRICE))
    is_whole = f"{is_consumption(fields)} OR {_is_said(fields, _RESERVATION)}"
    is_discounted = f"coalesce({fields(_DISCOUNT)}, '[]') <> '[]'"
    is_part = f"{effective} > 0 AND {effective} < {unit} AND NOT ({is_whole}) AND NOT {is_discounted}"
    return f"CASE WHEN {is_part} THEN {fields(_TERM_PRICE)} ELSE {fields('UnitPrice')} END"


def _list_cost(fields: Fields) -> str:
    price = _list_price(fields)
    same = f"{fields('PricingCurrency')} IS NOT DISTINCT FROM {fields('Currency')}"
    unknown = f"{fields('PricingCurrency')} IS NULL"
    rate = f"coalesce({fields('PCToBCExchangeRate')}, CASE WHEN {same} OR {unknown} THEN '1' END)"
    return taken_back_sql(product_sql(price, fields("BillableQuantity", "Quantity"), rate), fields(*_COST))


_COLUMNS: Final[Mapping[str, Named | Computed]] = {
    "ProviderName": fixed("Microsoft"),
    "ChargeCategory": Computed(_USAGE_NAMES, _category, "`Usage` for consumption of an Azure plan, else `Purchase`"),
    "ChargeClass": Computed(("ChargeType",), _charge_class, "`Correction` for what takes a charge back"),
    "BilledCost": named(*_COST),
    "EffectiveCost": named(*_COST),
    "ListCost": Computed(
        (*_PRICED_BY, *_USAGE_NAMES, *_COST),
        _list_cost,
        "price × billable quantity × exchange rate (1 where both currencies are one or one is not named), exactly; "
        "below 0 where the cost is. The price is the unit price; of a licence for part of a term, whose effective one "
        "is less and names no adjustment, the effective one",
    ),
    "BillingCurrency": named("Currency"),
    "PricingCurrency": named("PricingCurrency"),
    "PricingQuantity": named("BillableQuantity", "Quantity"),
    "PricingUnit": named("UnitType"),
    "ChargePeriodStart": named("ChargeStartDate"),
    "ChargePeriodEnd": named("ChargeEndDate"),
    "ChargeDescription": named("ProductName", "SkuName"),
    "ChargeFrequency": named("BillingFrequency"),
    # Who pays for covered usage at retail does not pay for the reservation besides: rating must know which it is.
    "CommitmentDiscountId": Computed((_RESERVATION,), _commitment, "absent where it is blank, `-`, `n/a` or `none`"),
    "InvoiceId": named("InvoiceNumber"),
    "BillingAccountId": named("PartnerId"),
    "PublisherName": named("PublisherName"),
    "SubAccountId": named("EntitlementId"),
    "x_AzureCustomerId": named("CustomerId"),
    "x_ResellerId": named("ResellerMpnId", "Tier2MpnId"),
    "ServiceName": named("ProductName", "SkuName"),
    "SkuMeter": named("MeterDescription"),
    "SkuId": named("ProductId"),
    "SkuPriceId": named("SkuId"),
    "x_Role": Computed(
        _USAGE_NAMES,
        lambda fields: f"CASE WHEN {is_consumption(fields)} THEN '{TIE_OUT}' END",
        "`tie_out` for consumption of an Azure plan that no reservation order names: a meter is, or the unit is a "
        "meter's (`1 Hour`) and neither billing frequency, a term of years, a credit nor the product tells a purchase",
    ),
}

INVOICE_RECONCILIATION: Final = Layout(
    name="invoice-reconciliation",
    view=VIEW_INVOICE,
    date_order=DateOrder.MONTH_FIRST,
    marks=(_COST, ("TaxTotal",), ("InvoiceNumber",), ("ChargeStartDate",), ("CustomerId",), ("OrderId",)),
    columns=_COLUMNS,
    kept={**COMPARED_COLUMNS, INPUT_TAX: named("TaxTotal")},
    faults=(RowFault(("MeterDescription", *_USAGE_NAMES), RejectCode.CONSUMPTION_UNCLEAR, _is_unclear),),
)
