"""At which schema a record is, told without loading what migrates it: every command asks."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from rebill.model.errors import Unavailable

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"


def known_revisions() -> list[str]:
    """Every schema that this version of rebill knows, by its name; records are brought to the last one."""
    return sorted(file.name.partition("_")[0].removeprefix("r") for file in _VERSIONS.glob("r[0-9]*.py"))


def require_known_schema(revision: str) -> None:
    """Raise ``Unavailable`` for a schema that a newer rebill made; ``""``: none was made yet."""
    if revision and revision not in known_revisions():
        raise Unavailable(
            "database_of_newer_version",
            f"The record has the schema {revision:.40} of another, newer rebill, which this version does not know: "
            "run the version that made it.",
        )


def require_newest_schema(connection: Connection) -> None:
    """Raise ``Unavailable`` unless the record is at the newest schema that this version knows."""
    revision = connection.scalar(text("SELECT version_num FROM alembic_version")) or ""
    require_known_schema(revision)
    if revision != known_revisions()[-1]:
        raise Unavailable("database_not_migrated", "The record has an older schema: rebill init upgrades it.")
