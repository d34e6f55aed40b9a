"""Sessions of people who use the pages: begun by a key or a password, known by a token that only they hold."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.callers.passwords import holder_of_password
from rebill.services.callers.sign_in import caller_of
from rebill.store.scope import Scope
from rebill.store.web_sessions import (
    KeptSession,
    add_session,
    end_old_sessions,
    end_session,
    mark_session_used,
    session_of,
)

GREATEST_AGE: Final = timedelta(hours=12)
"""How long a session lasts, however busy."""
GREATEST_REST: Final = timedelta(hours=2)
"""How long a session lasts unused."""
_USE_REMEMBERED: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class WebSession:
    """Who is signed in, by what names pages show; ``token`` is theirs alone."""

    token: str
    caller: Caller
    user_name: str
    partner_name: str

    @property
    def holder(self) -> str:
        """The same text in every session of the same user, and another one for anybody else."""
        return f"{self.caller.partner_id}/{self.caller.customer_id or 0}/{self.caller.user_id}"


def begin_with_key(installation: Installation, key_text: str, former_token: str = "") -> WebSession | None:
    """Begin a session of the holder of an API key; ``None`` where it is nobody's or dead."""
    caller = caller_of(installation, key_text)
    if caller is None or caller.user_id is None:
        return None
    return _begin(installation, caller.partner_id, caller.user_id, caller.key_id, former_token)


def begin_with_password(
    installation: Installation,
    sign_in_name: str,
    password: str,
    former_token: str = "",
    partner_id: int | None = None,
) -> WebSession | None:
    """Begin a session of the partner's user of this name and password; ``None`` where they are nobody's.

    ``partner_id``: ``None`` = the partner created first. Raises ``TooMany`` after several wrong passwords.
    """
    holder = holder_of_password(installation, sign_in_name, password, partner_id)
    if holder is None:
        return None
    return _begin(installation, holder.partner_id, holder.user_id, None, former_token)


def begin_for_user(
    installation: Installation, partner_id: int, user_id: int, former_token: str = ""
) -> WebSession | None:
    """Begin a session of a user whom somebody else vouched for; ``None`` where it may not sign in any more."""
    return _begin(installation, partner_id, user_id, None, former_token)


def session_of_token(installation: Installation, token: str) -> WebSession | None:
    """The session of this token; ``None`` where there is none, it ended, or its holder may not sign in any more."""
    if not token:
        return None
    now, sha256 = installation.clock(), _sha256(token)
    with installation.database.reading() as connection:
        kept = session_of(connection, sha256, now)
    if kept is None or not kept.is_alive or not _lasts(kept, now):
        return None
    if now - kept.last_used_at >= _USE_REMEMBERED:
        installation.database.write(lambda connection: mark_session_used(connection, sha256, now))
    return _session(token, kept)


def end_session_of_token(installation: Installation, token: str) -> None:
    """Sign out: the token opens nothing any more."""
    installation.database.write(lambda connection: end_session(connection, _sha256(token)))


def _begin(
    installation: Installation, partner_id: int, user_id: int, key_id: int | None, former_token: str
) -> WebSession | None:
    """A new token each time: whoever knew the one before knows nothing of this one."""
    token = secrets.token_hex(32)
    now = installation.clock()

    def act(connection: Connection) -> KeptSession | None:
        scope = Scope(connection, partner_id)
        if former_token:
            end_session(connection, _sha256(former_token))
        end_old_sessions(scope, now - GREATEST_AGE, now - GREATEST_REST)
        add_session(scope, _sha256(token), user_id, key_id, now)
        begun = session_of(connection, _sha256(token), now)
        if begun is not None and not begun.is_alive:
            end_session(connection, _sha256(token))
            return None
        return begun

    kept = installation.database.write(act)
    return None if kept is None else _session(token, kept)


def _lasts(kept: KeptSession, now: datetime) -> bool:
    return now < kept.created_at + GREATEST_AGE and now < kept.last_used_at + GREATEST_REST


def _session(token: str, kept: KeptSession) -> WebSession:
    caller = Caller(kept.partner_id, kept.role, kept.customer_id, kept.key_id, kept.user_id)
    return WebSession(token, caller, kept.user_name, kept.partner_name)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
