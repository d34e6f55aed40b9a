"""Set up: the record, partners, and the key that everything else begins with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.callers import NewKey, NewUser
from rebill.model.currencies import minor_digits
from rebill.model.errors import Invalid, NotFound
from rebill.model.party import Caller, Occasion, Role
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.plain_text import composed, name_fault
from rebill.services.callers.keys import issued_key
from rebill.store.audit_entries import begin_chain
from rebill.store.migrations import upgrade
from rebill.store.partners import (
    add_partner,
    every_partner,
    first_partner,
    hold_creation,
    partner_by_id,
    partner_by_name,
)
from rebill.store.scope import Scope
from rebill.store.users import add_user

DEFAULT_PARTNER_NAME = "Partner"
DEFAULT_CURRENCY = "USD"
_UNTOLD = Occasion()


@dataclass(frozen=True)
class Initialised:
    """A partner, and its first admin key where this call created it (``None``: it was there already)."""

    partner_id: int
    api_key: str | None
    created: bool


def initialise(installation: Installation, partner_name: str | None, occasion: Occasion = _UNTOLD) -> Initialised:
    """Create or upgrade the record; create the first partner and its admin key unless there is a partner.

    The key is shown this once. A second call upgrades and creates nothing, whatever the name.
    Raises ``Invalid`` for a name that cannot be used.
    """
    name = _checked_name(DEFAULT_PARTNER_NAME if partner_name is None else partner_name)
    upgrade(installation.database)
    now = installation.clock()

    def act(connection: Connection) -> Initialised:
        hold_creation(connection)
        present = first_partner(connection)
        if present is not None:
            return Initialised(present.partner_id, None, created=False)
        return _create(connection, name, DEFAULT_CURRENCY, now, occasion)

    return installation.database.write(act)


def create_partner(
    installation: Installation, name: str, currency: str = DEFAULT_CURRENCY, occasion: Occasion = _UNTOLD
) -> Initialised:
    """Create a further partner in the same record, with an admin key of its own (shown this once).

    ``currency``: ISO 4217. Raises ``Invalid`` for an unusable name or currency, or a name that is taken.
    """
    name = _checked_name(name)
    try:
        minor_digits(currency)
    except ValueError as error:
        raise Invalid("invalid_partner", f"The currency cannot be used: {error}.", {"currency": str(error)}) from None
    now = installation.clock()

    def act(connection: Connection) -> Initialised:
        hold_creation(connection)
        if partner_by_name(connection, name) is not None:
            fields = {"name": "is taken: choose another"}
            raise Invalid("invalid_partner", f"There is a partner {name!r} already: choose another name.", fields)
        return _create(connection, name, currency, now, occasion)

    return installation.database.write(act)


def find_partner(installation: Installation, name_or_id: str | None) -> Caller:
    """The administrator of a partner, for the command line; ``None`` = the partner created first.

    A name is tried before an id. Raises ``NotFound`` when there is no such partner, or none at all.
    """
    with installation.database.reading() as connection:
        if name_or_id is None:
            found = first_partner(connection)
        else:
            found = partner_by_name(connection, composed(name_or_id))
            if found is None and name_or_id.isascii() and name_or_id.isdigit() and len(name_or_id) < 19:
                found = partner_by_id(connection, int(name_or_id))
    if found is not None:
        return Caller(found.partner_id, Role.ADMIN)
    if name_or_id is None:
        raise NotFound("partner_not_found", "There is no partner yet: rebill init makes one.")
    raise NotFound(
        "partner_not_found",
        f"Commands call no partner {name_or_id[:80]!r}, whatever it calls itself: give its id, or the name that "
        "rebill init, partners create or partners settings --name gave it last.",
    )


def every_partners_name(installation: Installation) -> dict[int, str]:
    """The names of all partners of this installation by their ids, the first created first; for its operator alone."""
    with installation.database.reading() as connection:
        return {found.partner_id: found.name for found in every_partner(connection)}


def _create(connection: Connection, name: str, currency: str, now: datetime, occasion: Occasion) -> Initialised:
    partner_id = add_partner(connection, name, currency, now)
    scope = Scope(connection, partner_id)
    begin_chain(scope)
    creator = Caller(partner_id, Role.ADMIN, occasion=occasion)
    user = add_user(scope, NewUser("First administrator", Role.ADMIN), now)
    issued = issued_key(scope, creator, user, NewKey(user.user_id, "first admin key"), now)
    made = {"name": name, "currency": currency, "admin_key_id": issued.key_id, "admin_user_id": user.user_id}
    record_change(scope, creator, Act.CREATE_PARTNER, partner_id, now, after=made)
    return Initialised(partner_id, issued.api_key, created=True)


def _checked_name(name: str) -> str:
    fault = name_fault(name)
    if fault is not None:
        raise Invalid("invalid_partner", f"The partner's name {fault}.", {"name": fault})
    return composed(name)
