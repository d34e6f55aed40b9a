"""Dry runs of price books: what a customer would pay for a real month under a book, and what it pays now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from rebill.model.currencies import minor_digits
from rebill.model.money import ZERO, minor_units
from rebill.model.months import BillingMonth
from rebill.model.rating import CustomerLines


class DryRunStatus(StrEnum):
    """How far a dry run is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The server that worked on it ended first: nothing will come of it."""


@dataclass(frozen=True)
class DryRunOrder:
    """A book to be tried on a customer's month; ``owner_ids``: only on these accounts, none = on all of them.

    ``None`` = not given, which nothing can be done without. ``customer_field`` and ``accounts_field``: the names that
    the caller used.
    """

    price_book_id: int | None
    customer_id: int | None
    month: BillingMonth | None
    owner_ids: tuple[str, ...] = ()
    customer_field: str = "target_client_api_id"
    accounts_field: str = "billing_account_owner_ids"


@dataclass(frozen=True)
class ServiceDifference:
    """What a service costs the customer now and under the book, exact; ``None`` = no service is named."""

    service: str | None
    today: Decimal
    under_book: Decimal


@dataclass(frozen=True)
class CurrencyDifference:
    """The same in one currency, service by service."""

    currency: str
    services: tuple[ServiceDifference, ...]

    @property
    def today_minor_units(self) -> int:
        """The total of the customer's statement as it is now."""
        return minor_units(sum((one.today for one in self.services), ZERO), minor_digits(self.currency))

    @property
    def under_book_minor_units(self) -> int:
        """The total of the customer's statement under the book."""
        return minor_units(sum((one.under_book for one in self.services), ZERO), minor_digits(self.currency))


@dataclass(frozen=True)
class DryRun:
    """A dry run as the record has it. ``differences`` once it is done; ``fault``: why it failed."""

    dry_run_id: int
    price_book_id: int
    customer_id: int
    month: BillingMonth
    owner_ids: tuple[str, ...]
    status: DryRunStatus
    requested_at: datetime
    finished_at: datetime | None
    differences: tuple[CurrencyDifference, ...]
    fault: str


def differences(today: Sequence[CustomerLines], under_book: Sequence[CustomerLines]) -> tuple[CurrencyDifference, ...]:
    """What differs between a customer's priced lines of a month, by currency and service, both by code point."""
    currencies = sorted({found.currency for found in (*today, *under_book)})
    return tuple(
        _difference(currency, _by_service(today, currency), _by_service(under_book, currency))
        for currency in currencies
    )


def _difference(
    currency: str, today: dict[str | None, Decimal], under_book: dict[str | None, Decimal]
) -> CurrencyDifference:
    names = sorted({*today, *under_book}, key=lambda name: (name is None, name or ""))
    services = (ServiceDifference(name, today.get(name, ZERO), under_book.get(name, ZERO)) for name in names)
    return CurrencyDifference(currency, tuple(services))


def _by_service(priced: Sequence[CustomerLines], currency: str) -> dict[str | None, Decimal]:
    found: dict[str | None, Decimal] = {}
    for of_customer in priced:
        for line in of_customer.lines if of_customer.currency == currency else ():
            found[line.service] = found.get(line.service, ZERO) + line.exact_amount
    return found
