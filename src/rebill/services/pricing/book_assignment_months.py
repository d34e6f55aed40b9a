"""In which months assignments of price books may change, and that no account has two books in one month. No I/O."""

from collections.abc import Iterable, Mapping

from rebill.model.months import BillingMonth, Months
from rebill.model.price_book_record import AccountAssignment, BookAssignment, BookAssignmentOrder


def wanted_months(
    order: BookAssignmentOrder, kept: Months | None, first_changeable: BillingMonth | None
) -> tuple[Months, dict[str, str]]:
    """The months that an order asks for (of a new assignment: ``kept`` ``None``), and what is wrong with them.

    Months before ``first_changeable`` are issued: they neither get a book nor lose one.
    """
    standing = Months(first_changeable) if kept is None else kept
    first = None if order.always else order.start_month or standing.first
    last = None if order.without_end else order.end_month or standing.last
    if first is not None and last is not None and last < first:
        return standing, {"end_month": f"lies before start_month, {first}"}
    months = Months(first, last)
    before = None if kept is None else kept.part_before(first_changeable)
    if months.part_before(first_changeable) == before:
        return months, {}
    named = order.start_month is not None or order.always
    field = "start_month" if named else "end_month"
    return months, {field: f"changes months that are issued: leave those before {first_changeable} as they are"}


def moved_months(account: Months, before: Months, after: Months) -> Months | None:
    """An account's months when those of its book's assignment change: a bound that both share moves with it.

    ``None``: no month of the account is left.
    """
    first = after.first if account.first == before.first else account.first
    last = after.last if account.last == before.last else account.last
    if first is not None and last is not None and last < first:
        return None
    return Months(first, last).within(after)


def taken_accounts(wanted: Mapping[str, Months], standing: Iterable[AccountAssignment]) -> dict[str, AccountAssignment]:
    """Which of the ``wanted`` accounts (months by key) have a book in one of their months already, and by what."""
    return {
        account.account_key: account
        for account in standing
        if account.account_key in wanted and account.months.overlaps(wanted[account.account_key])
    }


def same_book_again(
    assignments: Iterable[BookAssignment], book_id: int, months: Months, but: int | None = None
) -> BookAssignment | None:
    """Another assignment (than ``but``) of the same book in one of these months."""
    for other in assignments:
        if other.assignment_id != but and other.price_book_id == book_id and other.months.overlaps(months):
            return other
    return None
