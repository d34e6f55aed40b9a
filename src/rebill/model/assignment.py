"""Assignments: which customer an account's charge days belong to.

An assignment covers the days from ``effective_from`` (inclusive; ``None`` = from the beginning)
to ``effective_to`` (exclusive; ``None`` = open). At any instant an account belongs to at most one
customer of a partner (``docs/api.md``, Azure account assignment).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from rebill.model.identifiers import AccountKind
from rebill.model.spanning_usage import NO_SPANNING_USAGE, SpanningUsage

GREATEST_IDENTIFIER_COUNT = 10_000

NOT_FOUND = "{account} not found"
ASSIGNED_TO_ANOTHER = "{account} is already assigned to another customer"
OVERLAPS = "{account} overlaps an assignment from {first_day}"
CHANGES_ISSUED = "{account} would change issued statements of {statements}: allow it with correct_issued and a reason"
NOT_ASSIGNED = "{account} is not assigned to this customer"
"""Sentences of faults; ``account`` is ``azure_customer_id`` or ``azure_subscription``."""


@dataclass(frozen=True)
class Days:
    """A span of days: ``first`` inclusive, ``until`` exclusive; ``None`` = without bound."""

    first: date | None = None
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether ``day`` lies in the span."""
        return (self.first is None or self.first <= day) and (self.until is None or day < self.until)

    def overlaps(self, other: "Days") -> bool:
        """Whether any day lies in both."""
        starts_in_time = self.until is None or other.first is None or other.first < self.until
        return starts_in_time and (other.until is None or self.first is None or self.first < other.until)


@dataclass(frozen=True)
class AssignmentOrder:
    """An act asked for: assign, move or remove these accounts.

    ``identifiers`` as sent, in order (repeats allowed). ``effective_from`` for assign and move,
    ``effective_to`` and ``withdraw`` for remove; ``None`` = the documented default. ``correct_issued``: days of issued
    statements may change hands too, and await a correction then; somebody says why.
    """

    kind: AccountKind
    customer_id: int
    identifiers: tuple[str, ...]
    effective_from: date | None = None
    effective_to: date | None = None
    withdraw: bool = False
    dry_run: bool = False
    correct_issued: bool = False


class AccountEntry(NamedTuple):
    """A sound entry of an outcome: the account, and the days it holds or would hold.

    ``done``: after this call it is so. ``would``: it would be so (only a dry run tells). ``changes``: it was not so
    before. (A tuple: one call may answer ten thousand.)
    """

    identifier: str
    name: str
    domain: str
    created_at: datetime
    updated_at: datetime
    days: Days
    done: bool
    would: bool
    changes: bool


@dataclass(frozen=True)
class AccountFault:
    """A faulty entry: the id as first asked (trimmed), and what is wrong with it."""

    identifier: str
    sentence: str


@dataclass(frozen=True)
class AssignmentOutcome:
    """The answer to an order: one entry per distinct id in the order asked.

    One fault anywhere: nothing of the order is stored. ``customer_name`` is the partner customer's.
    ``spans_transfer``: usage of several days across the changes of owner that the act makes, or would make.
    """

    customer_id: int
    customer_name: str
    kind: AccountKind
    entries: tuple[AccountEntry | AccountFault, ...]
    dry_run: bool
    spans_transfer: SpanningUsage = NO_SPANNING_USAGE

    @property
    def faults(self) -> tuple[AccountFault, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, AccountFault))

    @property
    def done_count(self) -> int:
        """How many entries are so after this call."""
        return sum(isinstance(entry, AccountEntry) and entry.done for entry in self.entries)


@dataclass(frozen=True)
class Assignment:
    """An assignment as lists show it; ``created_at`` and ``updated_at`` are the account record's."""

    assignment_id: int
    customer_id: int
    customer_name: str
    identifier: str
    name: str
    domain: str
    created_at: datetime
    updated_at: datetime
    days: Days


@dataclass(frozen=True)
class CatalogueAccount:
    """An Azure customer of the partner's catalogue: what Partner Center listed when last synced.

    ``assigned_to``: the customer it is assigned to today, if any. ``status``: ``active`` or ``gone``.
    """

    account_id: int
    identifier: str
    name: str
    domain: str
    relationship: str
    status: str
    first_seen_at: datetime
    last_seen_at: datetime
    assigned_to: int | None
