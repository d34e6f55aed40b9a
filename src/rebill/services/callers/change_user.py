"""Change a user: only what is given; what it may do less, its keys may do less at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.callers import User, UserChange
from rebill.model.errors import Invalid
from rebill.model.party import Caller, Role
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed, name_fault
from rebill.services.callers.last_admin_key import keeping_an_admin_key
from rebill.services.callers.read_users import found_user
from rebill.services.callers.user_rules import email_fault, role_fault, user_details
from rebill.services.parties.customer_rules import only_faults
from rebill.store.scope import Scope
from rebill.store.users import store_user


def change_user(
    installation: Installation, caller: Caller, user_id: int, change: UserChange, customer_id: int | None = None
) -> User:
    """Change a user; ``customer_id``: only if it is of that customer.

    While a user is disabled all its keys are dead; no key of it opens more than its role now. Raises ``Forbidden``,
    ``NotFound``, ``Invalid`` with every faulty field, and ``Conflict`` when a key's holder would end the last
    admin key.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> User:
        scope = Scope.of(connection, caller)
        with keeping_an_admin_key(scope, caller, now):
            standing = found_user(scope, user_id, customer_id)
            faults = _faults(caller, standing, change)
            if faults:
                raise Invalid("invalid_user", "Nothing was changed: correct the fields named here.", faults)
            wanted = _changed(standing, change, now)
            if wanted == standing:
                return standing
            changed = replace(wanted, updated_at=now)
            store_user(scope, changed)
            record_change(
                scope,
                caller,
                Act.CHANGE_USER,
                user_id,
                now,
                before=user_details(standing),
                after=user_details(changed),
                customer_id=standing.customer_id,
            )
        return changed

    return installation.database.write(act)


def user_change_faults(
    installation: Installation, caller: Caller, user_id: int, change: UserChange
) -> Mapping[str, str]:
    """What is wrong with a change, by field; nothing is changed. Raises ``NotFound``."""
    require(caller, Permission.ADMINISTER)
    with installation.database.reading() as connection:
        return _faults(caller, found_user(Scope.of(connection, caller), user_id), change)


def _faults(caller: Caller, standing: User, change: UserChange) -> dict[str, str]:
    return only_faults(
        {
            "name": None if change.name is None else name_fault(change.name),
            "email": None if change.email is None else email_fault(change.email),
            "role": None if change.role in (None, standing.role) else _role_fault(caller, standing, change.role),
        }
    )


def _role_fault(caller: Caller, standing: User, role: Role | None) -> str | None:
    if role is None:
        return None
    if Role.CUSTOMER_READ_ONLY in (role, standing.role):
        return "cannot change between the partner and a customer: make another user"
    return role_fault(caller, role)


def _changed(standing: User, change: UserChange, now: datetime) -> User:
    disabled_at = standing.disabled_at
    if change.disabled is not None:
        disabled_at = (standing.disabled_at or now) if change.disabled else None
    return replace(
        standing,
        name=standing.name if change.name is None else composed(change.name),
        email=standing.email if change.email is None else change.email,
        role=change.role or standing.role,
        disabled_at=disabled_at,
    )
