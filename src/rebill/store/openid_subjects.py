"""Which users the identity provider's subjects are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from rebill.store.scope import Scope
from rebill.store.tables import openid_subjects, partners, users

_IS_ENABLED: Final = and_(users.c.deleted_at.is_(None), users.c.disabled_at.is_(None))


@dataclass(frozen=True)
class SubjectHolder:
    """A user that a subject is, and what its partner calls itself.

    ``is_linked``: it is known by its subject, not by its address alone. ``is_confirmed``: it signed in as this user.
    """

    partner_id: int
    user_id: int
    partner_name: str
    is_linked: bool = False
    is_confirmed: bool = False


def holders_of_subject(connection: Connection, issuer: str, subject: str) -> list[SubjectHolder]:
    """The users that this subject is linked to and that may sign in, one of a partner, the first linked first.

    Before a caller is known there is no scope: like the look-up of a key, this query goes over all partners.
    """
    query = (
        select(
            openid_subjects.c.partner_id,
            openid_subjects.c.user_id,
            partners.c.shown_name,
            true(),
            openid_subjects.c.confirmed_at.is_not(None),
        )
        .join(partners, partners.c.partner_id == openid_subjects.c.partner_id)
        .join(users, users.c.user_id == openid_subjects.c.user_id)
        .where(_is_subject(issuer, subject), _IS_ENABLED)
        .order_by(openid_subjects.c.linked_at, openid_subjects.c.user_id)
    )
    return [SubjectHolder(*row) for row in connection.execute(query)]


def user_of_subject(scope: Scope, issuer: str, subject: str) -> int | None:
    """The user of the scope's partner that this subject is linked to."""
    query = scope.select(openid_subjects, openid_subjects.c.user_id).where(_is_subject(issuer, subject))
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else row.user_id


def users_of_email(connection: Connection, email: str, issuer: str, subject: str) -> list[SubjectHolder]:
    """The users that bear an e-mail address and whom no subject is yet, of every partner that has exactly one.

    Partners of whom the subject is a user already are left out.
    """
    linked = select(openid_subjects.c.user_id)
    known = select(openid_subjects.c.partner_id).where(_is_subject(issuer, subject))
    query = (
        select(users.c.partner_id, func.min(users.c.user_id), partners.c.shown_name)
        .join(partners, partners.c.partner_id == users.c.partner_id)
        .where(
            func.lower(users.c.email) == email.lower(),
            _IS_ENABLED,
            users.c.user_id.not_in(linked),
            users.c.partner_id.not_in(known),
        )
        .group_by(users.c.partner_id, partners.c.shown_name, partners.c.created_at)
        .having(func.count() == 1)
        .order_by(partners.c.created_at, users.c.partner_id)
    )
    return [SubjectHolder(*row) for row in connection.execute(query)]


def store_subject(scope: Scope, user_id: int, issuer: str, subject: str, now: datetime) -> None:
    """Remember that a subject is this user, in place of the one that was; whether it is, the person has to confirm."""
    row = {"user_id": user_id, "issuer": issuer, "subject": subject, "linked_at": now, "confirmed_at": None}
    scope.upsert(openid_subjects, ["user_id"], [row], ["issuer", "subject", "linked_at", "confirmed_at"])


def confirm_subject(scope: Scope, user_id: int, now: datetime) -> None:
    """Remember that whom a user is linked to signed in as that user."""
    changed = scope.update(openid_subjects).where(openid_subjects.c.user_id == user_id).values(confirmed_at=now)
    scope.connection.execute(changed)


def forget_subject(scope: Scope, user_id: int) -> bool:
    """Take away which subject a user is; ``False`` where it is none."""
    gone = scope.delete(openid_subjects).where(openid_subjects.c.user_id == user_id)
    return scope.connection.execute(gone).rowcount == 1


def _is_subject(issuer: str, subject: str) -> ColumnElement[bool]:
    return and_(openid_subjects.c.issuer == issuer, openid_subjects.c.subject == subject)
