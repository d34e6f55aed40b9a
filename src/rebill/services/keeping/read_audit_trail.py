"""Read the audit trail: page by page, the newest, or one entry whole. Only who administers the partner may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rebill.model.audit import KeptAuditEntry
from rebill.model.errors import NotFound
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.keeping.audit_sealing import seal_partner
from rebill.services.parties.read_customers import place_after
from rebill.store.audit_entries import AuditFilter, entry_page, find_entry, last_entries, place_of_entry
from rebill.store.keys import names_of_keys
from rebill.store.scope import Scope
from rebill.store.users import names_of_users

__all__ = [
    "AuditFilter",
    "DoersNames",
    "get_audit_entry",
    "list_audit_entries",
    "names_of_doers",
    "newest_audit_entries",
]


@dataclass(frozen=True)
class DoersNames:
    """The names of users and of keys by their ids; a key may have none (``""``)."""

    users: Mapping[int, str]
    keys: Mapping[int, str]


def list_audit_entries(
    installation: Installation, caller: Caller, wanted: AuditFilter, page: Page
) -> Listing[KeptAuditEntry]:
    """A page of entries in the order of the chain: whatever was stored before this call is in it.

    Raises ``Forbidden``, and ``Invalid`` for a page behind an entry that there is not.
    """
    _seal_for(installation, caller)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda number: place_of_entry(scope, number))
        return entry_page(scope, wanted, page, after)


def newest_audit_entries(
    installation: Installation, caller: Caller, wanted: AuditFilter, limit: int
) -> list[KeptAuditEntry]:
    """The newest ``limit`` entries, oldest first. Raises ``Forbidden``."""
    _seal_for(installation, caller)
    with installation.database.reading() as connection:
        return last_entries(Scope.of(connection, caller), wanted, limit)


def get_audit_entry(
    installation: Installation, caller: Caller, number: int, customer_id: int | None = None
) -> KeptAuditEntry:
    """One entry, with all that it tells. Raises ``Forbidden``, and ``NotFound``: also if not of ``customer_id``."""
    _seal_for(installation, caller)
    with installation.database.reading() as connection:
        found = find_entry(Scope.of(connection, caller), number)
    if found is None or customer_id not in (None, found.entry.customer_id):
        raise NotFound("audit_entry_not_found", f"There is no audit entry {number}: list them to find its number.")
    return found


def names_of_doers(installation: Installation, caller: Caller, entries: Sequence[KeptAuditEntry]) -> DoersNames:
    """What the users and keys of these entries are called now, or were when they were deleted. Raises ``Forbidden``."""
    require(caller, Permission.ADMINISTER)
    doers = [one.entry.by for one in entries]
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        return DoersNames(
            names_of_users(scope, {by.user_id for by in doers if by.user_id}),
            names_of_keys(scope, {by.key_id for by in doers if by.key_id}),
        )


def _seal_for(installation: Installation, caller: Caller) -> None:
    require(caller, Permission.ADMINISTER)
    seal_partner(installation, caller.partner_id)
