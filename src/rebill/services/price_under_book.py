"""What a customer pays for a recorded month now, and what it would pay under another book. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rebill.model.data_set import DataSet
from rebill.model.dry_run import CurrencyDifference, differences
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.price_book import ALL_ACCOUNTS, AccountBook, RecordedBook
from rebill.model.rating import RatingInputs
from rebill.services.installation import Installation
from rebill.services.price_book_text import recorded_price_book
from rebill.services.read_price_books import found_price_book
from rebill.services.recompute import Watch, recomputed
from rebill.store.data_sets import data_sets_in_force
from rebill.store.price_book_records import newest_specification
from rebill.store.price_books import owner_key
from rebill.store.rating_inputs import rating_inputs
from rebill.store.scope import Scope
from rebill.store.terms import ALWAYS

_TRIED_BOOK_ID: Final = 0
"""No recorded book has it: the tried book may stand beside an earlier version of itself."""


@dataclass(frozen=True)
class _Recorded:
    """A month as the record has it, and the book that is tried."""

    data_sets: tuple[DataSet, ...]
    inputs: RatingInputs
    tried: RecordedBook


def price_under_book(
    installation: Installation,
    caller: Caller,
    book_id: int,
    customer_id: int,
    month: BillingMonth,
    owner_ids: Sequence[str],
    folder: Path,
    watch: Watch,
) -> tuple[CurrencyDifference, ...]:
    """The customer's prices now and under the newest specification of a book, on all accounts or on ``owner_ids``.

    A customer that is not billed is priced as if it were. ``folder`` is worked in; ``watch`` is told each engine
    before it computes. Raises ``ProgramError`` as a run does, and ``NotFound`` for a book that is deleted meanwhile.
    """
    recorded = _read_record(installation, caller, book_id, month)
    today = _only_customer(recorded.inputs, customer_id)
    under_book = _tried_on(today, customer_id, recorded.tried, owner_ids)
    priced = [
        recomputed(installation, inputs, recorded.data_sets, folder / name, watch).customers
        for name, inputs in (("today", today), ("under-book", under_book))
    ]
    return differences(*priced)


def _read_record(installation: Installation, caller: Caller, book_id: int, month: BillingMonth) -> _Recorded:
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        book = found_price_book(scope, book_id)
        specification = newest_specification(scope, book_id)
        inputs = rating_inputs(scope, month, recorded_price_book)
        data_sets = tuple(data_sets_in_force(scope, month))
    tried = RecordedBook(_TRIED_BOOK_ID, book.book_name, ALWAYS, specification, recorded_price_book(specification))
    return _Recorded(data_sets, inputs, tried)


def _only_customer(inputs: RatingInputs, customer_id: int) -> RatingInputs:
    """The same month with nobody else to bill, which leaves less to price."""
    account_books = tuple(choice for choice in inputs.account_books if choice.customer_id == customer_id)
    used = {choice.price_book_id for choice in account_books}
    return replace(
        inputs,
        terms=tuple(replace(terms, billing_enabled=True) for terms in inputs.terms if terms.customer_id == customer_id),
        books=tuple(book for book in inputs.books if book.price_book_id in used),
        account_books=account_books,
    )


def _tried_on(inputs: RatingInputs, customer_id: int, tried: RecordedBook, owner_ids: Sequence[str]) -> RatingInputs:
    keys = {owner_key(owner_id) for owner_id in owner_ids}
    if not keys or ALL_ACCOUNTS in keys:
        of_all = AccountBook(customer_id, None, _TRIED_BOOK_ID)
        return replace(inputs, books=(tried,), account_books=(of_all,))
    others = tuple(choice for choice in inputs.account_books if choice.account_key not in keys)
    chosen = tuple(AccountBook(customer_id, key, _TRIED_BOOK_ID) for key in sorted(keys))
    used = {choice.price_book_id for choice in others}
    books = tuple(book for book in inputs.books if book.price_book_id in used)
    return replace(inputs, books=(tried, *books), account_books=(*others, *chosen))
