"""Seal what was recorded: give each entry its number and its hash in its partner's chain.

Sealing comes after the act, in batches, by whoever gets the chain first; nobody's act waits for it. What a killed
process left unsealed is sealed by the next one. Entries are read and verified sealed.
"""

from sqlalchemy import Connection

from rebill.services.acting.installation import Installation
from rebill.store.audit_entries import held_chain, partners_with_waiting_entries, seal, waiting_entries
from rebill.store.scope import Scope

_BATCH = 100
"""Entries sealed in one transaction: on SQLite writers wait for it."""


def seal_all(installation: Installation) -> bool:
    """Seal what every partner has waiting. ``False`` where somebody else is at it, so that some may still wait."""
    with installation.database.reading() as connection:
        partners = partners_with_waiting_entries(connection)
    sealed = [_seal(installation, partner_id, wait=False) for partner_id in partners]
    return all(sealed)


def seal_partner(installation: Installation, partner_id: int) -> None:
    """Seal everything that was recorded for a partner before this call, also when somebody else is just sealing."""
    with installation.database.reading() as connection:
        if not waiting_entries(Scope(connection, partner_id), 1):
            return
    _seal(installation, partner_id, wait=True)


def _seal(installation: Installation, partner_id: int, wait: bool) -> bool:
    while True:
        done = installation.database.write(lambda connection: _seal_batch(connection, partner_id, wait))
        if done is None:
            return False
        if done < _BATCH:
            return True


def _seal_batch(connection: Connection, partner_id: int, wait: bool) -> int | None:
    """How many entries were sealed; ``None`` where the chain is held by somebody else, or gone."""
    scope = Scope(connection, partner_id)
    head = held_chain(scope, wait)
    if head is None:
        return None
    waiting = waiting_entries(scope, _BATCH)
    heads = [head]
    for entry in waiting:
        heads.append(heads[-1].following(partner_id, entry.content_sha256))
    seal(scope, [(entry.audit_entry_id, place) for entry, place in zip(waiting, heads[1:], strict=True)])
    return len(waiting)
