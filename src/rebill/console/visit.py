"""A request to the pages as handlers see it, and what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.web_sessions import WebSession
from rebill.services.parties.issued_lines import FoundLines


@dataclass(frozen=True)
class UploadedFile:
    """A file that was chosen in a form: its name as the visitor's machine has it, and its content."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Fields:
    """What a form or the query of an address says; the same name may stand several times."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, UploadedFile] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """The last value of ``name``, without space around it."""
        given = self.values.get(name)
        return given[-1].strip() if given else default

    def all(self, name: str) -> list[str]:
        """Every value of ``name`` that says something."""
        return [value.strip() for value in self.values.get(name, ()) if value.strip()]

    def has(self, name: str) -> bool:
        """Whether ``name`` is there and says something: a box that is ticked."""
        return bool(self.text(name))

    def number(self, name: str) -> int | None:
        """The whole number that ``name`` says, ``None`` where it says none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def month(self, name: str = "month") -> BillingMonth | None:
        """The month that ``name`` says, ``None`` where it says none."""
        try:
            return BillingMonth.parse(self.text(name))
        except ValueError:
            return None


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in (or, on open pages, may be).

    ``ids``: the numbers in the path by their names. ``path``: with its query, to come back to. ``is_partial``: a part
    of the page is asked for, to be put into the page that stands. ``language``: in which the last customer here read
    its portal, ``""`` where that is not known. ``found_ahead``: what ``PageRoute.ahead`` found.
    """

    installation: Installation
    method: str
    path: str
    query: Fields = Fields()
    form: Fields = Fields()
    ids: Mapping[str, int] = field(default_factory=dict)
    session: WebSession | None = None
    request_id: str = ""
    is_partial: bool = False
    caller_with_occasion: Caller | None = None
    language: str = ""
    found_ahead: FoundLines = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """Who visits, with the occasion for the audit trail."""
        if self.caller_with_occasion is None:
            raise AssertionError("an open page asks for nobody")
        return self.caller_with_occasion

    @property
    def is_customers(self) -> bool:
        """Whether a customer visits its portal."""
        return self.session is not None and self.session.caller.role is Role.CUSTOMER_READ_ONLY


@dataclass(frozen=True)
class Page:
    """A page to render from ``template``; ``status`` as in HTTP."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Redirect:
    """Go on to ``to``, where ``said`` is shown once: what was done."""

    to: str
    said: str = ""


@dataclass(frozen=True)
class Download:
    """A file to keep; or, as a picture or a style sheet, to be shown where a page asks for it.

    ``facts``: what the log tells of it besides.
    """

    content: bytes
    media_type: str
    name: str
    is_part_of_page: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)


PageAnswer = Page | Redirect | Download
