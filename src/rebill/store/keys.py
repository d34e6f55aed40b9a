"""API keys: the public part finds the row, of the secret part only its SHA-256 is kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select

from rebill.model.callers import ApiKey
from rebill.model.listing import Listing, Page
from rebill.model.party import Classification, Role
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.membership import among
from rebill.store.paging import rows_of_page
from rebill.store.prepared import run_prepared
from rebill.store.scope import Scope, given
from rebill.store.tables import api_keys, customers, users

_ORDER = (api_keys.c.created_at, api_keys.c.key_id)
_COLUMNS = (
    *api_keys.c,
    users.c.role.label("user_role"),
    users.c.disabled_at.label("user_disabled_at"),
    users.c.deleted_at.label("user_deleted_at"),
    customers.c.classification,
    customers.c.trial_expiration,
    customers.c.deleted_at.label("customer_deleted_at"),
)


@dataclass(frozen=True)
class KeyHolder:
    """What a lookup finds: the kept hash, whose key it is, and whether it opens anything now."""

    key: ApiKey
    partner_id: int
    secret_sha256: str


def holder_of(connection: Connection, lookup: str, now: datetime) -> KeyHolder | None:
    """The key whose public part is ``lookup``, dead or alive.

    Before a caller is known there is no scope: this query alone goes over all partners.
    """
    rows = run_prepared(connection, _of_lookup(), {"lookup": lookup})
    return KeyHolder(_key(rows[0], now), rows[0].partner_id, rows[0].secret_sha256) if rows else None


def add_key(scope: Scope, key: Mapping[str, Any]) -> int:
    """Keep a new key, given by the names of its columns; answers its id."""
    key_id = draw_id(scope.connection, api_keys.c.key_id)
    scope.insert(api_keys, [{"key_id": key_id, **key}])
    return key_id


def find_key(scope: Scope, key_id: int, now: datetime) -> ApiKey | None:
    """A key of this scope, also one that is dead."""
    if not can_be_stored(key_id):
        return None
    row = scope.connection.execute(_keys(scope).where(api_keys.c.key_id == key_id)).one_or_none()
    return None if row is None else _key(row, now)


def names_of_keys(scope: Scope, key_ids: Collection[int]) -> dict[int, str]:
    """What keys are called by their ids, those that are revoked too."""
    query = scope.select(api_keys, api_keys.c.key_id, api_keys.c.name)
    rows = scope.connection.execute(query.where(among(scope.connection, api_keys.c.key_id, key_ids)))
    return {row.key_id: row.name for row in rows}


def key_page(scope: Scope, page: Page, customer_id: int | None, after: Sequence[Any], now: datetime) -> Listing[ApiKey]:
    """A page of the keys, dead ones too, oldest first; ``customer_id``: those of that customer only."""
    query = _keys(scope)
    if customer_id is not None:
        query = query.where(api_keys.c.customer_id == customer_id)
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_key(row, now) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].key_id if items else None)


def place_of_key(scope: Scope, key_id: int) -> tuple[datetime, int] | None:
    """Where a key stands in the order of lists."""
    if not can_be_stored(key_id):
        return None
    row = scope.connection.execute(scope.select(api_keys, *_ORDER).where(api_keys.c.key_id == key_id)).one_or_none()
    return None if row is None else (row.created_at, row.key_id)


def live_admin_keys(scope: Scope, now: datetime) -> dict[int, datetime | None]:
    """The keys that can administer the partner now, and when each of them expires."""
    rows = scope.connection.execute(_keys(scope).where(api_keys.c.role == Role.ADMIN.value))
    keys = [_key(row, now) for row in rows]
    return {key.key_id: key.expires_at for key in keys if key.usable and key.role is Role.ADMIN}


def end_key(scope: Scope, key_id: int, now: datetime) -> bool:
    """Make a key dead for good; ``False`` when the partner has no such key or it is revoked already."""
    if not can_be_stored(key_id):
        return False
    statement = scope.update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
    return scope.connection.execute(statement.values(revoked_at=now)).rowcount == 1


def end_key_later(scope: Scope, key_id: int, expires_at: datetime) -> None:
    """Let a key live until ``expires_at`` and no longer."""
    scope.connection.execute(scope.update(api_keys).where(api_keys.c.key_id == key_id).values(expires_at=expires_at))


def revoke_keys_of_user(scope: Scope, user_id: int, now: datetime) -> list[int]:
    """Make every key of a user dead for good; answers the ids of those that it killed."""
    return _revoke_live(scope, api_keys.c.user_id == user_id, now)


def revoke_keys_of(scope: Scope, customer_id: int, now: datetime) -> list[int]:
    """Make every key of a customer dead for good; answers the ids of those that it killed."""
    return _revoke_live(scope, api_keys.c.customer_id == customer_id, now)


def _revoke_live(scope: Scope, whose: ColumnElement[bool], now: datetime) -> list[int]:
    live = scope.update(api_keys).where(whose, api_keys.c.revoked_at.is_(None))
    return sorted(scope.connection.scalars(live.values(revoked_at=now).returning(api_keys.c.key_id)))


def mark_used(scope: Scope, key_id: int, now: datetime, unless_since: datetime) -> None:
    """Remember that a key was used, unless it is remembered of a moment after ``unless_since``."""
    long_ago = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at <= unless_since)
    scope.connection.execute(
        scope.update(api_keys).where(api_keys.c.key_id == key_id, long_ago).values(last_used_at=now)
    )


@cache
def _of_lookup() -> Select[Any]:
    return _with_its_user(select(*_COLUMNS).select_from(api_keys)).where(api_keys.c.lookup == given("lookup"))


def _keys(scope: Scope) -> Select[Any]:
    return _with_its_user(scope.select(api_keys, *_COLUMNS))


def _with_its_user(query: Select[Any]) -> Select[Any]:
    of_customer = customers.c.customer_id == api_keys.c.customer_id
    return query.join(users, users.c.user_id == api_keys.c.user_id).join(customers, of_customer, isouter=True)


def _key(row: Row[Any], now: datetime) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        user_id=row.user_id,
        name=row.name,
        role=Role(row.role).weaker(Role(row.user_role)),
        customer_id=row.customer_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        made_to_expire_at=row.made_to_expire_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        usable=_is_alive(row, now),
    )


def _is_alive(row: Row[Any], now: datetime) -> bool:
    """Whether a key opens anything.

    A customer's key is dead after its trial, while the customer is managed without access, and once it is deleted.
    """
    alive = row.revoked_at is None and (row.expires_at is None or now < row.expires_at)
    alive = alive and row.user_disabled_at is None and row.user_deleted_at is None
    if row.customer_id is None:
        return alive
    in_trial = row.trial_expiration is None or now < row.trial_expiration
    has_access = row.classification == Classification.MANAGED_WITH_ACCESS
    return alive and in_trial and has_access and row.customer_deleted_at is None
