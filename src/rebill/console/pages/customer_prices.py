"""What prices a customer: its price books and their accounts, the billing rules for it, its manual lines."""

from decimal import Decimal

from rebill.console.route import PageRoute
from rebill.console.visit import Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.errors import Invalid, Refusal
from rebill.model.listing import GREATEST_PER_PAGE
from rebill.model.listing import Page as ListPage
from rebill.model.manual_line import NewManualLine
from rebill.model.money import parse_decimal
from rebill.model.months import BillingMonth
from rebill.model.price_book import ALL_ACCOUNTS
from rebill.model.price_book_record import (
    GREATEST_ACCOUNT_COUNT,
    AccountAssignment,
    BookAssignmentOrder,
    billing_account_owner,
)
from rebill.services.acting.permission import Permission
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.read_manual_lines import get_manual_line, list_manual_lines
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line
from rebill.services.parties.partner_settings import get_partner_settings
from rebill.services.parties.read_customers import get_customer
from rebill.services.pricing.assign_book_accounts import end_book_account_assignment
from rebill.services.pricing.assign_book_with_accounts import assign_book_with_accounts
from rebill.services.pricing.change_book_assignment import end_price_book_assignment
from rebill.services.pricing.read_billing_rules import list_billing_rules
from rebill.services.pricing.read_book_assignments import (
    get_account_assignment,
    get_book_assignment,
    list_account_assignments,
    list_book_assignments,
)
from rebill.services.pricing.read_price_books import list_price_books

_ALL = ListPage(per_page=GREATEST_PER_PAGE, after_id=0)
_BOOK_FIELDS = {"start_month": "from_month", "end_month": "to_month", "price_book_id": "book"}
_LINE_FIELDS = {"billing_period": "month", "client_api_id": "customer", "reason": "line_reason"}


def show_prices(visit: Visit) -> Page:
    """The customer's books, rules and manual lines."""
    return _shown(visit)


def _shown(visit: Visit, refusal: Refusal | None = None, faults: dict[str, str] | None = None) -> Page:
    installation, caller, customer_id = visit.installation, visit.caller, visit.ids["customer_id"]
    books = list_price_books(installation, caller, _ALL).items
    by_assignment: dict[int, list[AccountAssignment]] = {}
    for one in list_account_assignments(installation, caller, _ALL, customer_id).items:
        by_assignment.setdefault(one.assignment_id, []).append(one)
    values = {
        "customer": get_customer(installation, caller, customer_id),
        "books": books,
        "book_names": {one.price_book_id: one.book_name for one in books},
        "assignments": list_book_assignments(installation, caller, _ALL, customer_id).items,
        "accounts": by_assignment,
        "rules": list_billing_rules(installation, caller, _ALL, customer_id).items,
        "lines": list_manual_lines(installation, caller, _ALL, customer_id).items[::-1],
        "home_currency": get_partner_settings(installation, caller).currency,
        "refusal": refusal,
        "faults": faults or {},
    }
    return Page("customer_prices.html", values, 200 if refusal is None else 422)


def assign_book(visit: Visit) -> PageAnswer:
    """Let a price book price accounts of the customer."""
    form, customer_id = visit.form, visit.ids["customer_id"]
    try:
        first, last = _month(visit, "from_month"), _month(visit, "to_month")
        order = BookAssignmentOrder(form.number("book"), customer_id, first, last)
        assign_book_with_accounts(visit.installation, visit.caller, order, _owners(visit))
    except Invalid as refusal:
        return _shown(visit, refusal, {_BOOK_FIELDS.get(name, name): fault for name, fault in refusal.fields.items()})
    return Redirect(f"/customers/{customer_id}/prices", "The price book is assigned; run the month to price with it.")


def end_book(visit: Visit) -> Redirect:
    """Let a book no longer price the customer."""
    assignment = get_book_assignment(visit.installation, visit.caller, visit.ids["assignment_id"])
    end_price_book_assignment(visit.installation, visit.caller, assignment.assignment_id)
    return Redirect(f"/customers/{assignment.customer_id}/prices", "It ends; issued months stay priced as they were.")


