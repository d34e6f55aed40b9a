"""Paging of lists, as the partner API and the command line both offer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

DEFAULT_PER_PAGE = 30
GREATEST_PER_PAGE = 1000


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for.

    ``number`` counts from 1. With ``after_id`` the list is paged by key instead: what comes
    after that id in the list's order, and nothing is missed or repeated while others change it.
    """

    number: int = 1
    per_page: int = DEFAULT_PER_PAGE
    after_id: int | None = None

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.per_page


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """A page of a list. ``total`` counts all of it (``None`` when paged by key).

    ``last_id`` is what to give as ``after_id`` next; ``more``: whether anything follows.
    """

    items: Sequence[Item]
    page: Page
    total: int | None
    more: bool
    last_id: int | None = None
