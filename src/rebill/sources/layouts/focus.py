"""The FOCUS layouts 1.0, 1.0r2, 1.1 and 1.2, told apart by the columns each version added.

1.0r2 differs from 1.0 in its time texts only; both are read. Source of the column names: the
FOCUS specification, and Microsoft's cost exports for the ``x_`` names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rebill.model.cost_line import COLUMNS
from rebill.model.identifiers import fold

CURRENCY_COLUMN: Final = "BillingCurrency"
PERIOD_COLUMN: Final = "BillingPeriodStart"

OTHER_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "InvoiceId": ("x_InvoiceId",),
    "PricingCurrency": ("x_PricingCurrency",),
    "SkuMeter": ("x_SkuMeterName", "x_UsageType"),
    "x_AzureCustomerId": ("x_CustomerId",),
}
"""Cost line column → what exports of Microsoft and Amazon call it where its own name is absent."""

REQUIRED: Final = tuple(column.name for column in COLUMNS if column.required and not column.name.startswith("x_"))
"""Columns without which a header is not FOCUS (the currency may come with the order instead)."""

_NEVER_READ: Final = ("x_SourceFile", "x_SourceRow")
_ADDED_IN_1_2: Final = (
    "BillingAccountType InvoiceId PricingCurrency SubAccountType "
    "PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice"
).split()
_ADDED_IN_1_1: Final = (
    "CapacityReservationId CapacityReservationStatus CommitmentDiscountQuantity CommitmentDiscountUnit "
    "ServiceSubcategory SkuMeter SkuPriceDetails"
).split()


@dataclass(frozen=True)
class Recognition:
    """How the columns of a file become a cost line.

    ``source_of``: cost line column → position in the file. ``extras``: ``(name to keep, position)``
    of columns that are not the cost line's. ``missing``: required columns the header lacks.
    ``doubled``: cost line columns the header names twice.
    """

    layout: str
    source_of: dict[str, int]
    extras: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    doubled: tuple[str, ...]


def recognise(header: Sequence[str]) -> Recognition:
    """Match column names, whatever their order and case, against the cost line."""
    names = [fold(name.strip()) for name in header]
    source_of: dict[str, int] = {}
    doubled: list[str] = []
    for column in COLUMNS:
        for name in (column.name, *OTHER_NAMES.get(column.name, ())):
            positions = [position for position, found in enumerate(names) if found == fold(name)]
            if positions and column.name not in _NEVER_READ:
                source_of[column.name] = positions[0]
                doubled += [name] * (len(positions) > 1)
                break
    used = set(source_of.values())
    return Recognition(
        layout=_version(names),
        source_of=source_of,
        extras=_extras([(header[i].strip(), i) for i in range(len(header)) if i not in used]),
        missing=tuple(name for name in REQUIRED if name not in source_of),
        doubled=tuple(doubled),
    )


def _version(names: Iterable[str]) -> str:
    known = set(names)
    if any(fold(name) in known for name in _ADDED_IN_1_2):
        return "focus-1.2"
    if any(fold(name) in known for name in _ADDED_IN_1_1):
        return "focus-1.1"
    return "focus-1.0"


def _extras(columns: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    # Parquet readers compare names without case, so a kept column must not clash in that sense.
    taken = {column.name.casefold() for column in COLUMNS}
    kept: list[tuple[str, int]] = []
    for name, position in columns:
        wanted = name or f"column_{position + 1}"
        free, number = wanted, 2
        while free.casefold() in taken:
            free, number = f"{wanted}_{number}", number + 1
        taken.add(free.casefold())
        kept.append((free, position))
    return tuple(kept)
