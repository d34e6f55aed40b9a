"""Passwords of users: set, and tried. Only slow hashes of them are kept (argon2id)."""

import threading
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, text_fault
from rebill.services.callers.failed_sign_ins import TriedName
from rebill.services.callers.read_users import found_user
from rebill.services.callers.taken_ways_in import WayIn, take_way_in
from rebill.services.parties.customer_rules import only_faults
from rebill.store.partners import first_partner, hold_partner, partner_by_id
from rebill.store.passwords import (
    KeptPassword,
    forget_password,
    is_sign_in_name_of_another,
    password_of,
    renew_hash,
    store_password,
)
from rebill.store.scope import Scope
from rebill.store.web_sessions import end_sessions_of_user

LEAST_PASSWORD_LENGTH: Final = 12
GREATEST_PASSWORD_LENGTH: Final = 1000

_PASSWORD: Final = WayIn(
    Act.CLEAR_PASSWORD,
    forget_password,
    {"password": "cleared"},
    "password_not_set",
    "User {user_id} has no password: there is nothing to clear.",
)
_HASHER: Final = PasswordHasher()
NOBODYS_HASH: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$MzV8bjTbI0czRcc2e/Tvbg$/kpNZZG5IgfCBMsLqh4rR6lI5h1wvd2tjFkT35S1R9Q"
)
"""Of a password that was drawn and forgotten, with the same costs as others; to make it takes a start too long."""
_AT_ONCE = threading.BoundedSemaphore(2)
"""A hash takes 64 MiB and a processor: more of them at once would only be slower."""


@dataclass(frozen=True)
class PasswordHolder:
    """Whose password was given."""

    partner_id: int
    user_id: int


@dataclass(frozen=True)
class SignInName:
    """What a user signs in by: its name, which is one among its partner's, and its partner's number."""

    name: str
    partner_id: int

    @property
    def page(self) -> str:
        """The path of the sign-in page at which the partner's number stands already."""
        return sign_in_page(self.partner_id)


def set_password(
    installation: Installation,
    caller: Caller,
    user_id: int,
    password: str,
    sign_in_name: str = "",
    customer_id: int | None = None,
) -> SignInName:
    """Give a user a password in place of the one before, and end its sessions; answers what it signs in by.

    ``sign_in_name``: ``""`` = the user's e-mail address. Who administers the partner sets anybody's; ``customer_id``:
    only if it is of that customer. Raises ``Forbidden``, ``NotFound``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()
    hashed = _hash(password) if _password_fault(password) is None else ""

    def act(connection: Connection) -> SignInName:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        user = found_user(scope, user_id, customer_id)
        name = sign_in_name_of(sign_in_name or user.email)
        found = _faults(scope, user_id, password, name)
        if found:
            raise Invalid("invalid_password", "No password was set: correct the fields named here.", found)
        store_password(scope, user_id, name, hashed, now)
        TriedName.of(scope.partner_id, scope.partner_id, name).begin_anew(connection)
        end_sessions_of_user(scope, user_id)
        told = {"sign_in_name": name, "password": "set"}
        record_change(scope, caller, Act.SET_PASSWORD, user_id, now, after=told, customer_id=user.customer_id)
        return SignInName(name, scope.partner_id)

    return installation.database.write(act)


def password_faults(
    installation: Installation, caller: Caller, user_id: int, password: str, sign_in_name: str
) -> dict[str, str]:
    """What is wrong with a password and a sign-in name, by field, as the record stands now. Raises ``NotFound``."""
    require(caller, Permission.ADMINISTER)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        user = found_user(scope, user_id)
        return _faults(scope, user_id, password, sign_in_name_of(sign_in_name or user.email))


def clear_password(installation: Installation, caller: Caller, user_id: int, customer_id: int | None = None) -> None:
    """Take a user's password away, end its sessions, and free its sign-in name.

    ``customer_id``: only if it is of that customer. Raises ``Forbidden``, and ``NotFound`` also where it has none.
    """
    take_way_in(installation, caller, user_id, _PASSWORD, customer_id)


def holder_of_password(
    installation: Installation, sign_in_name: str, password: str, partner_id: int | None = None
) -> PasswordHolder | None:
    """Whose name and password these are, of one partner's users; ``None`` where they are nobody's.

    ``partner_id``: ``None`` = the partner created first. Users of other partners are not looked at, whatever their
    names: no partner can let its own be tried against them. A name or a partner that nobody has is answered as a
    wrong password is, and for the same work. Raises ``TooMany`` after several wrong ones.
    """
    name = sign_in_name_of(sign_in_name[:GREATEST_PASSWORD_LENGTH])
    now = installation.clock()
    with installation.database.reading() as connection:
        tried, kept = _tried(connection, partner_id, name)
        if tried is not None:
            tried.require_patience(connection, now)
    is_right = _verify(NOBODYS_HASH if kept is None else kept.password_hash, password[:GREATEST_PASSWORD_LENGTH])
    if tried is None:
        return None
    if kept is None or not is_right:
        installation.database.write(lambda connection: tried.count_failure(connection, now))
        return None
    newer = _hash(password) if _HASHER.check_needs_rehash(kept.password_hash) else None

    def remember(connection: Connection) -> None:
        tried.begin_anew(connection)
        if newer is not None:
            renew_hash(Scope(connection, kept.partner_id), kept.user_id, kept.password_hash, newer)

    installation.database.write(remember)
    return PasswordHolder(kept.partner_id, kept.user_id)


def _tried(connection: Connection, partner_id: int | None, name: str) -> tuple[TriedName | None, KeptPassword | None]:
    """The name as its attempts are counted (``None``: there is no partner yet), and the password behind it."""
    first = first_partner(connection)
    if first is None:
        return None, None
    wanted = first.partner_id if partner_id is None else partner_id
    partner = partner_by_id(connection, wanted) or first
    return TriedName.of(partner.partner_id, wanted, name), password_of(Scope(connection, wanted), name)


def sign_in_page(partner_id: int) -> str:
    """The path of the page that users of a partner sign in at: its number stands in the form already."""
    return f"/sign-in?partner={partner_id}"


def sign_in_name_of(text: str) -> str:
    """The form in which sign-in names are kept and compared."""
    return composed(text.strip().casefold())


def _faults(scope: Scope, user_id: int, password: str, sign_in_name: str) -> dict[str, str]:
    return only_faults(
        {
            "sign_in_name": _name_fault(scope, sign_in_name, user_id),
            "password": _password_fault(password),
        }
    )


def _name_fault(scope: Scope, name: str, user_id: int) -> str | None:
    fault = text_fault(name, required=True)
    if fault is not None:
        return f"{fault}: give the user an e-mail address, or name one" if not name else fault
    return "is taken: choose another" if is_sign_in_name_of_another(scope, name, user_id) else None


def _password_fault(password: str) -> str | None:
    if len(password) < LEAST_PASSWORD_LENGTH:
        return f"must have at least {LEAST_PASSWORD_LENGTH} characters"
    if len(password) > GREATEST_PASSWORD_LENGTH:
        return f"may have at most {GREATEST_PASSWORD_LENGTH} characters"
    return None


def _hash(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password.encode("utf-8", "surrogatepass"))


def _verify(password_hash: str, password: str) -> bool:
    try:
        with _AT_ONCE:
            return _HASHER.verify(password_hash, password.encode("utf-8", "surrogatepass"))
    except (VerifyMismatchError, InvalidHashError):
        return False
