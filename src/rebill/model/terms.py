"""A customer's terms for one billing month: what its lines are priced from."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Basis(StrEnum):
    """What plain usage and purchases are priced from."""

    LIST = "list"
    """Microsoft's retail: FOCUS ``ListCost``."""
    BILLED = "billed"
    """What the partner pays: FOCUS ``BilledCost``."""


class CommitmentsPolicy(StrEnum):
    """How reservations and savings plans reach the customer."""

    AS_BOUGHT = "as_bought"
    AMORTIZED = "amortized"
    RETAIL = "retail"


@dataclass(frozen=True)
class CustomerTerms:
    """Terms in force for one customer in one billing month (percents have at most four decimals)."""

    customer_id: int
    billing_enabled: bool
    basis: Basis = Basis.LIST
    commitments: CommitmentsPolicy = CommitmentsPolicy.AS_BOUGHT
    fallback_markup_percent: Decimal = Decimal(0)
