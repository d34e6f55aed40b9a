"""Dry runs of price books: what a customer would pay for a real month under a book, and what it pays now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rebill.model.months import BillingMonth
from rebill.model.statement import Statement


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

    ``None`` = not given, which nothing can be done without. ``customer_field``: the name that the caller used.
    """

    price_book_id: int | None
    customer_id: int | None
    month: BillingMonth | None
    owner_ids: tuple[str, ...] = ()
    customer_field: str = "target_client_api_id"


@dataclass(frozen=True)
class ServiceDifference:
    """What a service costs the customer now and under the book, in minor units; ``None`` = no service is named."""

    service: str | None
    today_minor_units: int
    under_book_minor_units: int


@dataclass(frozen=True)
class CurrencyDifference:
    """The same for all services of a currency together, which is the statement's total."""

    currency: str
    today_minor_units: int
    under_book_minor_units: int
    services: tuple[ServiceDifference, ...]

    def __post_init__(self) -> None:
        today = sum(one.today_minor_units for one in self.services)
        under_book = sum(one.under_book_minor_units for one in self.services)
        if (today, under_book) != (self.today_minor_units, self.under_book_minor_units):
            raise AssertionError("services must add up to their currency")


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


def differences(today: list[Statement], under_book: list[Statement]) -> tuple[CurrencyDifference, ...]:
    """What differs between a customer's statements of a month, by currency and service, both by Unicode code point."""
    currencies = sorted({statement.currency for statement in (*today, *under_book)})
    return tuple(
        _difference(currency, _by_service(today, currency), _by_service(under_book, currency))
        for currency in currencies
    )


def _difference(currency: str, today: dict[str | None, int], under_book: dict[str | None, int]) -> CurrencyDifference:
    names = sorted({*today, *under_book}, key=lambda name: (name is None, name or ""))
    services = tuple(ServiceDifference(name, today.get(name, 0), under_book.get(name, 0)) for name in names)
    return CurrencyDifference(currency, sum(today.values()), sum(under_book.values()), services)


def _by_service(statements: list[Statement], currency: str) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for statement in statements:
        for line in statement.lines if statement.currency == currency else ():
            found[line.priced.service] = found.get(line.priced.service, 0) + line.amount_minor_units
    return found
