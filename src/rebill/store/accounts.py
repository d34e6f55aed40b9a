"""Accounts: the Azure customers of the partner's catalogue, and the subscriptions that are known."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import starmap
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, select

from rebill.model.assignment import CatalogueAccount
from rebill.model.checklist import NewCustomer
from rebill.model.identifiers import AccountKind, account_key, trimmed
from rebill.model.listing import Listing, Page
from rebill.model.movement import CatalogueMovement
from rebill.store.assignments import in_force
from rebill.store.identity import can_be_stored, draw_ids
from rebill.store.membership import among, among_given
from rebill.store.paging import next_listing_position, rows_of_page
from rebill.store.partners import hold_partner
from rebill.store.scope import Asked, Scope, given
from rebill.store.tables import accounts, assignments, customers

ACTIVE = "active"
GONE = "gone"
_TOLD = ("spelling", "name", "domain", "relationship")
"""Columns that a source tells."""
_KNOWN = (accounts.c.account_id, accounts.c.account_key, accounts.c.spelling, accounts.c.name, accounts.c.domain)
"""Columns of a ``KnownAccount``."""
_ORDER = (accounts.c.first_seen_at, accounts.c.listing_position, accounts.c.account_id)


@dataclass(frozen=True)
class SeenAccount:
    """An account as a source showed it; ``""`` = the source does not tell."""

    identifier: str
    name: str = ""
    domain: str = ""
    relationship: str = ""


class KnownAccount(NamedTuple):
    """An account that can be assigned. (A tuple: one call may read ten thousand.)"""

    account_id: int
    key: str
    spelling: str
    name: str
    domain: str


@dataclass(frozen=True)
class Remembered:
    """What a source brought: ids of the accounts that it showed, and what was new or changed.

    ``added``: the ids, as the source spells them, of new accounts. ``before`` and ``after``: what was known and is
    known of those that changed, by their ids.
    """

    account_ids: frozenset[int]
    added: Sequence[str]
    before: Mapping[str, Mapping[str, str]]
    after: Mapping[str, Mapping[str, str]]

    @property
    def new(self) -> int:
        return len(self.added)

    @property
    def changed(self) -> int:
        return len(self.after)


def remember_accounts(scope: Scope, kind: AccountKind, seen: Sequence[SeenAccount], seen_at: datetime) -> Remembered:
    """Keep accounts that a source showed at ``seen_at``: new ones are added, known ones brought up to date.

    Text that the source does not tell stays as it was known. A gone account becomes active again.
    Of several with one key the last counts. Until the transaction ends no other one remembers
    accounts of this partner.
    """
    hold_partner(scope)
    by_key = {account_key(kind, account.identifier): account for account in seen}
    stored = {row.account_key: row for row in scope.run(_held_rows, of_kind=kind, keys=list(by_key))}
    fresh = [key for key in by_key if key not in stored]
    # In the order shown: who assigns accounts in that order finds and writes what lies side by side.
    ids = sorted(draw_ids(scope.connection, accounts.c.account_id, len(fresh)))
    same_moment = (accounts.c.kind == kind, accounts.c.first_seen_at == seen_at)
    position = next_listing_position(scope, accounts.c.listing_position, *same_moment)
    new_rows = [
        _new_row(account_id, kind, key, by_key[key], seen_at) | {"listing_position": place}
        for place, (account_id, key) in enumerate(zip(ids, fresh, strict=True), position)
    ]
    scope.insert(accounts, new_rows)
    changed = {key: row for key in stored if (row := _changed_row(stored[key], by_key[key])) is not None}
    changed_rows = list(changed.values())
    scope.upsert(accounts, ["account_id"], changed_rows, [*_TOLD, "status", "search_text"])
    known_ids = [row.account_id for row in stored.values()]
    again = scope.update(accounts).where(among(scope.connection, accounts.c.account_id, known_ids))
    scope.connection.execute(again.values(last_seen_at=seen_at))
    return Remembered(
        frozenset(known_ids) | frozenset(ids),
        [str(row["spelling"]) for row in new_rows],
        {stored[key].spelling: _shown(dict(stored[key]._mapping)) for key in changed},
        {stored[key].spelling: _shown(row) for key, row in changed.items()},
    )


def mark_gone(scope: Scope, kind: AccountKind, listed: frozenset[int]) -> dict[str, str]:
    """Mark every active account of ``kind`` that is not ``listed`` as gone; their names by id. None is deleted."""
    columns = (accounts.c.account_id, accounts.c.spelling, accounts.c.name)
    active = scope.select(accounts, *columns).where(accounts.c.kind == kind, accounts.c.status == ACTIVE)
    rows = scope.connection.execute(active)
    gone = {row.account_id: (row.spelling, row.name) for row in rows if row.account_id not in listed}
    if gone:
        vanished = scope.update(accounts).where(among(scope.connection, accounts.c.account_id, sorted(gone)))
        scope.connection.execute(vanished.values(status=GONE))
    return dict(sorted(gone.values()))


def count_active(scope: Scope, kind: AccountKind) -> int:
    """How many accounts of ``kind`` are active."""
    query = scope.select(accounts, func.count()).where(accounts.c.kind == kind, accounts.c.status == ACTIVE)
    return int(scope.connection.execute(query).scalar_one())


def catalogue_movement(scope: Scope, since: datetime) -> CatalogueMovement:
    """How many Azure customers were known before ``since``, first listed from then on, and listed then and gone now."""
    seen = accounts.c.first_seen_at >= since
    counted = scope.select(
        accounts,
        func.count().filter(~seen),
        func.count().filter(seen),
        func.count().filter(~seen & (accounts.c.status == GONE) & (accounts.c.last_seen_at >= since)),
    ).where(accounts.c.kind == AccountKind.AZURE_CUSTOMER)
    known, new, gone = scope.connection.execute(counted).one()
    return CatalogueMovement(known, new, gone)


def new_unassigned_customers(
    scope: Scope, since: datetime, day: date, greatest_count: int
) -> tuple[tuple[NewCustomer, ...], int]:
    """Azure customers first listed from ``since`` on that are assigned to nobody on ``day``, and how many there are."""
    wanted = _new_and_unassigned(scope, since, day)
    rows = scope.connection.execute(wanted.order_by(*_ORDER).limit(greatest_count))
    found = tuple(NewCustomer(row.spelling, row.name, row.domain, row.first_seen_at) for row in rows)
    if len(found) < greatest_count:
        return found, len(found)
    return found, scope.connection.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def known_accounts(
    scope: Scope, kind: AccountKind, keys: Collection[str], hold: bool = False
) -> dict[str, KnownAccount]:
    """The accounts with these keys, by key; gone ones too.

    ``hold``: no other transaction that holds one of them goes on until this one ends. They are held in
    the order of their ids, so that two transactions cannot wait for each other.
    """
    query, values = accounts_asked(kind, keys, hold)
    return accounts_told(scope.run(query, **values))


def accounts_asked(kind: AccountKind, keys: Collection[str], hold: bool) -> Asked:
    """What ``known_accounts`` asks, to be asked together with something else."""
    return _held_with_keys if hold else _with_keys, {"of_kind": kind, "keys": list(keys)}


def ids_with_keys(scope: Scope) -> Select[Any]:
    """The query for the ids of the accounts that ``accounts_asked`` asks for, given the same."""
    return _of_kind(scope, accounts.c.account_id)


def accounts_told(rows: Iterable[Sequence[Any]]) -> dict[str, KnownAccount]:
    """The accounts that the rows answered to ``accounts_asked`` tell of, by key."""
    return {account.key: account for account in starmap(KnownAccount, rows)}


def hold_accounts(scope: Scope, account_ids: Collection[int]) -> dict[AccountKind, list[KnownAccount]]:
    """The accounts of these ids by kind, held as ``known_accounts`` holds them."""
    of_ids = among(scope.connection, accounts.c.account_id, account_ids)
    query = scope.select(accounts, accounts.c.kind, *_KNOWN).where(of_ids)
    found: dict[AccountKind, list[KnownAccount]] = defaultdict(list)
    for kind, *known in scope.connection.execute(_held(query)):
        found[AccountKind(kind)].append(KnownAccount(*known))
    return found


def accounts_of_keys(
    scope: Scope, kind: AccountKind, keys: Collection[str], day: date
) -> dict[str, tuple[str, str, str]]:
    """How the accounts of these keys are spelled, their names, and the name of the customer that has each on ``day``.

    By key; ``""`` where nobody has it.
    """
    owner = (assignments.c.account_id == accounts.c.account_id) & scope.own(assignments) & in_force(day)
    of_owner = (customers.c.customer_id == assignments.c.customer_id) & scope.own(customers)
    query = (
        scope.select(
            accounts, accounts.c.account_key, accounts.c.spelling, accounts.c.name, customers.c.name.label("owner")
        )
        .outerjoin(assignments, owner)
        .outerjoin(customers, of_owner)
        .where(accounts.c.kind == kind, among(scope.connection, accounts.c.account_key, keys))
    )
    return {key: (spelling, name, owner or "") for key, spelling, name, owner in scope.connection.execute(query)}


def catalogue_page(
    scope: Scope,
    page: Page,
    day: date,
    after: Sequence[Any],
    assigned: bool | None = None,
    text: str | None = None,
    customer_id: int | None = None,
    status: str | None = None,
) -> Listing[CatalogueAccount]:
    """A page of the catalogue, oldest first; ``assigned`` and ``customer_id`` as of ``day``.

    ``text``: only accounts whose id, name or domain contains it, whatever the case. ``status``: ``ACTIVE`` or ``GONE``.
    """
    query = _catalogue(scope, day)
    if status is not None:
        query = query.where(accounts.c.status == status)
    query = narrowed(query, assigned, customer_id, text)
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_catalogue_account(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].account_id if items else None)


def narrowed(query: Select[Any], assigned: bool | None, customer_id: int | None, text: str | None) -> Select[Any]:
    """A query of accounts beside assignments, held to those that are (not) assigned, a customer's, or bear a text."""
    if assigned is not None:
        owner = assignments.c.customer_id
        query = query.where(owner.is_not(None) if assigned else owner.is_(None))
    if customer_id is not None:
        query = query.where(assignments.c.customer_id == customer_id)
    return query.where(accounts.c.search_text.contains(text.casefold(), autoescape=True)) if text else query


