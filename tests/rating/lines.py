"""A cost line as rating reads it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Line:
    """A charge. What may be absent is ``None``; what only price books ask comes last."""

    billed: Decimal
    listed: Decimal | None
    effective: Decimal | None
    quantity: Decimal | None
    unit: str | None
    start: datetime
    end: datetime
    category: str
    currency: str
    provider: str | None
    service: str | None
    subscription: str | None
    tenant: str | None
    commitment: str | None
    commitment_status: str | None
    billing_account: str | None = None
    charge_class: str | None = None
    frequency: str | None = None
    commitment_category: str | None = None
    commitment_type: str | None = None
    commitment_name: str | None = None
    service_code: str | None = None
    region_id: str | None = None
    region_name: str | None = None
    meter: str | None = None
    meter_subcategory: str | None = None
    operation: str | None = None
    price_details: str | None = None
    description: str | None = None
    previous_invoice: str | None = None
