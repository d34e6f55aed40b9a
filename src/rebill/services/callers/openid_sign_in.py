"""Signing in at the partner's identity provider: a subject is one user, known by its address the first time only."""

import hmac
import secrets
from typing import Final

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Forbidden, Invalid
from rebill.model.party import Caller, Channel, Occasion
from rebill.openid.provider import Identity, Provider, state_of
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import text_fault
from rebill.services.callers.read_users import found_user
from rebill.services.callers.taken_ways_in import WayIn, take_way_in
from rebill.services.callers.web_sessions import WebSession, begin_for_user
from rebill.services.parties.customer_rules import only_faults
from rebill.store.openid_subjects import (
    SubjectHolder,
    forget_subject,
    holder_of_subject,
    store_subject,
    users_of_email,
)
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope
from rebill.store.users import find_user
from rebill.store.web_sessions import end_sessions_of_user

_SUBJECT: Final = WayIn(
    Act.UNLINK_SUBJECT,
    forget_subject,
    {"subject": "unlinked"},
    "subject_not_linked",
    "User {user_id} is nobody at the identity provider.",
)


class OpenIdSignIn:
    """The way in by the provider that the settings name; offered where they name one. ``label``: what it is called."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        settings = installation.settings.openid
        self.label = "" if settings is None else settings.label
        self._provider = None if settings is None else Provider(settings)

    @property
    def is_offered(self) -> bool:
        """Whether the settings name a provider."""
        return self._provider is not None

    def begin(self) -> tuple[str, str]:
        """A secret for the browser to keep, and the address at the provider to send it to.

        Raises ``Unavailable`` where the provider does not answer.
        """
        secret = secrets.token_hex(32)
        return secret, self._offered().address_for(secret)

    def end(self, secret: str, state: str, code: str, issuer: str, former_token: str) -> WebSession | None:
        """The session of whoever comes back with ``code``; ``None`` for somebody who is no user here.

        ``issuer``: who the answer says it is from, ``""`` where it does not say. Raises ``Forbidden`` for a browser
        that was not sent from here, or where the provider does not confirm, ``Unavailable`` where it does not answer.
        """
        if not secret or not hmac.compare_digest(state_of(secret).encode(), state.encode()):
            raise Forbidden("openid_refused", "This sign-in was not begun in this browser, or long ago: begin again.")
        provider = self._offered()
        if issuer and issuer != provider.issuer:
            # RFC 9207: an answer of one provider is never taken to another.
            raise Forbidden("openid_refused", "Another sign-in service answered than was asked: begin again.")
        identity = provider.identity(code, secret, self._installation.clock())
        holder = self._installation.database.write(lambda connection: self._holder(connection, identity))
        if holder is None:
            return None
        return begin_for_user(self._installation, holder.partner_id, holder.user_id, former_token)

    def _offered(self) -> Provider:
        if self._provider is None:
            raise Forbidden("openid_not_offered", "No sign-in service is set up here: use a password or a key.")
        return self._provider

    def _holder(self, connection: Connection, identity: Identity) -> SubjectHolder | None:
        """The user that the identity is: the first time the one of its verified address, from then on by subject."""
        known = holder_of_subject(connection, identity.issuer, identity.subject)
        if known is not None or not identity.verified_email:
            return known
        found = users_of_email(connection, identity.verified_email)
        if len(found) != 1:
            return None
        (holder,) = found
        now = self._installation.clock()
        scope = Scope(connection, holder.partner_id)
        user = find_user(scope, holder.user_id)
        if user is None:
            raise AssertionError("a user that was just read is there")
        store_subject(scope, holder.user_id, identity.issuer, identity.subject, now)
        caller = Caller(
            holder.partner_id, user.role, user.customer_id, user_id=user.user_id, occasion=Occasion(Channel.CONSOLE)
        )
        told = {"issuer": identity.issuer, "subject": identity.subject}
        record_change(scope, caller, Act.LINK_SUBJECT, user.user_id, now, after=told, customer_id=user.customer_id)
        return holder


def subject_faults(installation: Installation, caller: Caller, user_id: int, subject: str) -> dict[str, str]:
    """What is wrong with a subject for a user, by field, as the record stands now."""
    require(caller, Permission.ADMINISTER)
    settings = installation.settings.openid
    with installation.database.reading() as connection:
        issuer = "" if settings is None else settings.issuer
        return only_faults({"subject": _subject_fault(connection, issuer, subject, user_id)})


def link_subject(
    installation: Installation, caller: Caller, user_id: int, subject: str, customer_id: int | None = None
) -> None:
    """Say which subject of the provider a user is, and end its sessions: for providers that vouch for no address.

    ``customer_id``: only if it is of that customer. Raises ``Forbidden``, ``NotFound``, and ``Invalid`` for a subject
    that cannot be or is another user's already.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()
    settings = installation.settings.openid
    if settings is None:
        raise Invalid("openid_not_offered", "No identity provider is set up: set REBILL_OPENID_ISSUER first.")

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        user = found_user(scope, user_id, customer_id)
        fault = _subject_fault(connection, settings.issuer, subject, user_id)
        if fault is not None:
            raise Invalid("invalid_subject", "Nothing was changed: correct the fields named here.", {"subject": fault})
        store_subject(scope, user_id, settings.issuer, subject, now)
        end_sessions_of_user(scope, user_id)
        told = {"issuer": settings.issuer, "subject": subject}
        record_change(scope, caller, Act.LINK_SUBJECT, user_id, now, after=told, customer_id=user.customer_id)

    installation.database.write(act)


def unlink_subject(installation: Installation, caller: Caller, user_id: int, customer_id: int | None = None) -> None:
    """Take away which subject a user is, and end its sessions.

    ``customer_id``: only if it is of that customer. Raises ``Forbidden``, and ``NotFound`` also where it is none.
    """
    take_way_in(installation, caller, user_id, _SUBJECT, customer_id)


def _subject_fault(connection: Connection, issuer: str, subject: str, user_id: int) -> str | None:
    fault = text_fault(subject, required=True)
    if fault is not None:
        return fault
    standing = holder_of_subject(connection, issuer, subject)
    return None if standing is None or standing.user_id == user_id else "is taken: choose another"
