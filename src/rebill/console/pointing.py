"""Sentences that name commands and fields, as pages say them: with links to pages, and in the words of forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from rebill.console.field_words import IDENTIFIER, IN_SENTENCES
from rebill.model.named_commands import NamedCommand, parts_of


@dataclass(frozen=True)
class PageOfCommand:
    """``words``: what the link says. ``path``: of the page; ``by_month``: it shows a month that the command names."""

    words: str
    path: str
    by_month: bool = False


_BILLS: Final = "/bills"
_REJECTS: Final = "costs rejects"
_CHARGE_KINDS: Final = PageOfCommand("Azure accounts, Kinds of charges", "/accounts?kind=charge_kind&owner=nobody")
"""Where charges are assigned that name no account."""
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
OPTIONS: Final[Mapping[str, str]] = {
    "accept-rejects": "Take the good rows of a file with unreadable ones",
    "currency": "Currency, if the file names none",
    "date-order": "Dates such as 03/04/2026",
    "in-place-of": "Scope in whose place this comes",
    "layout": "Layout",
    "overlap-reason": "Why charges that stand in another data set are no double",
    "period": "Month, if the file names none",
    "read-anew": "Read the file anew, in place of what its bytes were read as",
    "reason": "Reason",
    "scope": "Scope",
}
"""What the fields of forms are called that commands have as options."""
_NAMED: Final[Mapping[str, str]] = {**{f"--{name}": words for name, words in OPTIONS.items()}, **IN_SENTENCES}
_LONGEST_FIRST: Final = "|".join(map(re.escape, sorted(_NAMED, key=len, reverse=True)))
_OPTION: Final = re.compile(rf"(?<![\w.-])(?:({_LONGEST_FIRST})(?: CODE| YYYY-MM)?|{IDENTIFIER})(?![\w-])")


def with_links(sentence: str) -> Markup:
    """``sentence``, escaped, with links for commands that pages stand for, and forms' words for options and fields."""
    parts = parts_of(sentence, PAGES)
    return Markup("").join(_link(part) if isinstance(part, NamedCommand) else _with_fields(part) for part in parts)


def _with_fields(text: str) -> Markup:
    parts, done = [], 0
    for found in _OPTION.finditer(text):
        told = Markup("<em>{}</em>").format(_NAMED[found[1]]) if found[1] else escape("id")
        parts += [escape(text[done : found.start()]), told]
        done = found.end()
    return Markup("").join([*parts, escape(text[done:])])


def _link(command: NamedCommand) -> Markup:
    page = _CHARGE_KINDS if "--charge-kind" in command.arguments else PAGES[command.name]
    path = page.path
    if page.by_month and command.month is not None:
        path += f"?month={command.month}"
    if command.name == _REJECTS and command.number is not None:
        path = f"/costs/{command.number}/rejects"
    return Markup('<a href="{}">{}</a>').format(path, page.words)
