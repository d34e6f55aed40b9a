"""Signing in at the identity provider: a subject is one user of a partner, known by its address the first time only."""

import hmac
import secrets
from dataclasses import dataclass
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
    confirm_subject,
    forget_subject,
    holders_of_subject,
    store_subject,
    user_of_subject,
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


@dataclass(frozen=True)
class SeveralPartners:
    """Whoever came back is a user of several partners, and says which. ``names``: what each calls itself, by number."""

    names: dict[int, str]


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

    def end(
        self, secret: str, state: str, code: str, issuer: str, former_token: str, partner_id: int | None = None
    ) -> WebSession | SeveralPartners | None:
        """The session of whoever comes back with ``code``; ``None`` for somebody who is no user here.

        ``issuer``: who the answer says it is from, ``""`` where it does not say. ``partner_id``: whose user it is to be
        where it is one of several partners. Raises ``Forbidden`` for a browser that was not sent from here, or where
        the provider does not confirm, ``Unavailable`` where it does not answer.
        """
        if not secret or not hmac.compare_digest(state_of(secret).encode(), state.encode()):
            raise Forbidden("openid_refused", "This sign-in was not begun in this browser, or long ago: begin again.")
        provider = self._offered()
        if issuer and issuer != provider.issuer:
            # RFC 9207: an answer of one provider is never taken to another.
            raise Forbidden("openid_refused", "Another sign-in service answered than was asked: begin again.")
        identity = provider.identity(code, secret, self._installation.clock())
        holders = self._installation.database.write(lambda connection: self._holders(connection, identity, partner_id))
        if len(holders) > 1:
            return SeveralPartners({one.partner_id: one.partner_name for one in holders})
        if not holders:
            return None
        (holder,) = holders
        return begin_for_user(self._installation, holder.partner_id, holder.user_id, former_token)

    def _offered(self) -> Provider:
        if self._provider is None:
            raise Forbidden("openid_not_offered", "No sign-in service is set up here: use a password or a key.")
        return self._provider

    def _holders(self, connection: Connection, identity: Identity, partner_id: int | None) -> list[SubjectHolder]:
        """The users that the identity is: of a partner the first time by verified address, from then on by subject.

        That a partner links a subject, or gives a user an address, changes nothing for who signed in as a user of
        another: the partner counts once the person came for it. Where one user is left, signing in confirms it.
        """
        linked = holders_of_subject(connection, identity.issuer, identity.subject)
        confirmed = [one for one in linked if one.is_confirmed]
        claimed = [one for one in linked if not one.is_confirmed]
        if identity.verified_email and (partner_id is not None or not confirmed):
            claimed += users_of_email(connection, identity.verified_email, identity.issuer, identity.subject)
        wanted = [one for one in (*confirmed, *claimed) if one.partner_id == partner_id]
        holders = wanted or confirmed or claimed
        if len(holders) == 1 and not holders[0].is_confirmed:
            self._confirm(connection, identity, holders[0])
        return holders

    def _confirm(self, connection: Connection, identity: Identity, holder: SubjectHolder) -> None:
        """Remember that the person signs in as this user, who is linked to it from now on if not before."""
        if not holder.is_linked:
            self._link(connection, identity, holder)
        confirm_subject(Scope(connection, holder.partner_id), holder.user_id, self._installation.clock())

    def _link(self, connection: Connection, identity: Identity, holder: SubjectHolder) -> None:
        """Remember that the identity is this user from now on, which the audit trail of its partner tells."""
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


def subject_faults(installation: Installation, caller: Caller, user_id: int, subject: str) -> dict[str, str]:
    """What is wrong with a subject for a user, by field, as the record stands now."""
    require(caller, Permission.ADMINISTER)
    settings = installation.settings.openid
    with installation.database.reading() as connection:
        issuer = "" if settings is None else settings.issuer
        return only_faults({"subject": _subject_fault(Scope.of(connection, caller), issuer, subject, user_id)})


def link_subject(
    installation: Installation, caller: Caller, user_id: int, subject: str, customer_id: int | None = None
) -> None:
    """Say which subject of the provider a user is, and end its sessions: for providers that vouch for no address.

    ``customer_id``: only if it is of that customer. Raises ``Forbidden``, ``NotFound``, and ``Invalid`` for a subject
    that cannot be or is another user's of the same partner.
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
        fault = _subject_fault(scope, settings.issuer, subject, user_id)
        if fault is not None:
            raise Invalid("invalid_subject", "Nothing was changed: correct the fields named here.", {"subject": fault})
        if user_of_subject(scope, settings.issuer, subject) != user_id:
            # Whom it is linked to already has not to confirm that again.
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


def _subject_fault(scope: Scope, issuer: str, subject: str, user_id: int) -> str | None:
    fault = text_fault(subject, required=True)
    if fault is not None:
        return fault
    return None if user_of_subject(scope, issuer, subject) in (None, user_id) else "is taken: choose another"
