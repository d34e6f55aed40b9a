"""API keys: make, list, rotate, revoke."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.callers import ApiKey, NewKey, NewUser, User
from rebill.model.errors import Conflict, Invalid, NotFound
from rebill.model.listing import Listing, Page
from rebill.model.months import LATEST_DAY
from rebill.model.party import Caller, Role
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, name_fault
from rebill.services.acting.secret_keys import new_key_text
from rebill.services.callers.create_user import stored_user
from rebill.services.callers.last_admin_key import keeping_an_admin_key
from rebill.services.callers.user_rules import role_fault, user_details
from rebill.services.parties.customer_rules import only_faults
from rebill.services.parties.read_customers import place_after
from rebill.store.customers import customer_name
from rebill.store.keys import add_key, end_key, end_key_later, find_key, key_page, place_of_key
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope
from rebill.store.users import find_user

GREATEST_OVERLAP = timedelta(days=30)
"""Longest time that an old key lives beside the one it was rotated into."""
_UNKNOWN_USER = {"user_id": "names no user: list the users to find its id"}


@dataclass(frozen=True)
class IssuedKey:
    """A new key; ``api_key`` is the key itself, shown this once."""

    key: ApiKey
    api_key: str

    @property
    def key_id(self) -> int:
        return self.key.key_id

    @property
    def usable(self) -> bool:
        """Whether it opens anything now."""
        return self.key.usable


def create_key(
    installation: Installation,
    caller: Caller,
    role: Role,
    customer_id: int | None,
    name: str = "",
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Make a key together with a user of its own, of the partner or (``customer_read_only``) of one of its customers.

    Raises ``Forbidden``, and ``Invalid`` when role and customer do not go together or there is no such customer.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> IssuedKey:
        scope = Scope.of(connection, caller)
        words = role.value.replace("_", " ")
        user = stored_user(scope, caller, NewUser(name or f"Holder of the {words} key", role, customer_id), now)
        issued = issued_key(scope, caller, user, NewKey(user.user_id, name, role, expires_at), now)
        made = {**_details(issued.key), "user": user_details(user)}
        record_change(scope, caller, Act.CREATE_KEY, issued.key_id, now, after=made, customer_id=user.customer_id)
        return issued

    return installation.database.write(act)


def create_key_of_user(
    installation: Installation, caller: Caller, new: NewKey, customer_id: int | None = None
) -> IssuedKey:
    """Make a key of a user that stands; ``customer_id``: only of a user of that customer.

    Raises ``Forbidden``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> IssuedKey:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        user = _user_of(scope, new.user_id, customer_id)
        issued = issued_key(scope, caller, user, new, now)
        made = _details(issued.key)
        record_change(scope, caller, Act.CREATE_KEY, issued.key_id, now, after=made, customer_id=user.customer_id)
        return issued

    return installation.database.write(act)


def new_key_faults(installation: Installation, caller: Caller, new: NewKey) -> dict[str, str]:
    """What is wrong with a new key of a user, by field; no key is made."""
    require(caller, Permission.ADMINISTER)
    with installation.database.reading() as connection:
        user = find_user(Scope.of(connection, caller), new.user_id)
        now = installation.clock()
        if user is None:
            return _UNKNOWN_USER | only_faults(_own_faults(new, now))
        return _faults(caller, user, new, now)


def expiry_faults(installation: Installation, caller: Caller, expires_at: datetime | None) -> dict[str, str]:
    """What is wrong with the end of a key to be made in place of another, by field."""
    require(caller, Permission.ADMINISTER)
    fault = None if expires_at is None else _expiry_fault(expires_at, installation.clock())
    return only_faults({"expires_at": fault})


def list_keys(
    installation: Installation, caller: Caller, page: Page, customer_id: int | None = None
) -> Listing[ApiKey]:
    """The partner's keys in order of creation, dead ones too; no secrets. ``customer_id``: that customer's only."""
    require(caller, Permission.READ_ADMINISTRATION)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_key(scope, after_id))
        return key_page(scope, page, customer_id, after, installation.clock())


def get_key(installation: Installation, caller: Caller, key_id: int, customer_id: int | None = None) -> ApiKey:
    """One key, dead or alive. Raises ``NotFound``, also for one that is not of ``customer_id``."""
    require(caller, Permission.READ_ADMINISTRATION)
    with installation.database.reading() as connection:
        return _found(Scope.of(connection, caller), key_id, customer_id, installation.clock())


