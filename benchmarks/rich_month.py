"""The same month under many price books: one of fifty for each customer, each of twenty rules with wildcards.

And twice more, for what ten times as much costs: with ten times as many rules in each book, and with ten times as many
customers. The lake's files, which never change, are linked and not copied.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from benchmarks.prepared import (
    ALWAYS,
    HOME_SOURCES,
    SAMPLE_SOURCES,
    digest_of,
    is_made,
    mark_made,
    opened,
    subscriptions_of,
    write_csv,
)
from benchmarks.workplace import CUSTOMERS, Workplace
from rebill.model.assignment import AssignmentOrder
from rebill.model.customer import NewCustomer
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.model.price_book import ALL_ACCOUNTS
from rebill.model.price_book_record import BookAssignmentOrder, PriceBookOrder
from rebill.model.terms import Basis, CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.parties.assign_accounts import assign_accounts
from rebill.services.parties.create_customer import create_customer
from rebill.services.pricing.assign_book_with_accounts import assign_book_with_accounts
from rebill.services.pricing.change_book_assignment import change_book_assignment
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.pricing.read_book_assignments import list_book_assignments

BOOKS: Final = 50
RULES: Final = 20
LONG_RULES: Final = 10 * RULES
MORE_CUSTOMERS: Final = 9 * CUSTOMERS
_LINES_A_CUSTOMER: Final = 200
"""A small month has fewer customers more, lest one of them has no line."""
_FIRST_FREE_SUBSCRIPTION: Final = 200
"""Those before it are assigned already."""
_REGIONS: Final = ("west*", "*europe", "*us2", "*central", "*east", "south*", "*north*", "*a*")
_METERS: Final = (
    "D*",
    "*Storage*",
    "Standard*",
    "*Hour",
    "*LRS*",
    "P*",
    "*Data*",
    "*Operations",
    "*Node",
    "*v5",
    "*1*",
)
_MODELS: Final = ("D", "E", "P", "F", "B", "S", "v", "VM ", "Standard ", "LRS ", "")
_LAKE: Final = "lake"


@dataclass(frozen=True)
class Rule:
    """A rule of a benchmark's book: names with wildcards, and a percentage."""

    position: int
    region: str
    meter: str
    percent: int
    is_discount: bool

    @property
    def text(self) -> str:
        """As a specification has it."""
        kind = "percentDiscount" if self.is_discount else "percentIncrease"
        return (
            f'<BillingRule name="Rule {self.position}">'
            f'<BasicBillingRule billingAdjustment="{self.percent}" billingRuleType="{kind}"/>'
            f'<Region name="{self.region}"/>'
            f'<Product productName="ANY"><UsageType name="{self.meter}"/></Product></BillingRule>'
        )

    def row(self, book: int) -> tuple[object, ...]:
        """As the hand-written statement reads it."""
        factor = Decimal(100 - self.percent if self.is_discount else 100 + self.percent) / 100
        like = (name.replace("*", "%") for name in (self.region, self.meter))
        return book, self.position, *like, factor, self.is_discount


def rules_of(book: int, count: int) -> Iterator[Rule]:
    """The rules of a book. Those after the first twenty ask for models."""
    for number in range(count):
        region, meter = _REGIONS[(book + number) % len(_REGIONS)], _METERS[(book * 7 + number * 3) % len(_METERS)]
        if number >= RULES:
            meter = f"*{_MODELS[number % len(_MODELS)]}{number * 7 % 10}*"
        yield Rule(number + 1, region, meter, 1 + (book * RULES + number) % 29, is_discount=number % 2 == 0)


def prepare_rich_month(place: Workplace) -> None:
    """Fill ``place.rich_home`` unless it is filled: what stands in ``place.home``, with books for every customer."""

    def fill(installation: Installation, caller: Caller) -> None:
        _give_books(installation, caller, place, RULES)

    _prepare(place.home, place.rich_home, fill)


def prepare_long_books(place: Workplace) -> None:
    """Fill ``place.long_books_home`` unless it is filled."""

    def fill(installation: Installation, caller: Caller) -> None:
        _give_books(installation, caller, place, LONG_RULES)

    _prepare(place.home, place.long_books_home, fill)


def prepare_many_customers(place: Workplace) -> None:
    """Fill ``place.many_customers_home`` unless it is filled: what stands in ``place.rich_home``, with more customers.

    Each of the new ones has a subscription that was its tenant's customer's, and one of the books.
    """
    count = min(MORE_CUSTOMERS, place.lines // _LINES_A_CUSTOMER)
    wanted = subscriptions_of(place.sample)[_FIRST_FREE_SUBSCRIPTION:][:count]

    def fill(installation: Installation, caller: Caller) -> None:
        _add_customers(installation, caller, wanted)

    _prepare(place.rich_home, place.many_customers_home, fill)


def _prepare(source: Path, home: Path, fill: Callable[[Installation, Caller], None]) -> None:
    mark = digest_of((*HOME_SOURCES, *SAMPLE_SOURCES, Path(__file__).absolute()))
    if is_made(home, mark):
        return
    shutil.copytree(source, home, ignore=shutil.ignore_patterns(_LAKE, "runs"))
    shutil.copytree(source / _LAKE, home / _LAKE, copy_function=os.link, ignore=shutil.ignore_patterns("runs"))
    installation, caller = opened(home)
    fill(installation, caller)
    installation.database.close()
    mark_made(home, mark)


def _give_books(installation: Installation, caller: Caller, place: Workplace, rules: int) -> None:
    books = [
        create_price_book(installation, caller, PriceBookOrder(f"Book {book}", _specification(book, rules)))
        for book in range(BOOKS)
    ]
    given: list[tuple[object, ...]] = []
    # Every customer has the book of its markup, and gets one of these in its place.
    for number, held in enumerate(list_book_assignments(installation, caller, Page(per_page=CUSTOMERS)).items):
        order = BookAssignmentOrder(price_book_id=books[number % BOOKS].price_book_id)
        change_book_assignment(installation, caller, held.assignment_id, order)
        given.append((held.customer_id, number % BOOKS))
    if rules == RULES:
        write_csv(place.books, "customer_id book", given)
        rows = [rule.row(book) for book in range(BOOKS) for rule in rules_of(book, rules)]
        write_csv(place.rules, "book position region meter factor is_discount", rows)


def _add_customers(installation: Installation, caller: Caller, subscriptions: Sequence[str]) -> None:
    books = sorted(
        {one.price_book_id for one in list_book_assignments(installation, caller, Page(per_page=BOOKS)).items}
    )
    for number, subscription in enumerate(subscriptions):
        new = NewCustomer(
            name=f"Customer of {subscription}",
            billing_enabled=True,
            basis=list(Basis)[number % 2],
            commitments=list(CommitmentsPolicy)[number % 3],
        )
        customer_id = create_customer(installation, caller, new).customer_id
        order = AssignmentOrder(AccountKind.SUBSCRIPTION, customer_id, (subscription,), effective_from=ALWAYS)
        assign_accounts(installation, caller, order)
        book = BookAssignmentOrder(price_book_id=books[number % len(books)], customer_id=customer_id)
        assign_book_with_accounts(installation, caller, book, (ALL_ACCOUNTS,))


def _specification(book: int, rules: int) -> str:
    return "\n".join(
        (
            '<CHTBillingRules date="2024-09-01"><RuleGroup startDate="2024-01-01">',
            *(rule.text for rule in rules_of(book, rules)),
            "</RuleGroup></CHTBillingRules>",
        )
    )
