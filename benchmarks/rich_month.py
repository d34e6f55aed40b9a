"""The same month under many price books: one of fifty for each customer, each of twenty rules with wildcards."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.prepared import HOME_SOURCES, SAMPLE_SOURCES, digest_of, is_made, mark_made, opened
from benchmarks.workplace import CUSTOMERS, Workplace
from rebill.model.listing import Page
from rebill.model.price_book_record import BookAssignmentOrder, PriceBookOrder
from rebill.services.pricing.change_book_assignment import change_book_assignment
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.pricing.read_book_assignments import list_book_assignments

BOOKS: Final = 50
RULES: Final = 20
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
_LAKE: Final = "lake"


def prepare_rich_month(place: Workplace) -> None:
    """Fill ``place.rich_home`` unless it is filled: what stands in ``place.home``, with books for every customer.

    The lake's files, which never change, are linked and not copied.
    """
    mark = digest_of((*HOME_SOURCES, *SAMPLE_SOURCES, Path(__file__).absolute()))
    if is_made(place.rich_home, mark):
        return
    shutil.copytree(place.home, place.rich_home, ignore=shutil.ignore_patterns(_LAKE, "runs"))
    shutil.copytree(
        place.home / _LAKE, place.rich_home / _LAKE, copy_function=os.link, ignore=shutil.ignore_patterns("runs")
    )
    installation, caller = opened(place.rich_home)
    books = [
        create_price_book(installation, caller, PriceBookOrder(f"Book {number}", _specification(number))).price_book_id
        for number in range(BOOKS)
    ]
    # Every customer has the book of its markup, and gets one of these in its place.
    for number, held in enumerate(list_book_assignments(installation, caller, Page(per_page=CUSTOMERS)).items):
        order = BookAssignmentOrder(price_book_id=books[number % BOOKS])
        change_book_assignment(installation, caller, held.assignment_id, order)
    installation.database.close()
    mark_made(place.rich_home, mark)


def _specification(book: int) -> str:
    return "\n".join(
        (
            '<CHTBillingRules date="2024-09-01"><RuleGroup startDate="2024-01-01">',
            *_rules(book),
            "</RuleGroup></CHTBillingRules>",
        )
    )


def _rules(book: int) -> Iterator[str]:
    for number in range(RULES):
        region, meter = _REGIONS[(book + number) % len(_REGIONS)], _METERS[(book * 7 + number * 3) % len(_METERS)]
        kind = ("percentDiscount", "percentIncrease")[number % 2]
        percent = 1 + (book * RULES + number) % 29
        yield (
            f'<BillingRule name="Rule {number}">'
            f'<BasicBillingRule billingAdjustment="{percent}" billingRuleType="{kind}"/><Region name="{region}"/>'
            f'<Product productName="ANY"><UsageType name="{meter}"/></Product></BillingRule>'
        )
