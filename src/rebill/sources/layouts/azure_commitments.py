"""What Microsoft's own cost files have in common: charge types, and how reservations and savings plans show."""

from collections.abc import Mapping
from typing import Final

from rebill.model.data_set import RejectCode
from rebill.sources.layouts.derivations import is_any_sql, mapped_sql
from rebill.sources.layouts.layout import Computed, Fields, RowFault

CHARGE_TYPE: Final = ("chargeType",)
COMMITMENT: Final = ("benefitId", "reservationId")
_NAMES: Final = (*CHARGE_TYPE, *COMMITMENT)
CATEGORIES: Final[Mapping[str, str]] = {
    "usage": "Usage",
    "purchase": "Purchase",
    "refund": "Purchase",
    "unusedreservation": "Usage",
    "unusedsavingsplan": "Usage",
    "roundingadjustment": "Adjustment",
    "adjustment": "Adjustment",
    "tax": "Tax",
    "credit": "Credit",
}
"""Microsoft's charge type, in lower case → FOCUS ``ChargeCategory``."""
_UNUSED: Final = ("unusedreservation", "unusedsavingsplan")


def _category(fields: Fields) -> str:
    return mapped_sql(fields(*CHARGE_TYPE), CATEGORIES)


def _charge_class(fields: Fields) -> str:
    return f"CASE WHEN {is_any_sql(fields(*CHARGE_TYPE), 'refund')} THEN 'Correction' END"


def _status(fields: Fields) -> str:
    charge_type = fields(*CHARGE_TYPE)
    return (
        f"CASE WHEN {is_any_sql(charge_type, *_UNUSED)} THEN 'Unused' "
        f"WHEN {_is_usage_of_commitment(fields)} THEN 'Used' END"
    )


def _commitment(fields: Fields) -> str:
    # Unused commitments of older exports come without an id of their own; the order names them then.
    named = f"coalesce({fields('benefitId')}, {fields('reservationId')})"
    is_unused = is_any_sql(fields(*CHARGE_TYPE), *_UNUSED)
    return f"CASE WHEN {is_unused} THEN coalesce({named}, {fields('productOrderId')}, 'unknown') ELSE {named} END"


def _is_usage_of_commitment(fields: Fields) -> str:
    has_commitment = f"coalesce({fields('benefitId')}, {fields('reservationId')}) IS NOT NULL"
    return f"({is_any_sql(fields(*CHARGE_TYPE), 'usage')} AND {has_commitment})"


def _is_covered(fields: Fields) -> str:
    """SQL: whether the row is usage of a commitment, used or not: its money lies in the purchase."""
    return f"({is_any_sql(fields(*CHARGE_TYPE), *_UNUSED)} OR {_is_usage_of_commitment(fields)})"


def _is_purchase_of_commitment(fields: Fields) -> str:
    """SQL: whether the row buys or gives back a commitment."""
    has_commitment = f"coalesce({fields('benefitId')}, {fields('reservationId')}) IS NOT NULL"
    return f"({is_any_sql(fields(*CHARGE_TYPE), 'purchase', 'refund')} AND {has_commitment})"


def billed_of_amortized(cost: tuple[str, ...]) -> Computed:
    """``BilledCost`` in a file of amortized cost."""
    return Computed(
        (*cost, *_NAMES),
        lambda fields: f"CASE WHEN {_is_covered(fields)} THEN '0' ELSE {fields(*cost)} END",
        "0 for usage of a commitment, used or not: its money lies in the purchase",
    )


def effective_of_amortized(cost: tuple[str, ...]) -> Computed:
    """``EffectiveCost`` in a file of amortized cost."""
    return Computed(
        (*cost, *_NAMES),
        lambda fields: f"CASE WHEN {_is_purchase_of_commitment(fields)} THEN '0' ELSE {fields(*cost)} END",
        "0 for the purchase of a commitment and its refund",
    )


def effective_of_actual(cost: tuple[str, ...]) -> Computed:
    """``EffectiveCost`` in a file of actual cost, which does not tell what covered usage costs amortized."""
    amortized = effective_of_amortized(cost)
    return Computed(
        (*cost, *_NAMES),
        lambda fields: f"CASE WHEN {_is_covered(fields)} THEN NULL ELSE {amortized.build(fields)} END",
        "0 for the purchase of a commitment and its refund; absent for usage that one covers",
    )


def amortized_cost_is_refused(cost: tuple[str, ...]) -> RowFault:
    """In a file of actual cost, usage that a commitment covers bears none: one that does is of the amortized kind."""
    return RowFault(
        cost,
        RejectCode.AMORTIZED_COST,
        lambda fields: f"{_is_covered(fields)} AND coalesce(TRY_CAST({fields(*cost)} AS DECIMAL(38,18)), 0) <> 0",
    )


CHARGE_COLUMNS: Final[Mapping[str, Computed]] = {
    "ChargeCategory": Computed(
        CHARGE_TYPE,
        _category,
        "Usage, UnusedReservation, UnusedSavingsPlan → `Usage`; Purchase, Refund → `Purchase`; RoundingAdjustment → "
        "`Adjustment`; Tax, Credit, Adjustment as they are; anything else is a reject",
    ),
    "ChargeClass": Computed(CHARGE_TYPE, _charge_class, "`Correction` for a Refund"),
    "CommitmentDiscountId": Computed(
        (*_NAMES, "productOrderId"),
        _commitment,
        "the benefit, else the reservation; of an unused one without either the order, else `unknown`",
    ),
    "CommitmentDiscountStatus": Computed(
        _NAMES, _status, "`Unused` for the unused types, `Used` for other usage of a commitment"
    ),
}
"""The cost line's columns that tell the kind of charge."""
