"""Price books and rules: read them, write them with an editor that checks, and try them on a real month."""

from collections.abc import Mapping
from decimal import Decimal

from rebill.console.as_shown import mark_seen, shown
from rebill.console.route import PageRoute
from rebill.console.visit import Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.errors import ChangedMeanwhile, Invalid, NotFound, Refusal
from rebill.model.listing import GREATEST_PER_PAGE
from rebill.model.listing import Page as ListPage
from rebill.model.money import parse_decimal
from rebill.model.price_book_record import PriceBookOrder
from rebill.model.what_if import WhatIf
from rebill.services.acting.permission import Permission
from rebill.services.parties.find_customers import customer_meant
from rebill.services.pricing.change_price_book import change_price_book, name_and_text
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.pricing.price_book_check import text_faults, written
from rebill.services.pricing.read_billing_rules import list_billing_rules
from rebill.services.pricing.read_price_books import get_price_book, get_specification, list_price_books
from rebill.services.proof.month_glance import months_of_record
from rebill.services.trials.near_misses import near_misses_of_book
from rebill.services.trials.what_if import what_if

_SHOWN_ROWS = 100
_EXAMPLE = """createdBy: finance@example.com
date: 2024-01-01
RuleGroup:
  startDate: 2024-01-01
  BillingRule:
    - name: Everything
      percentIncrease: 10
"""


def show_price_books(visit: Visit) -> Page:
    """The price books and the billing rules."""
    page = ListPage(per_page=GREATEST_PER_PAGE, after_id=0)
    values = {
        "books": list_price_books(visit.installation, visit.caller, page).items,
        "rules": list_billing_rules(visit.installation, visit.caller, page).items,
    }
    return Page("price_books.html", values)


def show_new_book(visit: Visit) -> Page:
    """An empty editor."""
    return _editor(visit, None, visit.form.text("book_name"), _text(visit.form))


def show_book(visit: Visit) -> Page:
    """A book in the editor."""
    book = get_price_book(visit.installation, visit.caller, visit.ids["price_book_id"])
    specification = get_specification(visit.installation, visit.caller, book.price_book_id)
    return _editor(visit, book.price_book_id, book.book_name, specification.text)


def show_notices(visit: Visit) -> Page:
    """Which names and fixed rates of a book miss lines of the last imported month: a page, or a part of the book's."""
    book = get_price_book(visit.installation, visit.caller, visit.ids["price_book_id"])
    values = {"book": book, "found": near_misses_of_book(visit.installation, visit.caller, book.price_book_id)}
    return Page("price_book_notices_part.html" if visit.is_partial else "price_book_notices.html", values)


def check_book(visit: Visit) -> Page:
    """What is wrong with what stands in the editor; nothing is kept."""
    text = _text(visit.form)
    faults = text_faults(PriceBookOrder(None, text), is_new=False)
    if visit.is_partial:
        return Page("price_book_check.html", {"faults": faults, "is_checked": True})
    return _editor(visit, visit.form.number("book"), visit.form.text("book_name"), text, faults=faults)


def make_book(visit: Visit) -> PageAnswer:
    """Make a book."""
    order = PriceBookOrder(visit.form.text("book_name"), _text(visit.form))
    try:
        book = create_price_book(visit.installation, visit.caller, order)
    except Invalid as refusal:
        return _editor(visit, None, order.book_name or "", order.specification or "", refusal)
    return Redirect(f"/price-books/{book.price_book_id}", f"{book.book_name} stands; it prices what it is assigned to.")


def alter_book(visit: Visit) -> PageAnswer:
    """Change a book."""
    book_id = visit.ids["price_book_id"]
    order = PriceBookOrder(visit.form.text("book_name"), _text(visit.form))
    try:
        book = change_price_book(visit.installation, visit.caller, book_id, order, mark_seen(visit))
    except (Invalid, ChangedMeanwhile) as refusal:
        return _editor(visit, book_id, order.book_name or "", order.specification or "", refusal)
    return Redirect(f"/price-books/{book_id}", f"{book.book_name} is changed, from the first month that is not issued.")


