"""Which users the identity provider's subjects are."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from rebill.store.scope import Scope
from rebill.store.tables import openid_subjects, users


@dataclass(frozen=True)
class SubjectHolder:
    """The user that a subject is."""

    partner_id: int
    user_id: int


def holder_of_subject(connection: Connection, issuer: str, subject: str) -> SubjectHolder | None:
    """The user that this subject was found to be; before a caller is known, so over all partners."""
    query = select(openid_subjects.c.partner_id, openid_subjects.c.user_id).where(
        openid_subjects.c.issuer == issuer, openid_subjects.c.subject == subject
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else SubjectHolder(row.partner_id, row.user_id)


def users_of_email(connection: Connection, email: str) -> list[SubjectHolder]:
    """The users, of whatever partner, that bear an e-mail address and whom no subject is yet; two of them at most."""
    linked = select(openid_subjects.c.user_id)
    query = select(users.c.partner_id, users.c.user_id).where(
        func.lower(users.c.email) == email.lower(),
        users.c.deleted_at.is_(None),
        users.c.disabled_at.is_(None),
        users.c.user_id.not_in(linked),
    )
    return [SubjectHolder(row.partner_id, row.user_id) for row in connection.execute(query.limit(2))]


def store_subject(scope: Scope, user_id: int, issuer: str, subject: str, now: datetime) -> None:
    """Remember that a subject is this user, in place of the one that was."""
    row = {"user_id": user_id, "issuer": issuer, "subject": subject, "linked_at": now}
    scope.upsert(openid_subjects, ["user_id"], [row], ["issuer", "subject", "linked_at"])


def forget_subject(scope: Scope, user_id: int) -> bool:
    """Take away which subject a user is; ``False`` where it is none."""
    gone = scope.delete(openid_subjects).where(openid_subjects.c.user_id == user_id)
    return scope.connection.execute(gone).rowcount == 1
