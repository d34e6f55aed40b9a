"""Passwords of users: their hashes."""

from dataclasses import dataclass
from datetime import datetime

from rebill.store.scope import Scope
from rebill.store.tables import passwords


@dataclass(frozen=True)
class KeptPassword:
    """A user's password."""

    user_id: int
    partner_id: int
    password_hash: str


def password_of(scope: Scope, sign_in_name: str) -> KeptPassword | None:
    """The password behind a sign-in name of the scope's partner."""
    query = scope.select(passwords).where(passwords.c.sign_in_name == sign_in_name)
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else KeptPassword(row.user_id, row.partner_id, row.password_hash)


def is_sign_in_name_of_another(scope: Scope, sign_in_name: str, user_id: int) -> bool:
    """Whether another user of the same partner signs in by this name."""
    query = scope.select(passwords, passwords.c.user_id).where(
        passwords.c.sign_in_name == sign_in_name, passwords.c.user_id != user_id
    )
    return scope.connection.execute(query).first() is not None


def store_password(scope: Scope, user_id: int, sign_in_name: str, password_hash: str, now: datetime) -> None:
    """Keep a user's password in place of the one before."""
    row = {"sign_in_name": sign_in_name, "password_hash": password_hash, "changed_at": now}
    scope.upsert(passwords, ["user_id"], [{"user_id": user_id, **row}], list(row))


def forget_password(scope: Scope, user_id: int) -> bool:
    """Take a user's password and sign-in name away; ``False`` where it has none."""
    gone = scope.delete(passwords).where(passwords.c.user_id == user_id)
    return scope.connection.execute(gone).rowcount == 1


def renew_hash(scope: Scope, user_id: int, former_hash: str, password_hash: str) -> None:
    """Keep the same password at newer costs, unless it was set anew meanwhile."""
    changed = scope.update(passwords).where(passwords.c.user_id == user_id, passwords.c.password_hash == former_hash)
    scope.connection.execute(changed.values(password_hash=password_hash))
