"""Price books by month: what is issued keeps the book, the text and the accounts that it was priced by."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Barrier

import pytest

from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.model.price_book_record import AccountsOrder, BookAssignmentOrder, PriceBookOrder
from rebill.services.acting.installation import Installation
from rebill.services.parties.delete_customer import delete_customer
from rebill.services.pricing.assign_book_accounts import (
    assign_book_accounts,
    change_account_assignment,
    end_book_account_assignment,
)
from rebill.services.pricing.assign_price_book import assign_price_book
from rebill.services.pricing.change_book_assignment import change_book_assignment, end_price_book_assignment
from rebill.services.pricing.change_price_book import change_price_book
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.pricing.delete_price_book import delete_price_book
from rebill.services.pricing.price_book_text import recorded_price_book
from rebill.services.pricing.read_book_assignments import get_book_assignment, list_account_assignments
from rebill.services.pricing.read_price_books import get_price_book, get_specification
from rebill.store.price_books import account_books_in_force, books_in_force
from rebill.store.scope import Scope
from tests.api.price_book_steps import XML
from tests.conftest import SettableClock
from tests.services.recorded_statements import recorded_statement
from tests.services.steps import customer

SEPTEMBER, OCTOBER = BillingMonth(2024, 9), BillingMonth(2024, 10)


@dataclass(frozen=True)
class Books:
    """A partner's books, and the steps that change them."""

    installation: Installation
    caller: Caller

    def book(self, name: str, percent: int = 10) -> int:
        order = PriceBookOrder(name, XML.format(percent=percent))
        return create_price_book(self.installation, self.caller, order).price_book_id

    def assigned(
        self,
        customer_id: int,
        book_id: int,
        *accounts: str,
        start_month: BillingMonth | None = None,
        end_month: BillingMonth | None = None,
    ) -> int:
        order = BookAssignmentOrder(book_id, customer_id, start_month, end_month)
        made = assign_price_book(self.installation, self.caller, order).assignment_id
        for account in accounts:
            self.accounts(made, account)
        return made

    def accounts(self, assignment_id: int, *owner_ids: str) -> list[int]:
        order = AccountsOrder(assignment_id, owner_ids, owner_ids)
        made = assign_book_accounts(self.installation, self.caller, order)
        return [one.account_assignment_id for one in made]

    def changed(self, assignment_id: int, order: BookAssignmentOrder) -> None:
        change_book_assignment(self.installation, self.caller, assignment_id, order)

    def priced(self, *months: str) -> list[list[str]]:
        """What a run finds in each month: ``customer's account: percent of the book``, sorted."""
        return [self._of_month(BillingMonth.parse(month)) for month in months]

    def _of_month(self, month: BillingMonth) -> list[str]:
        with self.installation.database.reading() as connection:
            scope = Scope.of(connection, self.caller)
            chosen = account_books_in_force(scope, month)
            ids = {choice.price_book_id for choice in chosen}
            books = {book.price_book_id: book for book in books_in_force(scope, month, ids, recorded_price_book)}
        found = [
            (choice.account_key or "ALL", next(books[choice.price_book_id].book.rules).adjustment.value)
            for choice in chosen
        ]
        return sorted(f"{account}: {percent}" for account, percent in found)


@pytest.fixture
def books(installation: Installation, partner: Caller) -> Books:
    return Books(installation, partner)


def issued(books: Books, customer_id: int, month: str) -> None:
    recorded_statement(books.installation, books.caller, customer_id, month, "USD", 1, "1", status="Final")


def test_a_changed_text_holds_from_the_first_month_that_nobody_has_a_statement_of(books: Books) -> None:
    one, two = (customer(books.installation, books.caller, name) for name in ("One", "Two"))
    gold = books.book("Gold")
    books.assigned(one, gold, "ALL")
    ended = books.assigned(two, gold, "b")
    issued(books, two, "2024-09")
    end_price_book_assignment(books.installation, books.caller, ended)
    order = PriceBookOrder(specification=XML.format(percent=20))
    change_price_book(books.installation, books.caller, gold, order)
    assert books.priced("2024-09", "2024-10") == [["ALL: 10", "b: 10"], ["ALL: 20"]]
    assert get_specification(books.installation, books.caller, gold).text == order.specification
    again = PriceBookOrder(specification=XML.format(percent=30))
    change_price_book(books.installation, books.caller, gold, again)
    assert books.priced("2024-09", "2024-10") == [["ALL: 10", "b: 10"], ["ALL: 30"]]


