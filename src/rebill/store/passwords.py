"""Passwords of users: their hashes, and how often a wrong one was given."""

from dataclasses import dataclass
from datetime import datetime

from rebill.store.scope import Scope
from rebill.store.tables import passwords


@dataclass(frozen=True)
class KeptPassword:
    """A user's password; ``failure_count`` wrong ones were given in a row, the last of them at ``failed_at``."""

    user_id: int
    partner_id: int
    password_hash: str
    failure_count: int
    failed_at: datetime | None


def password_of(scope: Scope, sign_in_name: str, hold: bool = False) -> KeptPassword | None:
    """The password behind a sign-in name of the scope's partner.

    ``hold``: nobody else counts a failure of it until this transaction ends.
    """
    query = scope.select(passwords).where(passwords.c.sign_in_name == sign_in_name)
    row = scope.connection.execute(query.with_for_update() if hold else query).one_or_none()
    if row is None:
        return None
    return KeptPassword(row.user_id, row.partner_id, row.password_hash, row.failure_count, row.failed_at)


def is_sign_in_name_of_another(scope: Scope, sign_in_name: str, user_id: int) -> bool:
    """Whether another user of the same partner signs in by this name."""
    query = scope.select(passwords, passwords.c.user_id).where(
        passwords.c.sign_in_name == sign_in_name, passwords.c.user_id != user_id
    )
    return scope.connection.execute(query).first() is not None


def store_password(scope: Scope, user_id: int, sign_in_name: str, password_hash: str, now: datetime) -> None:
    """Keep a user's password in place of the one before."""
    row = {
        "sign_in_name": sign_in_name,
        "password_hash": password_hash,
        "changed_at": now,
        "failure_count": 0,
        "failed_at": None,
    }
    scope.upsert(passwords, ["user_id"], [{"user_id": user_id, **row}], list(row))


def forget_password(scope: Scope, user_id: int) -> bool:
    """Take a user's password and sign-in name away; ``False`` where it has none."""
    gone = scope.delete(passwords).where(passwords.c.user_id == user_id)
    return scope.connection.execute(gone).rowcount == 1


def count_failure(scope: Scope, user_id: int, failure_count: int, now: datetime) -> None:
    """Remember how many wrong passwords were given in a row."""
    changed = scope.update(passwords).where(passwords.c.user_id == user_id)
    scope.connection.execute(changed.values(failure_count=failure_count, failed_at=now))


def forget_failures(scope: Scope, user_id: int, password_hash: str) -> None:
    """The right password was given; ``password_hash``: of it, perhaps at newer costs."""
    changed = scope.update(passwords).where(passwords.c.user_id == user_id)
    scope.connection.execute(changed.values(failure_count=0, failed_at=None, password_hash=password_hash))
