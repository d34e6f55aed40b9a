"""Deliveries: issued documents brought to customers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(days=1)
_ATTEMPTS: Final = 10


class DeliveryWay(StrEnum):
    """How a document reaches its customer."""

    FOLDER = "folder"
    EMAIL = "email"


class DeliveryState(StrEnum):
    """What became of a document on one way.

    ``WAITING``: it was issued, and nobody tried yet. ``UNSURE``: it was to leave, and nobody knows whether it did.
    ``FAILED``: it did not, and is tried again.
    """

    WAITING = "waiting"
    UNSURE = "unsure"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class DocumentDelivery:
    """A document's delivery by one way. ``target``: the path or the addresses; ``fault``: why it failed last.

    ``due_at``: from when on a server brings it by itself; ``None``: it does not.
    """

    statement_id: int
    customer_id: int
    way: DeliveryWay
    target: str
    state: DeliveryState
    attempts: int
    fault: str
    changed_at: datetime
    due_at: datetime | None


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When what failed ``attempts`` times is tried again by itself: after pauses that grow from a minute to a day.

    ``None``: it is not, as it failed too often.
    """
    if attempts >= _ATTEMPTS:
        return None
    return now + min(_FIRST_PAUSE * int(4 ** (attempts - 1)), _LONGEST_PAUSE)