def test_another_book_leaves_issued_months_to_the_one_before(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    gold, silver = books.book("Gold"), books.book("Silver", 20)
    assignment = books.assigned(one, gold, "ALL", "a", "b")
    (taken_away,) = books.accounts(assignment, "c")
    issued(books, one, "2024-08")
    end_book_account_assignment(books.installation, books.caller, taken_away)
    issued(books, one, "2024-09")
    books.changed(assignment, BookAssignmentOrder(price_book_id=silver))
    of_august = ["ALL: 10", "a: 10", "b: 10", "c: 10"]
    assert books.priced("2024-08", "2024-09", "2024-10") == [
        of_august,
        ["ALL: 10", "a: 10", "b: 10"],
        ["ALL: 20", "a: 20", "b: 20"],
    ]
    kept = get_book_assignment(books.installation, books.caller, assignment)
    assert (kept.price_book_id, kept.months.first) == (silver, OCTOBER)
    assert list_account_assignments(books.installation, books.caller, Page()).total == 3
    # Once more, before anything else is issued: October only has the last one.
    books.changed(assignment, BookAssignmentOrder(price_book_id=gold))
    assert books.priced("2024-08", "2024-10")[0] == of_august
    assert books.priced("2024-10") == [["ALL: 10", "a: 10", "b: 10"]]


def test_what_is_assigned_late_starts_after_what_is_issued(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    issued(books, one, "2024-09")
    gold = books.book("Gold")
    with pytest.raises(Invalid) as refused:
        books.assigned(one, gold, start_month=SEPTEMBER)
    assert refused.value.fields == {
        "start_month": "changes months that are issued: leave those before 2024-10 as they are"
    }
    assignment = books.assigned(one, gold, "ALL")
    assert books.priced("2024-09", "2024-10") == [[], ["ALL: 10"]]
    with pytest.raises(Invalid):
        books.changed(assignment, BookAssignmentOrder(always=True))
    issued(books, one, "2024-10")
    books.accounts(assignment, "a")
    assert books.priced("2024-10", "2024-11") == [["ALL: 10"], ["ALL: 10", "a: 10"]]


def test_what_ends_is_still_priced_where_it_is_issued(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    assignment = books.assigned(one, books.book("Gold"), "ALL", "a")
    issued(books, one, "2024-09")
    end_price_book_assignment(books.installation, books.caller, assignment)
    assert books.priced("2024-09", "2024-10") == [["ALL: 10", "a: 10"], []]
    books.assigned(one, books.book("Silver", 20), "ALL")
    assert books.priced("2024-09", "2024-10") == [["ALL: 10", "a: 10"], ["ALL: 20"]]


def test_a_deleted_customer_is_still_priced_by_what_it_had(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    gold = books.book("Gold")
    books.assigned(one, gold, "ALL", "a")
    delete_customer(books.installation, books.caller, one)
    delete_price_book(books.installation, books.caller, gold)
    assert books.priced("2024-09", "2024-10") == [["ALL: 10", "a: 10"]] * 2


def test_what_ends_before_it_counted_leaves_no_trace_in_any_month(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    gold = books.book("Gold")
    for _ in range(3):
        end_price_book_assignment(books.installation, books.caller, books.assigned(one, gold, "ALL", "a"))
    assert books.priced("2024-09", "2999-12") == [[], []]
    delete_price_book(books.installation, books.caller, gold)
    with pytest.raises(NotFound):
        get_price_book(books.installation, books.caller, gold)


def test_an_account_that_changes_keeps_its_issued_months(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    assignment = books.assigned(one, books.book("Gold"))
    (account,) = books.accounts(assignment, "old")
    issued(books, one, "2024-09")
    change_account_assignment(books.installation, books.caller, account, "new")
    assert books.priced("2024-09", "2024-10") == [["old: 10"], ["new: 10"]]
    end_book_account_assignment(books.installation, books.caller, account)
    assert books.priced("2024-09", "2024-10") == [["old: 10"], []]


def test_accounts_move_with_the_months_of_their_books_assignment(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    assignment = books.assigned(one, books.book("Gold"), "ALL", start_month=SEPTEMBER, end_month=OCTOBER)
    assert books.priced("2024-08", "2024-09", "2024-10", "2024-11") == [[], ["ALL: 10"], ["ALL: 10"], []]
    books.changed(assignment, BookAssignmentOrder(without_end=True, always=True))
    assert books.priced("2024-08", "2024-11") == [["ALL: 10"], ["ALL: 10"]]
    issued(books, one, "2024-09")
    books.accounts(assignment, "late")
    books.changed(assignment, BookAssignmentOrder(end_month=OCTOBER))
    assert books.priced("2024-09", "2024-10", "2024-11") == [["ALL: 10"], ["ALL: 10", "late: 10"], []]
    with pytest.raises(Invalid) as refused:
        books.changed(assignment, BookAssignmentOrder(end_month=SEPTEMBER))
    assert list(refused.value.fields) == ["end_month"]
    with pytest.raises(Invalid) as refused:
        books.changed(assignment, BookAssignmentOrder(start_month=SEPTEMBER))
    assert list(refused.value.fields) == ["start_month"]


def test_what_is_all_issued_takes_no_other_book(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    assignment = books.assigned(one, books.book("Gold"), end_month=SEPTEMBER)
    (account,) = books.accounts(assignment, "a")
    issued(books, one, "2024-09")
    with pytest.raises(Invalid) as refused:
        books.changed(assignment, BookAssignmentOrder(price_book_id=books.book("Silver")))
    assert list(refused.value.fields) == ["price_book_id"]
    for act in (
        lambda: books.accounts(assignment, "b"),
        lambda: change_account_assignment(books.installation, books.caller, account, "b"),
    ):
        with pytest.raises(Invalid) as refused:
            act()
        assert list(refused.value.fields) == ["price_book_assignment_id"]
    assert books.priced("2024-09", "2024-10") == [["a: 10"], []]


def test_a_change_that_changes_nothing_leaves_no_trace(books: Books, clock: SettableClock) -> None:
    one = customer(books.installation, books.caller, "One")
    gold = books.book("Gold")
    assignment = books.assigned(one, gold, "ALL")
    before = get_price_book(books.installation, books.caller, gold)
    seen = get_book_assignment(books.installation, books.caller, assignment)
    clock.now = datetime(2024, 11, 1, tzinfo=UTC)
    same = PriceBookOrder("Gold", XML.format(percent=10))
    assert change_price_book(books.installation, books.caller, gold, same) == before
    books.changed(assignment, BookAssignmentOrder(price_book_id=gold, always=True))
    assert get_book_assignment(books.installation, books.caller, assignment) == seen
    books.changed(assignment, BookAssignmentOrder(end_month=OCTOBER))
    assert get_book_assignment(books.installation, books.caller, assignment).updated_at == clock.now


def test_callers_who_race_for_an_account_leave_it_one_book(books: Books) -> None:
    one = customer(books.installation, books.caller, "One")
    assignments = [books.assigned(one, books.book(f"Book {number}", number)) for number in range(1, 9)]
    ready = Barrier(len(assignments))

    def race(assignment_id: int) -> str:
        ready.wait()
        try:
            books.accounts(assignment_id, "a", "ALL")
        except Invalid as refused:
            return ",".join(sorted(refused.fields))
        return "won"

    with ThreadPoolExecutor(len(assignments)) as callers:
        outcomes = sorted(callers.map(race, assignments))
    assert outcomes == ["ALL,a"] * 7 + ["won"]
    (found,) = books.priced("2024-10")
    assert len(found) == 2


def test_books_of_others_are_not_there(books: Books, other_partner: Caller) -> None:
    one = customer(books.installation, books.caller, "One")
    gold = books.book("Gold")
    assignment = books.assigned(one, gold, "ALL")
    others = Books(books.installation, other_partner)
    assert others.priced("2024-09") == [[]]
    with pytest.raises(Invalid) as refused:
        others.assigned(customer(books.installation, other_partner, "Other"), gold)
    assert list(refused.value.fields) == ["price_book_id"]
    with pytest.raises(NotFound):
        get_book_assignment(books.installation, other_partner, assignment)
    with pytest.raises(NotFound):
        end_price_book_assignment(books.installation, other_partner, assignment)
    reader = Books(books.installation, Caller(books.caller.partner_id, Role.READ_ONLY))
    with pytest.raises(Forbidden):
        reader.book("Mine")
    with pytest.raises(Forbidden):
        reader.accounts(assignment, "a")
