"""Record types: the words in which price books name kinds of charges, and the lines that each one names.

The words are those of Amazon's cost reports, which partners write, and two of FOCUS. What they name is said in
FOCUS columns, alike for every provider (``docs/price-books.md``).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rebill.model.price_book import TextPattern
from rebill.model.rating import CommitmentRole


class RecordType(StrEnum):
    """A kind of charge that a price book can name."""

    USAGE = "Usage"
    DISCOUNTED_USAGE = "DiscountedUsage"
    SAVINGS_PLAN_COVERED_USAGE = "SavingsPlanCoveredUsage"
    FEE = "Fee"
    RI_FEE = "RIFee"
    SAVINGS_PLAN_UPFRONT_FEE = "SavingsPlanUpfrontFee"
    SAVINGS_PLAN_RECURRING_FEE = "SavingsPlanRecurringFee"
    REFUND = "Refund"
    CREDIT = "Credit"
    TAX = "Tax"
    PURCHASE = "Purchase"
    ADJUSTMENT = "Adjustment"


WITHOUT_LINES: Final = (
    "BundledDiscount",
    "Discount",
    "EdpDiscount",
    "PrivateRateDiscount",
    "RiVolumeDiscount",
    "SavingsPlanNegation",
)
"""Words of Amazon's cost reports for lines that FOCUS does not have: it shows costs after them. They match nothing."""
KNOWN: Final = (*(record_type.value for record_type in RecordType), *WITHOUT_LINES)


@dataclass(frozen=True)
class ChargeKind:
    """What decides a line's record types: its columns, without its texts and amounts.

    ``recurring``: its ``ChargeFrequency`` is ``Recurring``. ``taken_back``: it is a correction, or costs below 0.
    """

    charge_category: str
    commitment_role: CommitmentRole
    savings_plan: bool
    recurring: bool
    taken_back: bool


def record_types_of(kind: ChargeKind) -> frozenset[RecordType]:
    """The words that name a line of this kind."""
    if kind.charge_category == "Tax":
        return frozenset({RecordType.TAX})
    if kind.charge_category == "Credit":
        return frozenset({RecordType.CREDIT})
    if kind.charge_category == "Adjustment":
        return frozenset({RecordType.ADJUSTMENT})
    refund = {RecordType.REFUND} if kind.taken_back else set()
    if kind.charge_category == "Purchase":
        return frozenset({RecordType.PURCHASE, _fee(kind), *refund})
    return frozenset({_usage(kind), *refund})


def _usage(kind: ChargeKind) -> RecordType:
    if kind.commitment_role is CommitmentRole.NONE:
        return RecordType.USAGE
    if kind.commitment_role is CommitmentRole.USED:
        return RecordType.SAVINGS_PLAN_COVERED_USAGE if kind.savings_plan else RecordType.DISCOUNTED_USAGE
    return RecordType.SAVINGS_PLAN_RECURRING_FEE if kind.savings_plan else RecordType.RI_FEE


def _fee(kind: ChargeKind) -> RecordType:
    if kind.commitment_role is CommitmentRole.NONE:
        return RecordType.FEE
    if kind.savings_plan:
        return RecordType.SAVINGS_PLAN_RECURRING_FEE if kind.recurring else RecordType.SAVINGS_PLAN_UPFRONT_FEE
    return RecordType.RI_FEE if kind.recurring else RecordType.FEE


def record_types_like(pattern: TextPattern) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(every word there is, those that ``pattern`` names)."""
    return KNOWN, tuple(word for word in KNOWN if pattern.matches(word))