def rotate_key(
    installation: Installation,
    caller: Caller,
    key_id: int,
    overlap: timedelta = timedelta(0),
    expires_at: datetime | None = None,
    customer_id: int | None = None,
) -> IssuedKey:
    """Make a new key in place of another: of its user, with its name and role.

    The old one dies at once, or after ``overlap``. The new one expires at ``expires_at``; without, it lasts as long
    as the old one was made for. Raises ``Forbidden``, ``NotFound``, ``Invalid``, and ``Conflict`` for a key that
    has ended, or when a key's holder would end the last admin key. ``overlap``: to ``GREATEST_OVERLAP``.
    """
    require(caller, Permission.ADMINISTER)
    if not timedelta(0) <= overlap <= GREATEST_OVERLAP:
        raise AssertionError("who reads the overlap knows its bounds")
    now = installation.clock()

    def act(connection: Connection) -> IssuedKey:
        scope = Scope.of(connection, caller)
        with keeping_an_admin_key(scope, caller, now):
            old = _found(scope, key_id, customer_id, now)
            if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
                raise Conflict("key_ended", "This key has ended and cannot be rotated: create a new one.")
            new = NewKey(old.user_id, old.name, old.role, expires_at or _end_of_another(old, now))
            issued = issued_key(scope, caller, _user_of(scope, old.user_id), new, now)
            if not overlap:
                end_key(scope, old.key_id, now)
            elif old.expires_at is None or now + overlap < old.expires_at:
                end_key_later(scope, old.key_id, now + overlap)
            ended = _details(_found(scope, key_id, None, now))
            record_change(
                scope,
                caller,
                Act.ROTATE_KEY,
                key_id,
                now,
                before=_details(old),
                after={**ended, "rotated_into": _details(issued.key) | {"key_id": issued.key_id}},
                customer_id=old.customer_id,
            )
        return issued

    return installation.database.write(act)


def revoke_key(installation: Installation, caller: Caller, key_id: int, customer_id: int | None = None) -> None:
    """Make a key dead at once.

    Raises ``NotFound`` for a key the partner does not have or that is revoked already, and ``Conflict`` when
    a key's holder would revoke the last admin key.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        with keeping_an_admin_key(scope, caller, now):
            key = _found(scope, key_id, customer_id, now)
            if not end_key(scope, key.key_id, now):
                raise _unknown_key(key_id)
            ended = _details(_found(scope, key_id, None, now))
            record_change(
                scope,
                caller,
                Act.REVOKE_KEY,
                key_id,
                now,
                before=_details(key),
                after=ended,
                customer_id=key.customer_id,
            )

    installation.database.write(act)


def issued_key(scope: Scope, caller: Caller, user: User, new: NewKey, now: datetime) -> IssuedKey:
    """Check and keep a new key of ``user``. Raises ``Invalid``."""
    faults = _faults(caller, user, new, now)
    if faults:
        raise Invalid("invalid_key", "No key was made: correct the fields named here.", faults)
    if user.customer_id is not None and customer_name(scope, user.customer_id, hold=True) is None:
        fields = {"user_id": "is a user of a customer that is deleted"}
        raise Invalid("invalid_key", "No key was made: its customer is deleted.", fields)
    text = new_key_text()
    columns = {
        "user_id": user.user_id,
        "customer_id": user.customer_id,
        "name": composed(new.name),
        "role": (new.role or user.role).value,
        "lookup": text.lookup,
        "secret_sha256": text.secret_sha256,
        "created_at": now,
        "expires_at": new.expires_at,
        "made_to_expire_at": new.expires_at,
    }
    key_id = add_key(scope, columns)
    return IssuedKey(_found(scope, key_id, None, now), text.whole)


def _end_of_another(key: ApiKey, now: datetime) -> datetime | None:
    """When a key made now ends that lasts as long as ``key`` was made for, even if a rotation ends that one earlier."""
    return None if key.made_to_expire_at is None else now + (key.made_to_expire_at - key.created_at)


def _details(key: ApiKey) -> dict[str, Any]:
    """What the audit trail tells of a key."""
    return {
        "name": key.name,
        "role": key.role,
        "user_id": key.user_id,
        "customer_id": key.customer_id,
        "expires_at": key.expires_at,
        "revoked": key.revoked_at is not None,
    }


def _faults(caller: Caller, user: User, new: NewKey, now: datetime) -> dict[str, str]:
    role = new.role or user.role
    of_user = f"may not be stronger than its user's, {user.role}" if role.is_stronger_than(user.role) else None
    if (role is Role.CUSTOMER_READ_ONLY) != (user.customer_id is not None):
        of_user = f"must be {user.role}, as its user's" if user.customer_id else "is for users of a customer only"
    return only_faults({**_own_faults(new, now), "role": of_user or role_fault(caller, role)})


def _own_faults(new: NewKey, now: datetime) -> dict[str, str | None]:
    return {
        "name": name_fault(new.name, required=False),
        "expires_at": None if new.expires_at is None else _expiry_fault(new.expires_at, now),
    }


def _expiry_fault(expires_at: datetime, now: datetime) -> str | None:
    if expires_at <= now:
        return "must lie in the future"
    return f"must lie before the end of {LATEST_DAY.year}" if expires_at.date() > LATEST_DAY else None


def _user_of(scope: Scope, user_id: int, customer_id: int | None = None) -> User:
    user = find_user(scope, user_id)
    if user is None or customer_id not in (None, user.customer_id):
        raise Invalid("invalid_key", "No key was made: correct the fields named here.", _UNKNOWN_USER)
    return user


def _found(scope: Scope, key_id: int, customer_id: int | None, now: datetime) -> ApiKey:
    key = find_key(scope, key_id, now)
    if key is None or customer_id not in (None, key.customer_id):
        raise _unknown_key(key_id)
    return key


def _unknown_key(key_id: int) -> NotFound:
    return NotFound("key_not_found", f"There is no key {key_id}: list the keys to find its id.")
