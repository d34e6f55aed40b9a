"""API keys: make, list, revoke."""

from dataclasses import dataclass

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Conflict, Invalid, NotFound
from rebill.model.party import Caller, Role
from rebill.services.assignment_act import held_customer_name
from rebill.services.audit_trail import record_change
from rebill.services.installation import Installation
from rebill.services.permission import Permission, require
from rebill.services.plain_text import text_fault
from rebill.services.secret_keys import new_key_text
from rebill.store.keys import KeyRecord, add_key, count_live_admin_keys, holder_of, list_key_records, revoke
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope

__all__ = ["KeyRecord", "NewKey", "create_key", "list_keys", "revoke_key"]


@dataclass(frozen=True)
class NewKey:
    """A new key; ``api_key`` is shown this once. ``usable``: whether it opens anything now."""

    key_id: int
    api_key: str
    usable: bool


def create_key(
    installation: Installation, caller: Caller, role: Role, customer_id: int | None, name: str = ""
) -> NewKey:
    """Make a key of the partner, or (role ``customer_read_only``) of one of its customers.

    Raises ``Forbidden``, ``NotFound`` for the customer, ``Invalid`` when role and customer do not go together.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()
    key = new_key_text()

    def act(connection: Connection) -> NewKey:
        scope = Scope.of(connection, caller)
        if customer_id is not None:
            held_customer_name(scope, customer_id, hold=True)
        _check(role, customer_id, name)
        key_id = add_key(scope, role, customer_id, name, key.lookup, key.secret_sha256, now)
        made = {"role": role, "customer_id": customer_id, "name": name}
        record_change(scope, caller, Act.CREATE_KEY, key_id, now, after=made, customer_id=customer_id)
        holder = holder_of(connection, key.lookup, now)
        return NewKey(key_id, key.whole, usable=holder is not None and holder.alive)

    return installation.database.write(act)


def list_keys(installation: Installation, caller: Caller) -> list[KeyRecord]:
    """Every key of the partner in order of creation, revoked ones too; no secrets."""
    require(caller, Permission.ADMINISTER)
    with installation.database.reading() as connection:
        return list(list_key_records(Scope.of(connection, caller)))


def revoke_key(installation: Installation, caller: Caller, key_id: int) -> None:
    """Make a key dead at once.

    Raises ``NotFound`` for a key the partner does not have or that is revoked already, and ``Conflict`` when
    a key's holder would revoke the last admin key; the command line may, since it can make a new one.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        if not revoke(scope, key_id, now):
            raise NotFound("key_not_found", f"There is no key {key_id} to revoke: list the keys to find its id.")
        if caller.key_id is not None and count_live_admin_keys(scope, now) == 0:
            raise Conflict("last_admin_key", "This is the last admin key: create another one, then revoke this.")
        record_change(scope, caller, Act.REVOKE_KEY, key_id, now, before={"revoked": False}, after={"revoked": True})

    installation.database.write(act)


def _check(role: Role, customer_id: int | None, name: str) -> None:
    faults = {}
    if role is Role.CUSTOMER_READ_ONLY and customer_id is None:
        faults["customer_id"] = "is required for a customer's key"
    if role is not Role.CUSTOMER_READ_ONLY and customer_id is not None:
        faults["customer_id"] = "goes with the role customer_read_only only"
    fault = text_fault(name)
    if fault is not None:
        faults["name"] = fault
    if faults:
        raise Invalid("invalid_key", "No key was made: correct the fields named here.", faults)
