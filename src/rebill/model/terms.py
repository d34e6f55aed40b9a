"""A customer's terms for one billing month: what its lines are priced from."""

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

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
class Guards:
    """What holds the price of usage and purchases within bounds (``docs/rating.md``, Guards).

    ``cap_at_list``: never above list. ``floor_at_cost``: never below the line's statement cost.
    ``margin_floor_percent``: of the price, at least so much is margin; 0 = none.
    """

    cap_at_list: bool = False
    floor_at_cost: bool = False
    margin_floor_percent: Decimal = Decimal(0)

    @property
    def any(self) -> bool:
        return self.cap_at_list or self.floor_at_cost or self.margin_floor_percent > 0


NO_GUARDS: Final = Guards()
GUARD_NAMES: Final = tuple(field.name for field in fields(Guards))
"""Each guard is a customer's own, or the partner's, for itself."""


@dataclass(frozen=True)
class GuardsChange:
    """What is to be other of guards; ``None`` leaves one as it is."""

    cap_at_list: bool | None = None
    floor_at_cost: bool | None = None
    margin_floor_percent: Decimal | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The guards that change, by their names."""
        return {name: value for name in GUARD_NAMES if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class CustomerTerms:
    """Terms in force for one customer in one billing month (percents have at most four decimals).

    ``carry_forward``: a statement below 0 becomes a credit that the next statements take up. A guard that is ``None``
    is as ``partner_guards`` of the month say, which stand here wherever a month is priced. ``home_currency``: of fees
    and manual lines that name none; ``None`` = the partner's.
    """

    customer_id: int
    billing_enabled: bool
    basis: Basis = Basis.LIST
    commitments: CommitmentsPolicy = CommitmentsPolicy.AS_BOUGHT
    fallback_markup_percent: Decimal = Decimal(0)
    carry_forward: bool = False
    late_cost: LateCostTerm = LateCostTerm.PARTNER
    cap_at_list: bool | None = None
    floor_at_cost: bool | None = None
    margin_floor_percent: Decimal | None = None
    home_currency: str | None = None
    partner_guards: Guards = NO_GUARDS

    @property
    def guards(self) -> Guards:
        """What holds prices within bounds: each guard the customer's own, else the partner's."""
        partners = self.partner_guards
        percent = partners.margin_floor_percent if self.margin_floor_percent is None else self.margin_floor_percent
        return Guards(
            partners.cap_at_list if self.cap_at_list is None else self.cap_at_list,
            partners.floor_at_cost if self.floor_at_cost is None else self.floor_at_cost,
            percent.normalize(),
        )

    @property
    def guards_of_partner(self) -> tuple[str, ...]:
        """The names of those guards that hold because the partner's do."""
        return tuple(name for name in GUARD_NAMES if getattr(self, name) is None and getattr(self.guards, name))


TERM_NAMES = tuple(field.name for field in fields(CustomerTerms) if field.name not in ("customer_id", "partner_guards"))
"""What can be agreed with a customer."""
