"""API keys: the public part finds the row, of the secret part only its SHA-256 is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from rebill.model.party import Classification, Role
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.scope import Scope
from rebill.store.tables import api_keys, customers


@dataclass(frozen=True)
class KeyRecord:
    """A key as lists show it: never its secret, nor anything that finds it."""

    key_id: int
    name: str
    role: Role
    customer_id: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class KeyHolder:
    """What a lookup finds: the kept hash, whose key it is, and whether it opens anything now."""

    key_id: int
    partner_id: int
    role: Role
    customer_id: int | None
    secret_sha256: str
    alive: bool


def holder_of(connection: Connection, lookup: str, now: datetime) -> KeyHolder | None:
    """The key whose public part is ``lookup``, dead or alive.

    Before a caller is known there is no scope: this query alone goes over all partners. A customer's key
    is dead after its trial, while the customer is managed without access, and once it is deleted.
    """
    query = (
        select(api_keys, customers.c.classification, customers.c.trial_expiration, customers.c.deleted_at)
        .join_from(api_keys, customers, customers.c.customer_id == api_keys.c.customer_id, isouter=True)
        .where(api_keys.c.lookup == lookup)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    alive = row.revoked_at is None and (row.expires_at is None or now < row.expires_at)
    if row.customer_id is not None:
        in_trial = row.trial_expiration is None or now < row.trial_expiration
        has_access = row.classification == Classification.MANAGED_WITH_ACCESS
        alive = alive and in_trial and has_access and row.deleted_at is None
    return KeyHolder(row.key_id, row.partner_id, Role(row.role), row.customer_id, row.secret_sha256, alive)


def add_key(
    scope: Scope, role: Role, customer_id: int | None, name: str, lookup: str, secret_sha256: str, created_at: datetime
) -> int:
    """Keep a new key; answers its id."""
    key_id = draw_id(scope.connection, api_keys.c.key_id)
    hashed = {"lookup": lookup, "secret_sha256": secret_sha256}
    row = {"key_id": key_id, "customer_id": customer_id, "name": name, "role": role.value, "created_at": created_at}
    scope.insert(api_keys, [{**row, **hashed}])
    return key_id


def list_key_records(scope: Scope) -> Sequence[KeyRecord]:
    """Every key of the partner, revoked ones too, in order of creation."""
    rows = scope.connection.execute(scope.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id))
    return [
        KeyRecord(row.key_id, row.name, Role(row.role), row.customer_id, row.created_at, row.expires_at, row.revoked_at)
        for row in rows
    ]


def count_live_admin_keys(scope: Scope, now: datetime) -> int:
    """How many keys of the partner can administer it now."""
    live = and_(
        api_keys.c.role == Role.ADMIN.value,
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
    )
    return int(scope.connection.scalars(scope.select(api_keys, func.count()).where(live)).one())


def revoke(scope: Scope, key_id: int, now: datetime) -> bool:
    """Make a key dead for good; ``False`` when the partner has no such key or it is revoked already."""
    if not can_be_stored(key_id):
        return False
    statement = scope.update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
    return scope.connection.execute(statement.values(revoked_at=now)).rowcount == 1


def revoke_keys_of(scope: Scope, customer_id: int, now: datetime) -> list[int]:
    """Make every key of a customer dead for good; answers the ids of those that it killed."""
    live = scope.update(api_keys).where(api_keys.c.customer_id == customer_id, api_keys.c.revoked_at.is_(None))
    return sorted(scope.connection.scalars(live.values(revoked_at=now).returning(api_keys.c.key_id)))
