"""Sessions of whoever signed in to the pages: of the token only its SHA-256 is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select, update

from rebill.model.party import Classification, Role
from rebill.store.scope import Scope
from rebill.store.tables import api_keys, customers, partners, users, web_sessions


@dataclass(frozen=True)
class KeptSession:
    """A session and whose it is now. ``is_alive``: whether its user, customer and key may still sign in."""

    partner_id: int
    partner_name: str
    user_id: int
    user_name: str
    key_id: int | None
    customer_id: int | None
    role: Role
    is_alive: bool
    created_at: datetime
    last_used_at: datetime


def add_session(scope: Scope, token_sha256: str, user_id: int, key_id: int | None, now: datetime) -> None:
    """Keep a new session."""
    row = {"token_sha256": token_sha256, "user_id": user_id, "key_id": key_id, "created_at": now, "last_used_at": now}
    scope.insert(web_sessions, [row])


def session_of(connection: Connection, token_sha256: str, now: datetime) -> KeptSession | None:
    """The session of this token. Before a caller is known there is no scope: this query goes over all partners."""
    query = (
        select(
            web_sessions,
            partners.c.shown_name.label("partner_name"),
            users.c.name.label("user_name"),
            users.c.role.label("user_role"),
            users.c.customer_id,
            users.c.disabled_at,
            users.c.deleted_at,
            api_keys.c.role.label("key_role"),
            api_keys.c.expires_at,
            api_keys.c.revoked_at,
            customers.c.classification,
            customers.c.trial_expiration,
            customers.c.deleted_at.label("customer_deleted_at"),
        )
        .join(partners, partners.c.partner_id == web_sessions.c.partner_id)
        .join(users, users.c.user_id == web_sessions.c.user_id)
        .outerjoin(api_keys, api_keys.c.key_id == web_sessions.c.key_id)
        .outerjoin(customers, customers.c.customer_id == users.c.customer_id)
        .where(web_sessions.c.token_sha256 == token_sha256)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _session(row, now)


def mark_session_used(connection: Connection, token_sha256: str, now: datetime) -> None:
    """Remember that a session is used now."""
    used = update(web_sessions).where(web_sessions.c.token_sha256 == token_sha256)
    connection.execute(used.values(last_used_at=now))


def end_session(connection: Connection, token_sha256: str) -> None:
    """Remove a session, whosever it is: who holds its token may end it."""
    connection.execute(delete(web_sessions).where(web_sessions.c.token_sha256 == token_sha256))


def end_sessions_of_user(scope: Scope, user_id: int) -> None:
    """Remove every session of a user."""
    scope.connection.execute(scope.delete(web_sessions).where(web_sessions.c.user_id == user_id))


def end_old_sessions(scope: Scope, created_before: datetime, used_before: datetime) -> None:
    """Remove the sessions that lasted, or lay unused, for too long."""
    old = or_(web_sessions.c.created_at < created_before, web_sessions.c.last_used_at < used_before)
    scope.connection.execute(scope.delete(web_sessions).where(old))


def _session(row: Row[Any], now: datetime) -> KeptSession:
    role = Role(row.user_role)
    return KeptSession(
        row.partner_id,
        row.partner_name,
        row.user_id,
        row.user_name,
        row.key_id,
        row.customer_id,
        role if row.key_role is None else Role(row.key_role).weaker(role),
        _is_alive(row, now),
        row.created_at,
        row.last_used_at,
    )


def _is_alive(row: Row[Any], now: datetime) -> bool:
    """Alive as keys are (``store.keys``): a customer's ends with its trial, its access, and the customer itself."""
    key_stands = row.revoked_at is None and (row.expires_at is None or now < row.expires_at)
    alive = row.disabled_at is None and row.deleted_at is None and key_stands
    if row.customer_id is None:
        return alive
    in_trial = row.trial_expiration is None or now < row.trial_expiration
    has_access = row.classification == Classification.MANAGED_WITH_ACCESS
    return alive and in_trial and has_access and row.customer_deleted_at is None
