"""Whole lists, read page by page."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from rebill.model.listing import GREATEST_PER_PAGE, Listing, Page

Item = TypeVar("Item")


def every_item(read_page: Callable[[Page], Listing[Item]]) -> Iterator[Item]:
    """Every item of the list that ``read_page`` reads, in its order."""
    page: Page | None = Page(number=1, per_page=GREATEST_PER_PAGE)
    while page is not None:
        listing = read_page(page)
        yield from listing.items
        page = Page(page.number + 1, page.per_page) if listing.more else None
