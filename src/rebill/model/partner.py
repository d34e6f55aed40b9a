"""The partner's own settings."""

from dataclasses import dataclass

from rebill.model.months import BillingMonth


@dataclass(frozen=True)
class PartnerSettings:
    """``currency``: ISO 4217, of what is made out without one. ``bill_input_tax``: the partner cannot reclaim it.

    ``billing_start``: the first month that the partner bills with rebill; earlier months are closed.
    """

    name: str
    currency: str
    bill_input_tax: bool
    billing_start: BillingMonth | None


@dataclass(frozen=True)
class PartnerSettingsChange:
    """What is to be other; ``None`` leaves it alone, but ``billing_start`` with ``changes_billing_start``."""

    name: str | None = None
    currency: str | None = None
    bill_input_tax: bool | None = None
    billing_start: BillingMonth | None = None
    changes_billing_start: bool = False
