"""The audit trail as it is kept: entries are only ever added, and sealed once into their partner's chain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, func, or_, select

from rebill.model.audit import NO_HASH, ActOutcome, AuditEntry, ChainHead, KeptAuditEntry, exact_instant
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller, Channel, Occasion, Role
from rebill.store.identity import can_be_stored
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import audit_chains, audit_entries

GREATEST_LISTED_LENGTH = 16 * 1024
"""The longest ``before`` or ``after`` that lists show; one entry alone shows it whole."""
_READ_AT_ONCE = 100
"""Whole entries in memory while all are gone through; the longest have some megabytes."""
_NOT_LISTED = ("before", "after")


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are asked for; ``None`` = any. ``since`` is inclusive, ``until`` exclusive."""

    act: str | None = None
    outcome: str | None = None
    subject_kind: str | None = None
    subject_id: int | None = None
    customer_id: int | None = None
    key_id: int | None = None
    user_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class WaitingEntry:
    """An entry that is not sealed yet."""

    audit_entry_id: int
    content_sha256: str


def begin_chain(scope: Scope) -> None:
    """Give a new partner its chain, without an entry."""
    scope.insert(audit_chains, [{"last_number": 0, "last_chain_sha256": NO_HASH}])


def add_entry(scope: Scope, entry: AuditEntry) -> None:
    """Keep an entry, unsealed: one statement, which waits for nobody."""
    by = entry.by
    row = {
        "at": entry.at,
        "act": str(entry.act),
        "outcome": entry.outcome.value,
        "subject_kind": str(entry.subject_kind),
        "subject_id": entry.subject_id,
        "customer_id": entry.customer_id,
        "channel": by.occasion.channel.value,
        "role": by.role.value,
        "caller_customer_id": by.customer_id,
        "user_id": by.user_id,
        "key_id": by.key_id,
        "operating_system_user": by.occasion.operating_system_user,
        "request_id": by.occasion.request_id,
        "reason": by.occasion.reason,
        "before": entry.before,
        "after": entry.after,
        "refusal": entry.refusal,
        "content_sha256": entry.content_sha256,
    }
    scope.insert(audit_entries, [row])


def partners_with_waiting_entries(connection: Connection) -> Sequence[int]:
    """The partners that have entries to seal. It serves no caller: this query alone goes over all partners."""
    waiting = select(audit_entries.c.partner_id).where(audit_entries.c.number.is_(None)).distinct()
    return connection.scalars(waiting).all()


def waiting_entries(scope: Scope, limit: int) -> list[WaitingEntry]:
    """Entries that were stored and are not sealed, oldest first; at most ``limit``."""
    columns = (audit_entries.c.audit_entry_id, audit_entries.c.content_sha256)
    waiting = scope.select(audit_entries, *columns).where(audit_entries.c.number.is_(None))
    rows = scope.connection.execute(waiting.order_by(audit_entries.c.audit_entry_id).limit(limit))
    return [WaitingEntry(row.audit_entry_id, row.content_sha256) for row in rows]


def held_chain(scope: Scope, wait: bool) -> ChainHead | None:
    """The chain's head, held: until this transaction ends nobody else seals.

    ``None`` where somebody else holds it and this caller will not ``wait``; also where somebody took it away, or put
    entries past its end: what is wrong, verifying tells.
    """
    head = scope.select(audit_chains).with_for_update(skip_locked=not wait)
    row = scope.connection.execute(head).one_or_none()
    if row is None:
        return None
    last = scope.connection.scalar(scope.select(audit_entries, func.max(audit_entries.c.number)))
    return None if (last or 0) > row.last_number else ChainHead(row.last_number, row.last_chain_sha256)


def chain_head(scope: Scope) -> ChainHead | None:
    """The chain's head as it stands; ``None`` where somebody took it away."""
    row = scope.connection.execute(scope.select(audit_chains)).one_or_none()
    return None if row is None else ChainHead(row.last_number, row.last_chain_sha256)


def seal(scope: Scope, sealed: Sequence[tuple[int, ChainHead]]) -> None:
    """Give entries (by their row id) their places in the held chain, in this order."""
    if not sealed:
        return
    of_row = audit_entries.c.audit_entry_id == bindparam("row_id")
    statement = scope.update(audit_entries).where(of_row, audit_entries.c.number.is_(None))
    statement = statement.values(number=bindparam("place"), chain_sha256=bindparam("hash"))
    places = [{"row_id": row_id, "place": head.number, "hash": head.chain_sha256} for row_id, head in sealed]
    scope.connection.execute(statement, places)
    last = sealed[-1][1]
    moved = scope.update(audit_chains).values(last_number=last.number, last_chain_sha256=last.chain_sha256)
    scope.connection.execute(moved)