def show_what_if(visit: Visit) -> Page:
    """A form to try prices with."""
    return _tried(visit)


def try_prices(visit: Visit) -> Page:
    """What every customer would pay and bring in a month under another book or markup; nothing is stored."""
    return _tried(visit)


def _tried(visit: Visit) -> Page:
    months = months_of_record(visit.installation, visit.caller)
    values: dict[str, object] = {"months": months, "tried": None, "refusal": None, "faults": {}}
    page = ListPage(per_page=GREATEST_PER_PAGE, after_id=0)
    values["books"] = list_price_books(visit.installation, visit.caller, page).items
    if visit.method != "POST":
        return Page("what_if.html", values)
    try:
        tried = what_if(visit.installation, visit.caller, _what_if(visit))
    except (Invalid, NotFound) as refusal:
        return Page("what_if.html", {**values, "refusal": refusal, "faults": refusal.fields}, 422)
    changed = [row for row in tried.rows if row.now != row.then]
    return Page("what_if.html", {**values, "tried": tried, "changed": changed, "shown_rows": _SHOWN_ROWS})


def _what_if(visit: Visit) -> WhatIf:
    form, month = visit.form, visit.form.month()
    if month is None:
        raise Invalid("invalid_month", "Say which month it is tried on.", {"month": "is required"})
    text = _text(form)
    customer = form.text("customer")
    return WhatIf(
        month,
        customer_id=customer_meant(visit.installation, visit.caller, customer) if customer else None,
        markup_percent=_percent(form),
        price_book_id=form.number("price_book_id"),
        specification=written(text) if text.strip() else None,
    )


def _percent(form: Fields) -> Decimal | None:
    text = form.text("markup_percent")
    try:
        return parse_decimal(text) if text else None
    except ValueError:
        raise Invalid("invalid_percent", "Nothing was tried.", {"markup_percent": "must be a number"}) from None


def _text(form: Fields) -> str:
    # A form sends every end of a line as CR LF, whatever was typed.
    return form.values.get("specification", ("",))[-1].replace("\r\n", "\n")


def _editor(
    visit: Visit,
    book_id: int | None,
    name: str,
    text: str,
    refusal: Refusal | None = None,
    faults: Mapping[str, str] | None = None,
) -> Page:
    """``faults``: what was found where the text was looked at alone, ``None`` where it was not."""
    book = None if book_id is None else get_price_book(visit.installation, visit.caller, book_id)
    standing = {} if book is None else {"book_name": book.book_name}
    form = shown(visit, None if book is None else name_and_text(book), standing, refusal)
    is_changed = isinstance(refusal, ChangedMeanwhile)
    values = {
        "book_id": book_id,
        "book_name": name,
        "specification": text or (_EXAMPLE if book_id is None else ""),
        "refusal": refusal,
        "is_changed": is_changed,
        "as_shown": form.mark if book else "",
        "faults": form.faults if faults is None else faults,
        "is_checked": faults is not None or (refusal is not None and not is_changed),
    }
    return Page("price_book.html", values, form.status)


ROUTES = (
    PageRoute("GET", "/price-books", show_price_books, Permission.READ, "prices"),
    PageRoute("GET", "/price-books/new", show_new_book, Permission.CHANGE, "prices"),
    PageRoute("POST", "/price-books/new", make_book, Permission.CHANGE, "prices", Act.CREATE_PRICE_BOOK),
    PageRoute("POST", "/price-books/check", check_book, Permission.READ, "prices", long=True),
    PageRoute("GET", "/price-books/what-if", show_what_if, Permission.READ, "prices"),
    PageRoute("POST", "/price-books/what-if", try_prices, Permission.READ, "prices", long=True),
    PageRoute("GET", "/price-books/{price_book_id}", show_book, Permission.READ, "prices"),
    PageRoute("POST", "/price-books/{price_book_id}", alter_book, Permission.CHANGE, "prices", Act.CHANGE_PRICE_BOOK),
    PageRoute("GET", "/price-books/{price_book_id}/notices", show_notices, Permission.READ, "prices", long=True),
)
