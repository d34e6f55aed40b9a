"""Deliveries: issued documents brought to customers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryWay(StrEnum):
    """How a document reaches its customer."""

    FOLDER = "folder"
    EMAIL = "email"


class DeliveryState(StrEnum):
    """``UNSURE``: it was to leave, and nobody knows whether it did. ``FAILED``: it did not, and is tried again."""

    UNSURE = "unsure"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class DocumentDelivery:
    """A document's delivery by one way. ``target``: the path or the addresses; ``fault``: why it failed last."""

    statement_id: int
    customer_id: int
    way: DeliveryWay
    target: str
    state: DeliveryState
    attempts: int
    fault: str
    changed_at: datetime