def sealed_entries(scope: Scope) -> Iterator[KeptAuditEntry | str]:
    """Every sealed entry in order of numbers, a few in memory at a time.

    The number alone, as text, stands for a row that is no entry any more: what it holds cannot be read.
    """
    query = scope.select(audit_entries).where(audit_entries.c.number.is_not(None)).order_by(audit_entries.c.number)
    for row in scope.connection.execute(query.execution_options(yield_per=_READ_AT_ONCE)):
        try:
            yield _kept(row)
        except ValueError:
            yield str(row.number)


def waiting_contents(scope: Scope) -> Iterator[tuple[AuditEntry | None, str]]:
    """Entries not sealed yet, oldest first, with the content hash kept of each; ``None`` for what is none any more."""
    query = scope.select(audit_entries).where(audit_entries.c.number.is_(None))
    ordered = query.order_by(audit_entries.c.audit_entry_id)
    for row in scope.connection.execute(ordered.execution_options(yield_per=_READ_AT_ONCE)):
        try:
            yield _entry(row), row.content_sha256
        except ValueError:
            yield None, row.content_sha256


def entry_page(scope: Scope, wanted: AuditFilter, page: Page, after: Sequence[Any]) -> Listing[KeptAuditEntry]:
    """A page of sealed entries in order of numbers; long details are left out."""
    found = rows_of_page(scope.connection, _listed(scope, wanted), (audit_entries.c.number,), page, after)
    items = [_kept(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].number if items else None)


def last_entries(scope: Scope, wanted: AuditFilter, limit: int) -> list[KeptAuditEntry]:
    """The newest sealed entries, oldest first; long details are left out."""
    newest = _listed(scope, wanted).order_by(audit_entries.c.number.desc()).limit(limit)
    return [_kept(row) for row in reversed(scope.connection.execute(newest).all())]


def find_entry(scope: Scope, number: int) -> KeptAuditEntry | None:
    """A sealed entry whole."""
    if not can_be_stored(number):
        return None
    row = scope.connection.execute(scope.select(audit_entries).where(audit_entries.c.number == number)).one_or_none()
    return None if row is None else _kept(row)


def place_of_entry(scope: Scope, number: int) -> Sequence[object] | None:
    """Where an entry stands in the order of lists: at its number, if there is one of it."""
    if not can_be_stored(number):
        return None
    known = scope.select(audit_entries, audit_entries.c.number).where(audit_entries.c.number == number)
    row = scope.connection.execute(known).one_or_none()
    return None if row is None else tuple(row)


def _listed(scope: Scope, wanted: AuditFilter) -> Select[Any]:
    too_long = or_(*(func.length(audit_entries.c[name]) > GREATEST_LISTED_LENGTH for name in _NOT_LISTED))
    columns: list[ColumnElement[Any]] = [one for one in audit_entries.c if one.name not in _NOT_LISTED]
    columns += [case((too_long, None), else_=audit_entries.c[name]).label(name) for name in _NOT_LISTED]
    # NULL where neither stands: nothing is left out of nothing.
    query = scope.select(audit_entries, *columns, func.coalesce(too_long, False).label("left_out"))
    query = query.where(audit_entries.c.number.is_not(None))
    for name in ("act", "outcome", "subject_kind", "subject_id", "customer_id", "key_id", "user_id"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(audit_entries.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit_entries.c.at >= exact_instant(wanted.since))
    return query if wanted.until is None else query.where(audit_entries.c.at < exact_instant(wanted.until))


def _kept(row: Row[Any]) -> KeptAuditEntry:
    if not isinstance(row.number, int):
        raise ValueError("SQLite keeps anything in a column of numbers")
    return KeptAuditEntry(
        row.number, _entry(row), row.content_sha256, row.chain_sha256, bool(getattr(row, "left_out", False))
    )


def _entry(row: Row[Any]) -> AuditEntry:
    occasion = Occasion(Channel(row.channel), row.request_id, row.operating_system_user, row.reason)
    try:
        by = Caller(row.partner_id, Role(row.role), row.caller_customer_id, row.key_id, row.user_id, occasion)
    except AssertionError as error:
        raise ValueError(str(error)) from None
    return AuditEntry(
        at=row.at,
        act=row.act,
        outcome=ActOutcome(row.outcome),
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        customer_id=row.customer_id,
        by=by,
        before=row.before,
        after=row.after,
        refusal=row.refusal,
    )
