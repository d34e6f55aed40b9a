"""Deliveries: issued documents brought to customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from rebill.model.months import BillingMonth

_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(days=1)
_ATTEMPTS: Final = 10
_LONGEST_ATTEMPT: Final = timedelta(minutes=15)
"""A mail server that is silent for a minute is given up; a letter has some ten answers to wait for."""


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

    ``attempts``: the rounds in which it was tried. ``due_at``: from when on a server brings it by itself; ``None``: it
    does not.
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

    def is_under_way(self, now: datetime) -> bool:
        """Whether an attempt has begun lately and may still end: one that ended unsurely says why."""
        is_begun = self.state is DeliveryState.UNSURE and not self.fault
        return is_begun and now - self.changed_at < _LONGEST_ATTEMPT


@dataclass(frozen=True)
class IssuedBesideDeliveries:
    """How many documents are ``issued``, and those of them that nobody tried to deliver.

    ``without_number``: they wait for the partner's own system to number them. ``without_place``: how many of each
    customer, by its id, that has nowhere to deliver them to. ``waiting``: how many were ordered and have a number.
    """

    issued: int
    without_number: int
    without_place: Mapping[int, int]
    waiting: Mapping[DeliveryWay, int]


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries are asked for; ``None``: whatever."""

    month: BillingMonth | None = None
    customer_id: int | None = None
    state: DeliveryState | None = None


@dataclass(frozen=True)
class ListedDelivery:
    """A delivery, and of what: ``invoice_id`` is the document's number, ``""`` while it has none."""

    delivery: DocumentDelivery
    customer_name: str
    month: BillingMonth
    invoice_id: str


@dataclass(frozen=True)
class ListedDeliveries:
    """Some deliveries; ``counts``: how many there are of each state, of the same month and customer."""

    counts: Mapping[DeliveryState, int]
    deliveries: tuple[ListedDelivery, ...]


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When what failed ``attempts`` times is tried again by itself: after pauses that grow from a minute to a day.

    ``None``: it is not, as it failed too often.
    """
    if attempts >= _ATTEMPTS:
        return None
    return now + min(_FIRST_PAUSE * int(4 ** (attempts - 1)), _LONGEST_PAUSE)
