"""Whether this installation can work now."""

from rebill.model.errors import Unavailable
from rebill.services.acting.installation import Installation
from rebill.store.migrations import is_current


def require_ready(installation: Installation) -> None:
    """Raise ``Unavailable`` unless the database can be reached and its record is at the newest schema."""
    if not is_current(installation.database):
        raise Unavailable("database_not_migrated", "The record has an older schema: rebill init upgrades it.")
