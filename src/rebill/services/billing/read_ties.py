"""Which documents hang together: what a note corrects, and what was taken back by which."""

from collections.abc import Collection

from rebill.model.document import DocumentTies
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.document_ties import ties_of
from rebill.store.scope import Scope


def read_ties(installation: Installation, caller: Caller, statement_ids: Collection[int]) -> dict[int, DocumentTies]:
    """The ties of these statements and notes, by id, of those that ``caller`` may see. Raises ``Forbidden``."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        return ties_of(Scope.of(connection, caller), statement_ids)
