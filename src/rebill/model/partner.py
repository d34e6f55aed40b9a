"""The partner's own settings."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rebill.model.closing import ClosingSettings, LateCost, Numbering
from rebill.model.months import BillingMonth


@dataclass(frozen=True)
class PartnerSettings:
    """``name``: what the partner calls itself; others may do so too. ``name_for_commands``: what its operator calls it.

    ``currency``: ISO 4217, of what is made out without one. ``bill_input_tax``: the partner cannot reclaim it.
    ``billing_start``: the first month that the partner bills with rebill; earlier months are closed. ``closing``: its
    rules for closing the others.
    """

    name: str
    name_for_commands: str
    currency: str
    bill_input_tax: bool
    billing_start: BillingMonth | None
    closing: ClosingSettings = field(default=ClosingSettings())


@dataclass(frozen=True)
class PartnerSettingsChange:
    """What is to be other; ``None`` leaves it alone, but ``billing_start`` with ``changes_billing_start``.

    ``names_for_commands``: whether commands call the partner by the new name as well, which its operator alone decides.
    """

    name: str | None = None
    currency: str | None = None
    bill_input_tax: bool | None = None
    billing_start: BillingMonth | None = None
    changes_billing_start: bool = False
    unassigned_threshold: Decimal | None = None
    close_day: int | None = None
    needs_approval: bool | None = None
    numbering: Numbering | None = None
    late_cost: LateCost | None = None
    tolerance_percent: Decimal | None = None
    tolerance_amount: Decimal | None = None
    movement_percent: Decimal | None = None
    names_for_commands: bool = False

    @property
    def closing(self) -> dict[str, Any]:
        """What is to be other of the rules for closing months, by the names that ``ClosingSettings`` has for it."""
        return {name: value for name in CLOSING_NAMES if (value := getattr(self, name)) is not None}


CLOSING_NAMES = tuple(vars(ClosingSettings()))
"""What the rules for closing months consist of."""
