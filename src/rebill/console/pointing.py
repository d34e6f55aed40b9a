"""Sentences that name commands, as pages say them: with a link to the page that does the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape


@dataclass(frozen=True)
class PageOfCommand:
    """``words``: what the link says. ``path``: of the page; ``by_month``: it shows a month that the command names."""

    words: str
    path: str
    by_month: bool = False


_BILLS: Final = "/bills"
_REJECTS: Final = "costs rejects"
PAGES: Final[Mapping[str, PageOfCommand]] = {
    "assign": PageOfCommand("Azure accounts", "/accounts?owner=nobody"),
    "bill accept": PageOfCommand("its button", "/bills/attention", by_month=True),
    "bill approve": PageOfCommand("Bills, Approve", _BILLS, by_month=True),
    "bill attention": PageOfCommand("Lines to look at", "/bills/attention", by_month=True),
    "bill correct": PageOfCommand("Bills, Correct", _BILLS, by_month=True),
    "bill finalize": PageOfCommand("Bills, Finalize", _BILLS, by_month=True),
    "bill proposals": PageOfCommand("Bills", _BILLS),
    "bill run": PageOfCommand("Bills, Run", _BILLS, by_month=True),
    "costs import": PageOfCommand("Cost data, Take in a file", "/costs"),
    "costs list": PageOfCommand("Cost data", "/costs"),
    "costs reconcile": PageOfCommand("Beside Microsoft’s invoices", "/costs/reconciliation", by_month=True),
    _REJECTS: PageOfCommand("Rows that were not read", "/costs"),
    "customers details": PageOfCommand("Documents and portal of each customer", "/customers"),
    "customers list": PageOfCommand("Customers", "/customers"),
    "invoices enter": PageOfCommand("Enter an invoice", "/costs/reconciliation", by_month=True),
    "partners letterhead": PageOfCommand("Letterhead", "/settings/letterhead"),
    "price-books list": PageOfCommand("Price books and rules", "/price-books"),
    "statements list": PageOfCommand("Bills", _BILLS, by_month=True),
    "statements show": PageOfCommand("Its page", _BILLS),
    "tax set": PageOfCommand("Tax", "/settings/tax"),
}
"""Of each command that the services' sentences name."""
_NAMES: Final = "|".join(sorted(map(re.escape, PAGES), key=len, reverse=True))
_ARGUMENT: Final = r"(?:--[a-z-]+|[A-Z][A-Z_]+…?|[0-9]{4}-[0-9]{2}\b|[0-9]+\b)"
_COMMAND: Final = re.compile(rf"`?\brebill ({_NAMES})\b((?: {_ARGUMENT})*)`?")
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
_NUMBER: Final = re.compile(r" ([0-9]+)$")


def with_links(sentence: str) -> Markup:
    """``sentence``, escaped, with a link where it names a command that a page stands for."""
    parts, done = [], 0
    for found in _COMMAND.finditer(sentence):
        parts += [escape(sentence[done : found.start()]), _link(found[1], found[2])]
        done = found.end()
    return Markup("").join([*parts, escape(sentence[done:])])


def _link(command: str, arguments: str) -> Markup:
    page, path = PAGES[command], PAGES[command].path
    month, number = _MONTH.search(arguments), _NUMBER.search(arguments)
    if page.by_month and month is not None:
        path += f"?month={month[0]}"
    if command == _REJECTS and number is not None:
        path = f"/costs/{number[1]}/rejects"
    return Markup('<a href="{}">{}</a>').format(path, page.words)
