"""What a customer pays for a recorded month now, and what it would pay under another book. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rebill.model.data_set import DataSet
from rebill.model.dry_run import CurrencyDifference, differences
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.price_book import RecordedBook
from rebill.model.rating import RatingInputs
from rebill.services.acting.installation import Installation
from rebill.services.pricing.read_price_books import found_price_book
from rebill.services.runs.recompute import Watch, recomputed
from rebill.services.runs.refund_months import month_inputs
from rebill.services.trials.tried_changes import only_customer, tried_book, with_book, with_terms
from rebill.store.data_sets import data_sets_in_force
from rebill.store.price_book_records import newest_specification
from rebill.store.scope import Scope


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
    alone = only_customer(recorded.inputs, customer_id)
    today = with_terms(alone, [customer_id], lambda terms: replace(terms, billing_enabled=True))
    under_book = with_book(today, [customer_id], recorded.tried, owner_ids)
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
        data_sets = tuple(data_sets_in_force(scope, month))
        inputs = month_inputs(installation, scope, month, data_sets)
    return _Recorded(data_sets, inputs, tried_book(book.book_name, specification))
