"""The schema's history: one revision a file in ``versions``, run by Alembic.

``versions/*.py`` are written out and never changed once released; what the schema looks like now stands
in ``store.tables``, and a test compares the two on both databases.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url

from rebill.store.database import Database
from rebill.store.schema import require_known_schema

_UPGRADE_LOCK = 7_245_411_905_118_001
"""Any number will do, as long as every version of rebill takes the same one."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the record to the newest schema, or to ``revision``, as one step; does nothing when it is there already.

    Any number of processes may call it at once: one does the work, the others wait for it.
    A missing folder of an SQLite file is created. Raises ``Unavailable`` when the database cannot be reached, and where
    a newer rebill has upgraded it.
    """
    if database.is_sqlite:
        file = make_url(str(database.engine.url)).database
        Path(file or ".").absolute().parent.mkdir(parents=True, exist_ok=True)
    with database.writing() as connection:
        upgrade_within(connection, revision)


def upgrade_within(connection: Connection, revision: str = "head") -> None:
    """The same in the transaction of ``connection``."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
    require_known_schema(schema_revision(connection))
    command.upgrade(configuration(connection), revision)


def schema_revision(connection: Connection) -> str:
    """The newest revision that the record is at; ``""`` where it never was migrated."""
    return ",".join(sorted(MigrationContext.configure(connection).get_current_heads()))


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for this history, on a connection that is in a transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
