"""The FOCUS layouts 1.0, 1.0r2, 1.1, 1.2, 1.3 and 1.4, told apart by the columns each version added.

1.0r2 differs from 1.0 in its time texts only; both are read. Source of the column names: the
FOCUS specification, and Microsoft's cost exports for the ``x_`` names. AWS, Google Cloud and Oracle
export the same columns with ``x_`` or ``oci_`` columns of their own, which are kept.
"""

from typing import Final

from rebill.model.cost_line import COLUMNS
from rebill.model.data_set import VIEW_FOCUS
from rebill.model.identifiers import fold
from rebill.sources.layouts.layout import Computed, Layout, Named

OTHER_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "InvoiceId": ("x_InvoiceId",),
    "PricingCurrency": ("x_PricingCurrency",),
    # Since FOCUS 1.3 the provider of the service is named apart from the one that hosts it.
    "ProviderName": ("ServiceProviderName", "HostProviderName"),
    "SkuMeter": ("x_SkuMeterName", "x_UsageType"),
    "x_AzureCustomerId": ("x_CustomerId",),
}
"""Cost line column → what it is called where its own name is absent."""

REQUIRED: Final = tuple(column.name for column in COLUMNS if column.required and not column.name.startswith("x_"))
"""Columns without which a header is not FOCUS (the currency may come with the order instead)."""

_NEVER_READ: Final = ("x_SourceFile", "x_SourceRow")
# What of 1.4 is known: the detail of an invoice that a charge belongs to.
_ADDED_IN_1_4: Final = ("InvoiceDetailId",)
_ADDED_IN_1_3: Final = "ServiceProviderName HostProviderName ContractApplied".split()
# BillingAccountType and SubAccountType are of 1.2 too, but Microsoft's exports of 1.0 had them already.
_ADDED_IN_1_2: Final = (
    "InvoiceId PricingCurrency "
    "PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice"
).split()
_ADDED_IN_1_1: Final = (
    "CapacityReservationId CapacityReservationStatus CommitmentDiscountQuantity CommitmentDiscountUnit "
    "ServiceSubcategory SkuMeter SkuPriceDetails"
).split()


def _version(names: frozenset[str]) -> str:
    versions = (("1.4", _ADDED_IN_1_4), ("1.3", _ADDED_IN_1_3), ("1.2", _ADDED_IN_1_2), ("1.1", _ADDED_IN_1_1))
    newest = (version for version, added in versions if any(fold(name) in names for name in added))
    return f"focus-{next(newest, '1.0')}"


_COLUMNS: Final[dict[str, Named | Computed]] = {
    column.name: Named((column.name, *OTHER_NAMES.get(column.name, ())))
    for column in COLUMNS
    if column.name not in _NEVER_READ
}

FOCUS: Final = Layout(
    name="focus",
    view=VIEW_FOCUS,
    marks=tuple((name, *OTHER_NAMES.get(name, ())) for name in REQUIRED),
    columns=_COLUMNS,
    version=_version,
)