def unassigned_since(scope: Scope, day: date, since: date, count: int) -> list[CatalogueAccount]:
    """Active accounts of the catalogue first seen from ``since`` on and assigned to nobody on ``day``: the newest."""
    begun = datetime(since.year, since.month, since.day, tzinfo=UTC)
    newest = _new_and_unassigned(scope, begun, day).order_by(*(column.desc() for column in _ORDER)).limit(count)
    return [_catalogue_account(row) for row in scope.connection.execute(newest)]


def catalogue_account(scope: Scope, account_id: int, day: date) -> CatalogueAccount | None:
    """One account of the catalogue."""
    if not can_be_stored(account_id):
        return None
    row = scope.connection.execute(_catalogue(scope, day).where(accounts.c.account_id == account_id)).one_or_none()
    return None if row is None else _catalogue_account(row)


def place_of_account(scope: Scope, account_id: int) -> Sequence[object] | None:
    """Where an account stands in the order of lists."""
    if not can_be_stored(account_id):
        return None
    row = scope.connection.execute(
        scope.select(accounts, *_ORDER).where(accounts.c.account_id == account_id)
    ).one_or_none()
    return None if row is None else tuple(row)


def _new_and_unassigned(scope: Scope, since: datetime, day: date) -> Select[Any]:
    return _catalogue(scope, day).where(
        accounts.c.status == ACTIVE, accounts.c.first_seen_at >= since, assignments.c.customer_id.is_(None)
    )


