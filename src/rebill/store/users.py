"""Users: who the keys belong to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from rebill.model.callers import NewUser, User
from rebill.model.listing import Listing, Page
from rebill.model.party import Role
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.membership import among
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import users

_ORDER = (users.c.created_at, users.c.user_id)


def add_user(scope: Scope, new: NewUser, now: datetime) -> User:
    """Keep a new user."""
    user = User(
        user_id=draw_id(scope.connection, users.c.user_id),
        name=new.name,
        email=new.email,
        role=new.role,
        customer_id=new.customer_id,
        created_at=now,
        updated_at=now,
    )
    scope.insert(users, [{"user_id": user.user_id, "customer_id": user.customer_id, "created_at": now, **_kept(user)}])
    return user


def find_user(scope: Scope, user_id: int) -> User | None:
    """A user that is not deleted."""
    if not can_be_stored(user_id):
        return None
    query = scope.select(users).where(users.c.user_id == user_id, users.c.deleted_at.is_(None))
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else _user(row)


def names_of_users(scope: Scope, user_ids: Collection[int]) -> dict[int, str]:
    """What users are called by their ids, deleted ones too."""
    query = scope.select(users, users.c.user_id, users.c.name)
    rows = scope.connection.execute(query.where(among(scope.connection, users.c.user_id, user_ids)))
    return {row.user_id: row.name for row in rows}


def user_page(scope: Scope, page: Page, customer_id: int | None, after: Sequence[Any]) -> Listing[User]:
    """A page of the users that are not deleted, oldest first; ``customer_id``: those of that customer only."""
    query = scope.select(users).where(users.c.deleted_at.is_(None))
    if customer_id is not None:
        query = query.where(users.c.customer_id == customer_id)
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = [_user(row) for row in found.rows]
    return Listing(items, page, found.total, found.more, items[-1].user_id if items else None)


def place_of_user(scope: Scope, user_id: int) -> tuple[datetime, int] | None:
    """Where a user (deleted or not) stands in the order of lists."""
    if not can_be_stored(user_id):
        return None
    row = scope.connection.execute(scope.select(users, *_ORDER).where(users.c.user_id == user_id)).one_or_none()
    return None if row is None else (row.created_at, row.user_id)


def store_user(scope: Scope, user: User) -> None:
    """Keep a user as it is now; whose it is and when it was made stay."""
    scope.connection.execute(scope.update(users).where(users.c.user_id == user.user_id).values(**_kept(user)))


def mark_user_deleted(scope: Scope, user_id: int, now: datetime) -> None:
    """Delete a user; its row stays, as its keys and its acts name it."""
    scope.connection.execute(scope.update(users).where(users.c.user_id == user_id).values(deleted_at=now))


def _kept(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "role": user.role.value,
        "updated_at": user.updated_at,
        "disabled_at": user.disabled_at,
    }


def _user(row: Row[Any]) -> User:
    return User(
        user_id=row.user_id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        customer_id=row.customer_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        disabled_at=row.disabled_at,
    )
