"""Changes of what a month is computed from, tried on its inputs without storing anything."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from rebill.model.billing_rule import RuleInForce
from rebill.model.identifiers import AccountKind
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.price_book import ALL_ACCOUNTS, AccountBook, RecordedBook, Specification
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.terms import CustomerTerms
from rebill.services.pricing.price_book_text import recorded_price_book
from rebill.store.price_books import owner_key
from rebill.store.terms import ALWAYS

TRIED_ID: Final = 0
"""Nothing recorded has it: what is tried may stand beside an earlier version of itself."""


def tried_book(name: str, specification: Specification) -> RecordedBook:
    """A book as it is tried. Raises ``ProgramError`` for a specification that cannot be read."""
    return RecordedBook(TRIED_ID, name, ALWAYS, specification, recorded_price_book(specification))


def with_terms(
    inputs: RatingInputs, customer_ids: Collection[int], change: Callable[[CustomerTerms], CustomerTerms]
) -> RatingInputs:
    """Other terms for some customers."""
    return replace(
        inputs,
        terms=tuple(change(terms) if terms.customer_id in customer_ids else terms for terms in inputs.terms),
    )


def with_book(
    inputs: RatingInputs, customer_ids: Collection[int], tried: RecordedBook, owner_ids: Sequence[str] = ()
) -> RatingInputs:
    """A book for these customers, on all their accounts instead of every other book, or on ``owner_ids`` only."""
    keys = {owner_key(owner_id) for owner_id in owner_ids}
    named: list[str | None] = [None] if not keys or ALL_ACCOUNTS in keys else [*sorted(keys)]
    kept = tuple(
        choice
        for choice in inputs.account_books
        if choice.customer_id not in customer_ids or (named != [None] and choice.account_key not in keys)
    )
    chosen = [AccountBook(customer_id, key, TRIED_ID) for customer_id in sorted(customer_ids) for key in named]
    return _with_account_books(inputs, (tried, *inputs.books), (*kept, *chosen))


def with_book_changed(inputs: RatingInputs, price_book_id: int, tried: RecordedBook) -> RatingInputs:
    """A book that says something else, wherever it prices."""
    choices = tuple(
        replace(choice, price_book_id=TRIED_ID) if choice.price_book_id == price_book_id else choice
        for choice in inputs.account_books
    )
    return _with_account_books(inputs, (tried, *inputs.books), choices)


def _with_account_books(
    inputs: RatingInputs, books: Sequence[RecordedBook], choices: tuple[AccountBook, ...]
) -> RatingInputs:
    used = {choice.price_book_id for choice in choices}
    return replace(inputs, books=tuple(book for book in books if book.price_book_id in used), account_books=choices)


def only_customer(inputs: RatingInputs, customer_id: int) -> RatingInputs:
    """The same month with nobody else to bill, which leaves less to price."""
    choices = tuple(choice for choice in inputs.account_books if choice.customer_id == customer_id)
    alone = replace(inputs, terms=tuple(terms for terms in inputs.terms if terms.customer_id == customer_id))
    return _with_account_books(alone, inputs.books, choices)


def with_assignment(
    inputs: RatingInputs, kind: AccountKind, keys: Collection[str], customer_id: int | None, first: date | None
) -> RatingInputs:
    """Accounts that are a customer's (``None``: nobody's) from a day on, whoever has them now.

    ``first``: ``None`` = from the beginning.
    """
    kept = [cut for one in inputs.bindings for cut in _cut(one, kind, keys, first)]
    moved = [] if customer_id is None else [AccountBinding(kind, key, customer_id, first, None) for key in sorted(keys)]
    return replace(inputs, bindings=(*kept, *moved))


def _cut(one: AccountBinding, kind: AccountKind, keys: Collection[str], first: date | None) -> list[AccountBinding]:
    if one.kind is not kind or one.account_key not in keys:
        return [one]
    begins = one.effective_from or date.min
    if first is None or begins >= first:
        return []
    until = first if one.effective_to is None else min(one.effective_to, first)
    return [replace(one, effective_to=until)] if begins < until else []


def with_manual_line(inputs: RatingInputs, entered: NewManualLine, moment: datetime) -> RatingInputs:
    """An amount entered after all others."""
    number = max((one.entry_number for one in inputs.manual_lines), default=0) + 1
    return replace(inputs, manual_lines=(*inputs.manual_lines, ManualLine(TRIED_ID, number, entered, moment)))


def without_manual_lines(inputs: RatingInputs, withdrawn: Collection[int]) -> RatingInputs:
    """Entries taken back."""
    kept = tuple(one for one in inputs.manual_lines if one.manual_line_id not in withdrawn)
    return replace(inputs, manual_lines=kept)


def with_rules(inputs: RatingInputs, without: Collection[int], added: Sequence[RuleInForce]) -> RatingInputs:
    """Billing rules taken away and put in."""
    kept = [one for one in inputs.billing_rules if one.billing_rule_id not in without]
    return replace(inputs, billing_rules=tuple(sorted((*kept, *added), key=lambda one: one.billing_rule_id)))
