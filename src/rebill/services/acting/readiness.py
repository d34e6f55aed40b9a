"""Whether this installation can work now."""

from rebill.services.acting.installation import Installation
from rebill.store.schema import require_newest_schema


def require_ready(installation: Installation) -> None:
    """Raise ``Unavailable`` unless the database can be reached and its record is at the newest schema."""
    with installation.database.reading() as connection:
        require_newest_schema(connection)