def _catalogue(scope: Scope, day: date) -> Select[Any]:
    owner = (assignments.c.account_id == accounts.c.account_id) & scope.own(assignments) & in_force(day)
    return (
        scope.select(accounts, *accounts.c, assignments.c.customer_id.label("assigned_to"))
        .outerjoin(assignments, owner)
        .where(accounts.c.kind == AccountKind.AZURE_CUSTOMER)
    )


def _catalogue_account(row: Row[Any]) -> CatalogueAccount:
    return CatalogueAccount(
        row.account_id,
        row.spelling,
        row.name,
        row.domain,
        row.relationship,
        row.status,
        row.first_seen_at,
        row.last_seen_at,
        row.assigned_to,
    )


def _with_keys(scope: Scope) -> Select[Any]:
    return _of_kind(scope, *_KNOWN)


def _held_with_keys(scope: Scope) -> Select[Any]:
    return _held(_with_keys(scope))


def _held_rows(scope: Scope) -> Select[Any]:
    return _held(_of_kind(scope))


def _of_kind(scope: Scope, *columns: ColumnElement[Any]) -> Select[Any]:
    keys = among_given(scope.dialect, accounts.c.account_key, "keys")
    return scope.select(accounts, *columns).where(accounts.c.kind == given("of_kind"), keys)


def _held(query: Select[Any]) -> Select[Any]:
    return query.order_by(accounts.c.account_id).with_for_update(key_share=True)


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    """What can change of an account."""
    return {name: row[name] for name in (*_TOLD, "status")}


def _search_text(told: Mapping[str, str]) -> str:
    return "\n".join((told["spelling"], told["name"], told["domain"])).casefold()


def _new_row(account_id: int, kind: AccountKind, key: str, seen: SeenAccount, seen_at: datetime) -> dict[str, Any]:
    told = _told(kind, seen)
    times = {"first_seen_at": seen_at, "last_seen_at": seen_at}
    row = {"account_id": account_id, "kind": kind.value, "account_key": key, "status": ACTIVE}
    return {**row, **told, **times, "search_text": _search_text(told)}


def _changed_row(stored: Row[Any], seen: SeenAccount) -> dict[str, Any] | None:
    """The whole row as it is to be, or ``None`` when the source shows what is known already."""
    known = dict(stored._mapping)
    told = _told(AccountKind(stored.kind), seen)
    merged = {name: told[name] or known[name] for name in _TOLD}
    if known["status"] == ACTIVE and all(merged[name] == known[name] for name in _TOLD):
        return None
    return {**known, **merged, "status": ACTIVE, "search_text": _search_text(merged)}


def _told(kind: AccountKind, seen: SeenAccount) -> dict[str, str]:
    spelling = trimmed(seen.identifier)
    if kind is AccountKind.SUBSCRIPTION:
        # Answers show the bare id, however long the source's path to it.
        spelling = spelling[len(spelling) - len(account_key(kind, spelling)) :]
    return {"spelling": spelling, "name": seen.name, "domain": seen.domain, "relationship": seen.relationship}
