"""Price books as callers deal with them: books, whom they are assigned to, and which accounts they price.

A book prices an account where both assignments do: the book's to the customer, and the account's to the book.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rebill.model.identifiers import trimmed
from rebill.model.months import BillingMonth, Months
from rebill.model.price_book import ALL_ACCOUNTS

GREATEST_ACCOUNT_COUNT: Final = 10_000
GREATEST_OWNER_ID_LENGTH: Final = 255
"""Characters of a billing account owner's id: Microsoft's are longer than those of other accounts."""
FILE_HASH_LENGTH: Final = 32


def billing_account_owner(text: str) -> str:
    """The account that ``text`` names, trimmed; ``ALL`` in any case. Raises ``ValueError`` for what names none."""
    owner_id = trimmed(text)
    if not owner_id:
        raise ValueError(f"must not be empty: {ALL_ACCOUNTS}, or the id of an account")
    if len(owner_id) > GREATEST_OWNER_ID_LENGTH:
        raise ValueError(f"may have at most {GREATEST_OWNER_ID_LENGTH} characters")
    if not owner_id.isprintable():
        raise ValueError("may hold only characters that print")
    return ALL_ACCOUNTS if owner_id.upper() == ALL_ACCOUNTS else owner_id


@dataclass(frozen=True)
class PriceBookRecord:
    """A book as lists show it; ``specification_sha256`` is of its newest specification."""

    price_book_id: int
    book_name: str
    specification_sha256: str
    created_at: datetime
    updated_at: datetime

    @property
    def file_hash(self) -> str:
        """What tells two specifications apart: the beginning of its SHA-256."""
        return self.specification_sha256[:FILE_HASH_LENGTH]


@dataclass(frozen=True)
class PriceBookOrder:
    """A book to be made, or changes of one; ``None`` = not given. ``specification``: its text."""

    book_name: str | None = None
    specification: str | None = None


@dataclass(frozen=True)
class BookAssignment:
    """A book that is assigned to a customer in ``months``."""

    assignment_id: int
    price_book_id: int
    customer_id: int
    months: Months
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class BookAssignmentOrder:
    """An assignment to be made, or changes of one; ``None`` = not given.

    ``always`` and ``without_end``: ``start_month`` or ``end_month`` was given as none.
    """

    price_book_id: int | None = None
    customer_id: int | None = None
    start_month: BillingMonth | None = None
    end_month: BillingMonth | None = None
    always: bool = False
    without_end: bool = False
    customer_field: str = "target_client_api_id"
    """The name that the caller used for ``customer_id``."""


@dataclass(frozen=True)
class AccountAssignment:
    """An account, or all accounts of a customer, that an assigned book prices.

    ``billing_account_owner_id`` as it was sent, ``account_key`` as it is compared. ``months`` lie within
    the assignment's.
    """

    account_assignment_id: int
    assignment_id: int
    customer_id: int
    billing_account_owner_id: str
    account_key: str
    months: Months
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class AccountsOrder:
    """Accounts that an assigned book is to price. ``ALL`` stands for every account that nothing else names.

    ``fields``: where the caller wrote each of ``owner_ids``. ``customer_id``: whom he thinks it is for, if he says.
    """

    assignment_id: int
    owner_ids: tuple[str, ...]
    fields: tuple[str, ...]
    customer_id: int | None = None
