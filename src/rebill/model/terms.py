"""A customer's terms for one billing month: what its lines are priced from."""

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum

from rebill.model.closing import LateCost


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


class LateCostTerm(StrEnum):
    """How corrections of this customer's issued months reach it."""

    PARTNER = "partner"
    """As the partner's settings say."""
    NOTE = "note"
    NEXT = "next"

    def chosen(self, partners: LateCost) -> LateCost:
        """What holds for the customer, where the partner's settings say ``partners``."""
        return partners if self is LateCostTerm.PARTNER else LateCost(self.value)


@dataclass(frozen=True)
class CustomerTerms:
    """Terms in force for one customer in one billing month (percents have at most four decimals).

    ``carry_forward``: a statement below 0 becomes a credit that the next statements take up.
    """

    customer_id: int
    billing_enabled: bool
    basis: Basis = Basis.LIST
    commitments: CommitmentsPolicy = CommitmentsPolicy.AS_BOUGHT
    fallback_markup_percent: Decimal = Decimal(0)
    carry_forward: bool = False
    late_cost: LateCostTerm = LateCostTerm.PARTNER


TERM_NAMES = tuple(field.name for field in fields(CustomerTerms) if field.name != "customer_id")
"""What can be agreed with a customer."""