def end_account(visit: Visit) -> Redirect:
    """Let a book no longer price one account."""
    account = get_account_assignment(visit.installation, visit.caller, visit.ids["account_assignment_id"])
    end_book_account_assignment(visit.installation, visit.caller, account.account_assignment_id)
    return Redirect(f"/customers/{account.customer_id}/prices", "It ends; issued months stay priced as they were.")


def enter_line(visit: Visit) -> PageAnswer:
    """Enter a manual line."""
    form, customer_id = visit.form, visit.ids["customer_id"]
    try:
        line = enter_manual_line(visit.installation, visit.caller, _new_line(visit))
    except Invalid as refusal:
        return _shown(visit, refusal, {_LINE_FIELDS.get(name, name): fault for name, fault in refusal.fields.items()})
    said = f"Entry {line.entry_number} stands; run {form.text('month')} to bill it."
    return Redirect(f"/customers/{customer_id}/prices", said)


def withdraw_line(visit: Visit) -> Redirect:
    """Take a manual line back."""
    line = get_manual_line(visit.installation, visit.caller, visit.ids["manual_line_id"])
    withdraw_manual_line(visit.installation, visit.caller, line.manual_line_id)
    said = f"Entry {line.entry_number} is taken back; run {line.entered.month} again."
    return Redirect(f"/customers/{line.entered.customer_id}/prices", said)


def _owners(visit: Visit) -> list[str]:
    """The accounts that the form names, one a line. Raises ``Invalid``."""
    lines = [line for line in visit.form.text("accounts").splitlines() if line.strip()] or [ALL_ACCOUNTS]
    if len(lines) > GREATEST_ACCOUNT_COUNT:
        raise _invalid("accounts", f"may be at most {GREATEST_ACCOUNT_COUNT:,}")
    try:
        return [billing_account_owner(line) for line in lines]
    except ValueError as error:
        raise _invalid("accounts", str(error)) from None


def _new_line(visit: Visit) -> NewManualLine:
    form, month = visit.form, _month(visit, "month")
    if month is None:
        raise _invalid("month", "is required")
    return NewManualLine(
        visit.ids["customer_id"],
        month,
        _amount(visit, "amount") or Decimal(0),
        form.text("line_reason"),
        form.text("currency").upper() or None,
        _amount(visit, "cost"),
        form.text("invoice_id"),
    )


def _amount(visit: Visit, name: str) -> Decimal | None:
    text = visit.form.text(name)
    try:
        return parse_decimal(text) if text else None
    except ValueError:
        raise _invalid(name, "must be a number, such as -12.50") from None


def _month(visit: Visit, name: str) -> BillingMonth | None:
    month = visit.form.month(name)
    if month is None and visit.form.has(name):
        raise _invalid(name, "must be a month, as YYYY-MM")
    return month


def _invalid(name: str, fault: str) -> Invalid:
    return Invalid("invalid_form", "Nothing was done: correct the fields named here.", {name: fault})


_PRICES = "/customers/{customer_id}/prices"
_CHANGE = Permission.CHANGE
ROUTES = (
    PageRoute("GET", _PRICES, show_prices, Permission.READ, "customers"),
    PageRoute("POST", f"{_PRICES}/books", assign_book, _CHANGE, "customers", Act.ASSIGN_PRICE_BOOK),
    PageRoute("POST", f"{_PRICES}/lines", enter_line, _CHANGE, "customers", Act.ENTER_MANUAL_LINE),
    PageRoute("POST", "/book-assignments/{assignment_id}/end", end_book, _CHANGE, "customers", Act.END_BOOK_ASSIGNMENT),
    PageRoute(
        "POST",
        "/account-assignments/{account_assignment_id}/end",
        end_account,
        _CHANGE,
        "customers",
        Act.END_ACCOUNT_ASSIGNMENT,
    ),
    PageRoute(
        "POST",
        "/manual-lines/{manual_line_id}/withdraw",
        withdraw_line,
        _CHANGE,
        "customers",
        Act.WITHDRAW_MANUAL_LINE,
    ),
)
