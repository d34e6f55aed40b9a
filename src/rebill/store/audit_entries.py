"""The audit trail as it is kept: entries are only ever added, and sealed once into their partner's chain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, and_, bindparam, case, func, or_, select

from rebill.model.audit import NO_HASH, AuditEntry, ChainHead, Doer, KeptAuditEntry, exact_instant
from rebill.model.listing import Listing, Page
from rebill.store.damaged_text import reading_any_text
from rebill.store.identity import can_be_stored
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import audit_chains, audit_entries

GREATEST_LISTED_LENGTH = 16 * 1024
"""The longest ``before`` or ``after`` that lists show; one entry alone shows it whole."""
_READ_AT_ONCE = 100
"""Whole entries in memory while all are gone through; the longest have some megabytes."""
_NOT_LISTED = ("before", "after")
_OF_THE_ENTRY = tuple(
    "at act outcome subject_kind subject_id customer_id request_id reason before after refusal".split()
)
_COLUMNS = {
    one.name: (int if isinstance(one.type, BigInteger) else str, bool(one.nullable))
    for one in audit_entries.c
    if one.name not in ("audit_entry_id", "partner_id", "number")
}
"""What a row tells, by the names of its columns: the type of each, and whether it may be empty."""


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
        "outcome": str(entry.outcome),
        "subject_kind": str(entry.subject_kind),
        "subject_id": entry.subject_id,
        "customer_id": entry.customer_id,
        "channel": by.channel,
        "role": by.role,
        "caller_customer_id": by.customer_id,
        "user_id": by.user_id,
        "key_id": by.key_id,
        "operating_system_user": by.operating_system_user,
        "request_id": entry.request_id,
        "reason": entry.reason,
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
    rows = _rows(scope, waiting.order_by(audit_entries.c.audit_entry_id).limit(limit))
    return [WaitingEntry(row.audit_entry_id, _as_text(row.content_sha256)) for row in rows]


def held_chain(scope: Scope, wait: bool) -> ChainHead | None:
    """The chain's head, held: until this transaction ends nobody else seals.

    ``None`` where somebody else holds it and this caller will not ``wait``; also where somebody took it away, or put
    entries past its end: what is wrong, verifying tells.
    """
    head = scope.select(audit_chains).with_for_update(skip_locked=not wait)
    found = _head(_rows(scope, head))
    if found is None:
        return None
    numbers = scope.select(audit_entries, func.max(audit_entries.c.number)).where(_has_number(scope))
    return None if (scope.connection.scalar(numbers) or 0) > found.number else found


def chain_head(scope: Scope) -> ChainHead | None:
    """The chain's head as it stands; ``None`` where somebody took it away, or made it what cannot be read."""
    return _head(_rows(scope, scope.select(audit_chains)))


def _head(rows: Sequence[Row[Any]]) -> ChainHead | None:
    row = rows[0] if rows else None
    if row is None or not isinstance(row.last_number, int) or not isinstance(row.last_chain_sha256, str):
        return None
    return ChainHead(row.last_number, row.last_chain_sha256)


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

    The number alone, as text, stands for a row whose number is none any more.
    """
    query = scope.select(audit_entries).where(audit_entries.c.number.is_not(None)).order_by(audit_entries.c.number)
    for row in _rows_in_turn(scope, query):
        yield _kept(row) if isinstance(row.number, int) else _as_text(row.number)


def waiting_contents(scope: Scope) -> Iterator[KeptAuditEntry]:
    """Entries not sealed yet, oldest first: without a number that counts, and without a chain hash."""
    query = scope.select(audit_entries).where(audit_entries.c.number.is_(None))
    for row in _rows_in_turn(scope, query.order_by(audit_entries.c.audit_entry_id)):
        yield _kept(row)


def entry_page(scope: Scope, wanted: AuditFilter, page: Page, after: Sequence[Any]) -> Listing[KeptAuditEntry]:
    """A page of sealed entries in order of numbers; long details are left out."""
    with reading_any_text(scope.connection):
        found = rows_of_page(scope.connection, _listed(scope, wanted), (audit_entries.c.number,), page, after)
    items = [_kept(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].number if items else None)


def last_entries(scope: Scope, wanted: AuditFilter, limit: int) -> list[KeptAuditEntry]:
    """The newest sealed entries, oldest first; long details are left out."""
    newest = _listed(scope, wanted).order_by(audit_entries.c.number.desc()).limit(limit)
    return [_kept(row) for row in reversed(_rows(scope, newest))]


def find_entry(scope: Scope, number: int) -> KeptAuditEntry | None:
    """A sealed entry whole."""
    if not can_be_stored(number):
        return None
    rows = _rows(scope, scope.select(audit_entries).where(audit_entries.c.number == number))
    return _kept(rows[0]) if rows else None


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
    query = query.where(_has_number(scope))
    for name in ("act", "outcome", "subject_kind", "subject_id", "customer_id", "key_id", "user_id"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(audit_entries.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit_entries.c.at >= exact_instant(wanted.since))
    return query if wanted.until is None else query.where(audit_entries.c.at < exact_instant(wanted.until))


def _has_number(scope: Scope) -> ColumnElement[bool]:
    """Whether an entry is sealed, under what can be its place: SQLite keeps anything in a column of numbers."""
    number = audit_entries.c.number
    return (
        and_(number.is_not(None), func.typeof(number) == "integer")
        if scope.dialect == "sqlite"
        else number.is_not(None)
    )


def _rows(scope: Scope, query: Select[Any]) -> Sequence[Row[Any]]:
    with reading_any_text(scope.connection):
        return scope.connection.execute(query).all()


def _rows_in_turn(scope: Scope, query: Select[Any]) -> Iterator[Row[Any]]:
    with reading_any_text(scope.connection):
        yield from scope.connection.execute(query.execution_options(yield_per=_READ_AT_ONCE))


def _kept(row: Row[Any]) -> KeptAuditEntry:
    values, is_readable = _read(row)
    left_out = bool(getattr(row, "left_out", False))
    entry = _entry(row.partner_id, values)
    return KeptAuditEntry(
        row.number, entry, values["content_sha256"], values["chain_sha256"] or "", left_out, is_readable
    )


def _entry(partner_id: int, values: Mapping[str, Any]) -> AuditEntry:
    by = Doer(
        partner_id=partner_id,
        channel=values["channel"],
        role=values["role"],
        customer_id=values["caller_customer_id"],
        user_id=values["user_id"],
        key_id=values["key_id"],
        operating_system_user=values["operating_system_user"],
    )
    return AuditEntry(by=by, **{name: values[name] for name in _OF_THE_ENTRY})


def _read(row: Row[Any]) -> tuple[dict[str, Any], bool]:
    """A row's values by name, each of its column's type, and whether all of them were that.

    SQLite keeps anything in any column, and who owns a database lets columns be empty: the others can still be read.
    """
    values: dict[str, Any] = {}
    is_readable = True
    for name, (kind, may_be_empty) in _COLUMNS.items():
        value = getattr(row, name)
        if isinstance(value, kind) or (value is None and may_be_empty):
            values[name] = value
        else:
            values[name] = _as_text(value) if kind is str else None
            is_readable = False
    return values, is_readable


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
